"""`python -m auditor FOLDER [--pin FILE] [--json]`: the verifier by itself, with `cryptography`, `msgspec` and `rfc8785` alone.

The same checks, verdicts and exit codes as `holdpoint verify`, for a machine that has neither server nor database packages.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from auditor.explain import report_text
from auditor.pin import Pin, parse_pin
from auditor.source import folder_reader
from auditor.verify import verify_export
from ledger.errors import LedgerError

USAGE = 2


def _pin(path: Path | None) -> Pin | None:
    return None if path is None else parse_pin(path.read_bytes())


def _progress(done: int, of: int) -> None:
    sys.stderr.write(f"verified {done} of {of} entries\n")


def main(words: Sequence[str] | None = None) -> int:
    """Verify a folder; returns the exit code: 0 holds, 4 tampering shown, 5 not proven, 1 undecided, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m auditor", description="Verify an exported ledger offline.")
    parser.add_argument("folder", type=Path, help="an exported folder")
    parser.add_argument("--pin", type=Path, help="the trust file, which you got by another channel")
    parser.add_argument("--json", action="store_true", help="exactly one JSON object on stdout")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    said = parser.parse_args(words)
    if not said.folder.is_dir():
        sys.stderr.write(f"no folder {said.folder}\n  next:  name an exported folder\n")
        return USAGE
    try:
        pin = _pin(said.pin)
    except (OSError, LedgerError) as err:
        sys.stderr.write(f"the pin can't be read: {err}\n  next:  name the trust file that holdpoint pin wrote\n")
        return USAGE
    shown = (lambda _done, _of: None) if said.quiet else _progress
    report = verify_export(folder_reader(said.folder), pin, progress=shown, workers=os.cpu_count() or 2)
    text = json.dumps(report.to_json(), ensure_ascii=False, sort_keys=True) if said.json else report_text(report)
    sys.stdout.write(text + "\n")
    return report.exit_code
