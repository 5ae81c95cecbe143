"""Verify a Holdpoint disclosure bundle with this one file: Python 3.11 or later and `cryptography` 50 or later, nothing else.

    python verify.py BUNDLE.zip [--pin PIN.json] [--json]

Take this file from the release, not from whoever handed you the bundle, and compare its SHA-256 with the published one. It is a
second implementation: it shares no code with `holdpoint verify`, and gives the same verdicts and exit codes (0 holds, 4
tampering shown, 5 not proven, 1 undecided, 2 wrong usage). Formats: spec/bundle.md and the pages that it names. What it does not
do, and says: the rules of each event type, separation of duties, claims but those about incidents (INCOMPLETE,
`claims-not-folded`), the report.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from disclosures.one_file.anchor import check_pin
from disclosures.one_file.bundle import (
    Bundle,
    check_admission,
    check_checkpoint,
    check_proofs,
    check_said,
    check_signed,
)
from disclosures.one_file.claims import check_claims
from disclosures.one_file.container import read_zip
from disclosures.one_file.note import check_note
from disclosures.one_file.profile import check_frameworks, check_profile, check_redactions
from disclosures.one_file.streams import check_absences, check_streams
from disclosures.one_file.strict import Bad, need, parse_json, shaped
from disclosures.one_file.tables import EXIT, ORDER, Json
from disclosures.one_file.trust import Trust

STEPS = {
    "streams": check_streams, "absent": check_absences, "redactions": check_redactions, "frameworks": check_frameworks,
    "profile": check_profile, "claims": check_claims,
}  # fmt: skip
"""The checks that need nothing but the bundle, in order."""


def verify(raw: bytes, pin: dict[str, Json] | None) -> tuple[list[tuple[str, str, str, str, int | None]], list[str]]:
    """Every check of a bundle's zip: (name, verdict, code, detail, index) each; and what is not proven."""
    checks: list[tuple[str, str, str, str, int | None]] = []

    def run(name: str, step: Any) -> Any:
        try:
            detail = step()
        except Bad as err:
            checks.append((name, err.verdict, err.code, err.detail, err.index))
            return None
        except (KeyError, TypeError, AttributeError, IndexError, ValueError, RecursionError) as err:
            detail = f"a member is missing or of another kind ({type(err).__name__})"
            checks.append((name, "INVALID", "entry-form", detail, None))
            return None
        if isinstance(detail, str):
            checks.append((name, "VALID_UNWITNESSED", "ok", detail, None))
        return detail

    bundle: Bundle | None = run("container", lambda: Bundle(read_zip(raw)))
    if bundle is None:
        return checks, []
    checks.append(("container", "VALID_UNWITNESSED", "ok", f"{len(bundle.files)} files, each in the manifests", None))
    if not bundle.entries:
        return [("entries", "UNANCHORED", "empty", "no entry is shown, so nothing is proven", None)], []
    trust = Trust()
    run("statement", lambda: check_said(bundle))
    run("proofs", lambda: check_proofs(bundle))
    if run("admission", lambda: check_admission(bundle, trust)) is not None:
        run("signature", lambda: check_signed(bundle, trust))
        run("checkpoint", lambda: check_checkpoint(bundle, trust, pin))
    for name, step in STEPS.items():
        run(name, lambda step=step: step(bundle))
    run("pin", lambda: check_pin(bundle, pin))
    return checks, bundle.notes


def lowest(verdicts: list[str]) -> str:
    """The result of several checks: the lowest; ERROR replaces anything above DIVERGED."""
    worst = max((v for v in verdicts if v != "ERROR"), key=ORDER.index, default="ERROR")
    return worst if worst in ("DIVERGED", "INVALID") or "ERROR" not in verdicts else "ERROR"


def main() -> int:
    """Verify a file; returns the exit code."""
    parser = argparse.ArgumentParser(description="Verify a Holdpoint disclosure bundle.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--pin", type=Path, help="the trust file, which you got by another channel")
    parser.add_argument("--json", action="store_true", help="exactly one JSON object on stdout")
    said = parser.parse_args()
    try:
        raw, pin = said.bundle.read_bytes(), None
        if said.pin is not None:
            text = said.pin.read_bytes()
            need(text.endswith(b"\n"), "pin-form", "the trust file ends in a newline")
            pin = shaped(parse_json(text[:-1], "pin-form"), "pin-form", "checkpoint founding origin schema vkeys")
            holds = check_note(pin["checkpoint"].encode(), pin["vkeys"], "pin-form")[0] == pin["origin"]
            need(holds, "pin-form", "its origin")
    except (OSError, Bad, KeyError, TypeError, AttributeError) as err:
        sys.stderr.write(f"{err}\n  next:  name a bundle's zip, and a trust file that holdpoint pin wrote\n")
        return 2
    checks, notes = verify(raw, pin)
    verdict = lowest([c[1] for c in checks])
    first = "that everything was recorded, or that a claim is true: a signature says who claimed it"
    notes = [first, "witnesses", *notes]
    if said.json:
        rows = [dict(zip(("check", "verdict", "code", "detail", "index"), c, strict=True)) for c in checks]
        code = next((c[2] for c in checks if c[1] == verdict), "nothing-checked")
        answer = {"code": code, "details": rows, "not_proven": notes, "schema": "holdpoint.verify/1"}
        print(json.dumps({**answer, "verdict": verdict}))
        return EXIT[verdict]
    for name, found, code, detail, _ in checks:
        shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in detail)
        print(f"  {'ok' if code == 'ok' else found + ' ' + code}: {name}: {shown}")
    print(f"{verdict} (exit {EXIT[verdict]})\nNot proven:", *(f"  - {note}" for note in notes), sep="\n")
    return EXIT[verdict]


if __name__ == "__main__":
    sys.exit(main())
