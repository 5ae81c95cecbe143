"""`export`, `pin`, `verify`, `fsck`: hand over, and check."""

import os
from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import DEFAULT_DATA, Data, Json
from api.cli.output import emit, say, warn
from api.fsck import fsck as run_fsck
from api.handing_over import export as write_export
from api.handing_over import write_pin
from api.keyring import load_signer
from api.wiring import opened
from auditor.explain import report_text
from auditor.pin import parse_pin
from auditor.source import folder_reader
from auditor.verify import verify_export
from ledger.errors import Fault


def export(folder: Annotated[Path, typer.Argument(help="Where to.")], data: Data = DEFAULT_DATA) -> None:
    """Write tiles, entries and signed claims. Example: holdpoint export out"""
    with opened(data) as ledger:
        size = write_export(ledger, folder, load_signer(data / "keys" / "engine.pem"))
    say(f"exported {size} entries to {folder}")


def pin(path: Annotated[Path, typer.Argument(help="The trust file to write.")], data: Data = DEFAULT_DATA) -> None:
    """Write the trust file and a letter. Example: holdpoint pin pin.json"""
    with opened(data) as ledger:
        written = write_pin(ledger, path)
    say(f"pinned {written.origin} at size {written.checkpoint.size} in {path}; keep it away from this machine")


def verify(
    folder: Annotated[Path, typer.Argument(help="An exported folder.")],
    pin_file: Annotated[Path | None, typer.Option("--pin", help="The trust file kept aside.")] = None,
    as_json: Json = False,
) -> None:
    """Verify an export: no server, database or network. Example: holdpoint verify out --pin pin.json"""
    if not folder.is_dir():
        raise Fault("export-missing", "failed", f"{folder} is no folder", "name an exported folder")
    try:
        trusted = None if pin_file is None else parse_pin(pin_file.read_bytes())
    except OSError as err:
        raise Fault("pin-unreadable", "failed", f"{pin_file}: {err.strerror}", "name the trust file") from err

    def progress(done: int, of: int) -> None:
        if of > 5000:
            warn(f"verified {done} of {of} entries")

    report = verify_export(folder_reader(folder), trusted, progress=progress, workers=os.cpu_count() or 2)
    if as_json:
        emit(report.to_json())
    else:
        say(report_text(report))
    raise SystemExit(report.exit_code)


def fsck(data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Recompute tree, tiles, checkpoints and streams from the stored entries. Example: holdpoint fsck"""
    problems = run_fsck(data)
    if as_json:
        emit({"schema": "holdpoint.fsck/1", "ok": not problems, "code": problems[0].rule if problems else "ok",
              "details": [{"index": p.index, "rule": p.rule, "detail": p.detail} for p in problems]})  # fmt: skip
    else:
        for p in problems:
            say(f"INVALID {p.rule}: {p.detail}")
        if not problems:
            say("entries, tree, tiles, checkpoints, streams, event ids and anchor agree")
    raise SystemExit(4 if problems else 0)


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    for command in (export, pin, verify, fsck):
        app.command()(command)
