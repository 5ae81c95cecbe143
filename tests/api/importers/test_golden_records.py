"""One golden record per real log: every field, so that a change of any importer shows. Facts are checked against the folder's
README in test_read_log; here nothing may drift. A file of many tasks is pinned by its first record and the digest of all.

`python -m tests.api.importers.test_golden_records` writes the file anew, for a reviewer to read.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api.importers import read_log
from ledger.canonical import dumps

ROOT = Path(__file__).resolve().parents[3]
SHARED = ROOT.parent / "shared" / "eval_logs"
OURS = ROOT / "examples" / "logs"
GOLDEN = Path(__file__).with_name("golden_records.json")
FORMATS = {".eval", ".json"}


def logs(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("*") if p.suffix in FORMATS) if folder.is_dir() else []


def record_of(path: Path) -> dict[str, Any]:
    records = json.loads(msgspec.json.encode(read_log(path.read_bytes())))
    if len(records) == 1:
        return records[0]
    return {"first": records[0], "records": len(records), "sha256": sha256(dumps(records)).hexdigest()}


@pytest.mark.parametrize("path", logs(OURS) + logs(SHARED), ids=lambda p: p.name)
def test_the_record_is_the_golden_one(path: Path) -> None:
    assert record_of(path) == json.loads(GOLDEN.read_text())[path.name]


def test_every_log_has_its_golden_record() -> None:
    if not SHARED.is_dir():
        pytest.skip("the shared eval_logs folder is absent")
    assert set(json.loads(GOLDEN.read_text())) == {p.name for p in logs(OURS) + logs(SHARED)}


if __name__ == "__main__":
    found = {p.name: record_of(p) for p in logs(OURS) + logs(SHARED)}
    GOLDEN.write_text(json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
