"""What each verifier says of a case: the library, the one file in every bundle, and the command."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from auditor.bundle import Trust, verify_zip
from auditor.pin import format_pin, parse_pin
from auditor.proof import check_checkpoint, check_proof
from auditor.split_view import check
from auditor.verdict import Report
from auditor.verify import verify_export
from disclosures.static import verify as one_file
from disclosures.stored_zip import parse_zip
from ledger.events import model
from tests.corpus.case import Case, forger

COMMANDS = {
    "bundle": "verify",
    "checkpoint": "verify-checkpoint",
    "export": "verify",
    "proof": "verify-proof",
    "split": "verify",
}
ENTRY = 3
"""The entry whose receipts the corpus bends."""


@lru_cache
def trust_file(size: int) -> bytes:
    """The honest pin of a size; of a larger log than the one shown where it is beyond it."""
    lab = forger().lab
    while len(lab.entries) < size:
        lab.say(model.ComputeReached, {"of": "model/b", "ratio": "2"}, "model/a", "evaluator")
    return format_pin(lab.origin, lab.founding, tuple(map(str, lab.log.vkeys)), lab.note(size))


def vkeys() -> list[str]:
    """The honest log's verifier keys."""
    return [str(v) for v in forger().lab.log.vkeys]


def library(case: Case, raw: bytes) -> Report:
    """The auditor's report."""
    pin = parse_pin(trust_file(case.pin)) if case.pin else None
    keys = forger().lab.log.vkeys
    match case.kind:
        case "bundle":
            return verify_zip(raw, Trust(pin))
        case "export":
            return verify_export(parse_zip(raw).get, pin)
        case "proof":
            return Report(tuple(check_proof(raw.decode(), keys, forger().lab.entries[ENTRY])[1]))
        case "checkpoint":
            return Report(tuple(check_checkpoint(raw.decode(), keys)[1]))
        case _:
            return check(raw, keys)


def alone(case: Case, raw: bytes) -> str:
    """The verdict of the verifier in one file; of bundles only."""
    pin = json.loads(trust_file(case.pin)) if case.pin else None
    return one_file.lowest([c[1] for c in one_file.verify(raw, pin)[0]])


def command(case: Case, raw: bytes, folder: Path) -> list[str]:
    """The command that a reader gives, its files written below `folder`."""
    place = folder / {"bundle": "case.zip", "export": "out"}.get(case.kind, "case")
    if case.kind == "export":
        place.mkdir()
        for name, content in parse_zip(raw).items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
    else:
        place.write_bytes(raw)
    words = [COMMANDS[case.kind], str(place), "--json"]
    if case.kind in ("bundle", "export"):
        if case.pin:
            (folder / "pin.json").write_bytes(trust_file(case.pin))
            words += ["--pin", str(folder / "pin.json")]
        return words
    (folder / "vkeys").write_text("\n".join(vkeys()))
    words += ["--key", str(folder / "vkeys")]
    if case.kind == "proof":
        (folder / "entry").write_bytes(forger().lab.entries[ENTRY])
        words += ["--entry", str(folder / "entry")]
    return words


def said(report: Report) -> tuple[str, set[str]]:
    """Verdict, and the codes of what does not hold."""
    return report.verdict.value, {c.code for c in report.checks if c.code != "ok"}


def row(case: Case, raw: bytes, digest: str) -> dict[str, Any]:
    """A line of the table."""
    return {
        "bytes": len(raw), "code": case.code, "kind": case.kind, "name": case.name, "pin": case.pin, "sha256": digest,
        "verdict": case.verdict, **({"alone": case.alone} if case.alone else {}),
    }  # fmt: skip
