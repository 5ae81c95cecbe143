"""`export`, `pin`, `fsck`: hand over, and check what is stored."""

from pathlib import Path
from typing import Annotated

import typer

from api.book import Book
from api.cli.options import DEFAULT_DATA, Data, Json, with_book
from api.cli.output import answer, emit, say
from api.cli.progress import Progress
from api.exporting import export as write_export
from api.fsck import fsck as run_fsck
from api.handing_over import write_synced
from api.wiring import opened
from auditor.explain import visible
from auditor.pin import letter, parse_pin
from disclosures.alerts import alert_lines, break_glass_of


def export(
    folder: Annotated[Path, typer.Argument(help="Where to.")], data: Data = DEFAULT_DATA, as_json: Json = False
) -> None:
    """Write tiles, entries and signed claims. Example: holdpoint export out"""
    with opened(data) as ledger:
        size = write_export(ledger, folder, ledger.engine, Progress("exported"))
        head = ledger.desk.read_head()
        with ledger.view() as view:
            glass = break_glass_of(view.state)
    if as_json:
        emit({"schema": "holdpoint.export/1", "ok": True, "code": "ok", "break_glass": glass, "details": [str(folder)],
              "checkpoint": {"origin": ledger.origin, "root": head.root.hex(), "size": size}})  # fmt: skip
    else:
        for line in alert_lines(glass):
            say(visible(line))
        say(f"exported {size} entries to {folder}")


@with_book
def pin(
    book: Book, path: Annotated[Path, typer.Argument(help="The trust file to write.")], as_json: Json = False
) -> None:
    """Write the trust file and a letter for another channel. Example: holdpoint pin pin.json"""
    raw = book.pin()
    written = parse_pin(raw)
    write_synced(path, raw)
    write_synced(path.with_name(path.name + ".letter.txt"), letter(written).encode())
    if as_json:
        answer("pin", [str(path)], book=book, founding=written.founding)
    else:
        say(f"pinned {written.origin} at size {written.checkpoint.size} in {path}; keep it away from this machine")


def fsck(data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Recompute all that is stored from the entries, and compare with the anchor. Example: holdpoint fsck --data ledger"""
    problems = run_fsck(data, progress=Progress("checked"))
    if as_json:
        answer("fsck", [{"index": p.index, "rule": p.rule, "detail": p.detail} for p in problems],
               ok=not problems, code=problems[0].rule if problems else "ok")  # fmt: skip
    else:
        for p in problems:
            say(f"INVALID {p.rule}: {p.detail}")
        if not problems:
            say("entries, tree, tiles, checkpoints, notes, streams, event ids, views and anchor agree")
    raise SystemExit(4 if problems else 0)


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    for command in (export, pin, fsck):
        app.command()(command)
