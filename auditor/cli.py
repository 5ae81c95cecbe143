"""`python -m auditor PLACE [--pin FILE] …`: the verifier by itself; `--help` lists what it takes.

It needs `cryptography`, `msgspec` and `rfc8785` alone.

The same checks, verdicts and exit codes as `holdpoint verify`, for a machine that has neither server nor database packages.
"""

import argparse
import json
import os
import sqlite3
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.audit import Progress, Work
from auditor.bundle import Trust, undecided, verify_bundle, verify_zip
from auditor.explain import report_text
from auditor.pace import Pace
from auditor.pin import Pin, parse_pin
from auditor.reveal import verify_with
from auditor.source import folder_reader, is_bag, read_bag, read_zip, release
from auditor.split_view import check, is_split_view
from auditor.timestamped import timestamped
from auditor.verdict import Check, Report, VerifyVerdict
from auditor.verify import verify_export
from auditor.working_file import WorkingFile
from disclosures.stored_zip import parse_zip
from ledger.errors import LedgerError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

USAGE = 2
LARGE = 50_000
"""Entries from which rows go to a temporary file rather than to memory."""


def _pin(path: Path | None) -> Pin | None:
    return None if path is None else parse_pin(path.read_bytes())


def _authorities(paths: Sequence[Path]) -> tuple["Certificate", ...]:
    """CA certificates of PEM files. Raises `OSError`, `Malformed`."""
    if not paths:
        return ()
    from auditor.timestamp_token import load_authorities  # noqa: PLC0415  # X.509 is loaded where it is asked for

    return tuple(a for path in paths for a in load_authorities(path.read_bytes()))


def _progress() -> Progress:
    pace = Pace("verified", "entries", time.monotonic)

    def say(done: int, of: int) -> None:
        text = pace.line(done, of)
        if text is not None:
            sys.stderr.write(text + "\n")

    return say


def working(path: Path | None) -> Work:
    """The working file at `path`, whatever the log's size; without a path a temporary one, for a log that is large."""

    def work(size: int) -> WorkingFile | None:
        if path is None and size <= LARGE:
            return None
        return WorkingFile(release(), "" if path is None else str(path))

    return work


def verify_path(
    path: Path,
    trust: Trust,
    *,
    progress: Progress = lambda _d, _n: None,
    workers: int = 2,
    work: Work = lambda _size: None,
    as_of: str | None = None,
) -> Report:
    """Verify a bundle (zip or folder), an exported folder, evidence of a split view. Raises `OSError` where it can't be read."""
    bundle = not path.is_dir() or is_bag(path)
    if bundle and as_of is not None:
        detail = "a bundle claims what held at its own checkpoint; ask for an earlier one at that position"
        return Report((Check("as-of", VerifyVerdict.ERROR, "as-of-bundle", detail),))
    try:
        if not path.is_dir():
            raw = read_zip(path)
            return check(raw, trust.keys) if is_split_view(raw) else verify_zip(raw, trust)
        if is_bag(path):
            return verify_bundle(read_bag(path), trust)
    except LedgerError as err:
        return undecided(err)
    read = folder_reader(path)
    report = verify_export(read, trust.pin, progress=progress, workers=workers, work=work, as_of=as_of)
    return timestamped(report, read, trust.authorities)


def verify_later(path: Path, earlier: Path, trust: Trust) -> Report:
    """Verify a bundle, and what it reveals of an earlier one. Raises `OSError` where one can't be read."""
    try:
        later, before = (
            read_bag(p) if p.is_dir() else parse_zip(read_zip(p)) for p in (path, earlier)
        )  # fmt: skip
    except LedgerError as err:
        return undecided(err)
    return verify_with(later, before, trust)


def main(words: Sequence[str] | None = None) -> int:
    """Verify a bundle or folder; returns the exit code: 0 holds, 4 tampering shown, 5 not proven, 1 undecided, 2 wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m auditor", description="Verify a bundle or an exported ledger offline."
    )
    parser.add_argument("place", type=Path, help="a bundle (zip or folder), or an exported folder")
    parser.add_argument("--pin", type=Path, help="the trust file, which you got by another channel")
    parser.add_argument(
        "--tiles", type=Path, help="an exported folder of your own, whose hash tiles tie a bundle to the pin"
    )
    parser.add_argument("--tsa-cert", type=Path, action="append", default=[], metavar="FILE",
                        help="CA certificates (PEM) of timestamp authorities that you trust")  # fmt: skip
    parser.add_argument(
        "--with",
        dest="earlier",
        type=Path,
        metavar="BUNDLE",
        help="an earlier bundle: what it withheld and this one shows",
    )
    parser.add_argument("--as-of", help="a size or a time in the past of an exported ledger: also what held then")
    parser.add_argument(
        "--work", type=Path, help="a file of your own, in which the audit of a large log keeps how far it has come"
    )
    parser.add_argument("--json", action="store_true", help="exactly one JSON object on stdout")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    said = parser.parse_args(words)
    if not said.place.exists():
        sys.stderr.write(f"nothing at {said.place}\n  next:  name a bundle or an exported folder\n")
        return USAGE
    try:
        pin = _pin(said.pin)
    except (OSError, LedgerError) as err:
        sys.stderr.write(f"the pin can't be read: {err}\n  next:  name the trust file that holdpoint pin wrote\n")
        return USAGE
    try:
        authorities = _authorities(said.tsa_cert)
    except (OSError, LedgerError) as err:
        sys.stderr.write(f"a certificate can't be read: {err}\n  next:  name PEM files of CA certificates\n")
        return USAGE
    shown = (lambda _done, _of: None) if said.quiet else _progress()
    tiles = None if said.tiles is None else folder_reader(said.tiles)
    try:
        trust = Trust(pin, tiles, authorities=authorities)
        how = {"progress": shown, "workers": os.cpu_count() or 2, "work": working(said.work), "as_of": said.as_of}
        earlier = said.earlier
        report = verify_path(said.place, trust, **how) if earlier is None else verify_later(said.place, earlier, trust)
    except OSError as err:
        sys.stderr.write(f"{said.place} can't be read: {err.strerror}\n  next:  name files that can be read\n")
        return USAGE
    except sqlite3.Error as err:
        sys.stderr.write(f"the working file failed: {err}\n  next:  --work FILE on a disk with room, or a new file\n")
        return USAGE
    text = json.dumps(report.to_json(), ensure_ascii=False, sort_keys=True) if said.json else report_text(report)
    sys.stdout.write(text + "\n")
    return report.exit_code
