"""T43: an answer that the history does not give: claims that the lab itself signs."""

from pathlib import Path

from api.keyring import load_signer
from auditor.pin import parse_pin
from auditor.source import folder_reader
from auditor.verdict import VerifyVerdict as V
from auditor.verify import verify_export
from disclosures.claims import sign_claims
from ledger.canonical import loads


def test_attack_claims_signed_but_false(told_folder: Path) -> None:
    """The lab itself signs an answer that its own ledger does not give: folded again, it differs."""
    read = folder_reader(told_folder / "export")
    claims = loads(read("claims.json") or b"")
    claims["models"][0]["actions"]["train"]["clearance"] = "permit"
    payload, signature = sign_claims(claims, load_signer(told_folder / "keys" / "engine.pem"))
    forged = {"claims.json": payload, "claims.sig": signature}
    pin = parse_pin((told_folder / "pin.json").read_bytes())
    report = verify_export(lambda path: forged.get(path) or read(path), pin)
    assert report.verdict is V.INVALID
    assert {c.code for c in report.checks if c.verdict is V.INVALID} == {"claims-mismatch"}


def test_honest_claims(told_folder: Path) -> None:
    pin = parse_pin((told_folder / "pin.json").read_bytes())
    report = verify_export(folder_reader(told_folder / "export"), pin)
    assert report.verdict is V.VALID_UNWITNESSED
    assert any(c.name == "claims" and c.code == "ok" for c in report.checks)
