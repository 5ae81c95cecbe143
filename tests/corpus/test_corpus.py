"""The negative corpus: every case gets its verdict from library, command, one-file verifier; none passes, none crashes."""

import json
import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from disclosures.stored_zip import parse_zip
from tests.corpus import listed
from tests.corpus.case import good_zip, kept
from tests.corpus.generate import TABLE, pretty, run, table
from tests.corpus.judge import alone, command, library, said, trust_file
from tests.corpus.listed import CASES, COUNT

ROOT = Path(__file__).resolve().parents[2]
ROWS = {row["name"]: row for row in json.loads(TABLE.read_text())}
MEMORY, SECONDS = 400 << 20, 60


def test_the_corpus_is_made_again_without_a_difference() -> None:
    before = dict(kept())
    assert pretty(table()) == TABLE.read_text(), "the corpus changed: make corpus-renew, and read the difference"
    assert kept() == before


def test_what_it_holds() -> None:
    assert len(CASES) == COUNT == len(ROWS) >= 120
    assert all(case.verdict not in ("VALID", "VALID_UNWITNESSED") for case in CASES.values())
    assert len({row["sha256"] for row in ROWS.values() if row["kind"] == "bundle"}) >= 120, "each has bytes of its own"
    assert not {n for n, count in Counter(name.lower() for name in CASES).items() if count > 1}
    assert listed.CASES is CASES


def test_the_honest_bundle_passes() -> None:
    """The twin of all of them: what refuses everything refuses this."""
    honest = listed.Case("honest", good_zip, "ok", "VALID_UNWITNESSED")
    assert said(library(honest, good_zip())) == ("VALID_UNWITNESSED", set())
    assert alone(honest, good_zip()) == "VALID_UNWITNESSED"


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_verifier_says_so(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    raw = case.make()
    verdict, codes = said(library(case, raw))
    assert (verdict, case.code in codes) == (case.verdict, True), (verdict, codes)
    if case.kind == "bundle":
        assert alone(case, raw) == (case.alone or case.verdict)
    code, report = run(command(case, raw, tmp_path))
    assert report["verdict"] == case.verdict
    assert code == {"INVALID": 4, "DIVERGED": 4, "INCOMPLETE": 5, "UNANCHORED": 5, "ERROR": 1}[verdict]


@pytest.mark.parametrize(
    "name",
    ["zip-bomb", "zip-size-all-ones", "proof-of-a-hundred-thousand-hashes", "entry-nested-a-hundred-thousand-deep",
     "checkpoint-with-a-thousand-lines", "stream-path-of-ten-thousand", "withheld-beyond-the-end"],
)  # fmt: skip
def test_hostile_files_cost_little(name: str, tmp_path: Path) -> None:
    """Each in a process of its own, which may take no more memory than this, for both verifiers."""
    (tmp_path / "case.zip").write_bytes(CASES[name].make())
    (tmp_path / "pin.json").write_bytes(trust_file(1))
    for program in (["-m", "auditor"], ["disclosures/static/verify.py"]):
        done = subprocess.run(
            [sys.executable, *program, str(tmp_path / "case.zip"), "--pin", str(tmp_path / "pin.json"), "--json"],
            cwd=ROOT, capture_output=True, text=True, check=False, timeout=SECONDS,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
        )  # fmt: skip
        assert (done.returncode, json.loads(done.stdout)["verdict"]) == (4, "INVALID"), done.stderr


def test_a_case_is_no_zip_that_only_we_read() -> None:
    """Exports are carried in the same form as bundles, so that other verifiers can unpack them."""
    for case in CASES.values():
        if case.kind == "export":
            assert parse_zip(case.make())
