"""The long log of `make bench-audit`, a short one here: written without a database, it is what an auditor finds VALID."""

from pathlib import Path

from auditor.bundle import Trust
from auditor.cli import verify_path, working
from auditor.pin import parse_pin
from auditor.verdict import VerifyVerdict
from benchmarks.long_audit import MODELS, write_log

SIZE = MODELS + 600


def test_it_verifies_under_the_pin_of_its_founding(tmp_path: Path) -> None:
    write_log(tmp_path / "export", SIZE)
    pin = parse_pin((tmp_path / "pin.json").read_bytes())
    report = verify_path(tmp_path / "export", Trust(pin), work=working(tmp_path / "work"))
    assert (report.verdict, report.size) == (VerifyVerdict.VALID_UNWITNESSED, SIZE), report.to_json()
