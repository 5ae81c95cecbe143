"""`import`: what evaluation services send."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from api.book import Book, readable
from api.cli.options import DEFAULT_DATA, DEFAULT_TIMEOUT, As, Data, Json, PinFile, Server, Timeout, Withhold, open_book
from api.cli.output import answer, emit, say, warn
from api.cli.signing import model_stream
from api.importers import read_log
from api.importers.record import Record
from api.recording import Imported, check_withheld, import_log
from auditor.explain import visible


def import_(
    files: Annotated[list[Path], typer.Argument(help="Inspect AI .eval or .json, lm-evaluation-harness results.")],
    model: Annotated[str, typer.Option("--model", help="The model's stream, model/….")],
    data: Data = DEFAULT_DATA,
    server: Server = None,
    pin_file: PinFile = None,
    timeout: Timeout = DEFAULT_TIMEOUT,
    by: As = "evaluator",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the record, change nothing.")] = False,
    safeguards_off: Annotated[bool, typer.Option("--safeguards-off", help="It ran with safeguards off.")] = False,
    withhold: Withhold = None,
    as_json: Json = False,
) -> None:
    """Record evaluation logs. Example: holdpoint import examples/logs/answer-rate.eval --model model/one"""
    logs = [(file, readable(file)) for file in files]
    records = [(file, read_log(raw)) for file, raw in logs]  # every file is read before the first is recorded
    for _, found in records:
        for record in found:
            check_withheld(record, withhold or ())  # before the first is recorded
    if dry_run:
        for _, found in records:
            for record in found:
                _print_record(record, as_json=as_json)
        return
    with open_book(data, server, pin_file, timeout) as book:
        for file, found in records:
            stream, more = model_stream(model), withhold or ()
            for done in import_log(book, file, found, stream, by, safeguards_off=safeguards_off, withhold=more):
                _print(book, file, done, as_json=as_json)


def _print_record(record: Record, *, as_json: bool) -> None:
    value: dict[str, Any] = msgspec.to_builtins(record)
    if as_json:
        answer("import", [], code="dry-run", **value)
    else:
        say(msgspec.json.format(msgspec.json.encode(value)).decode())


def _print(book: Book, file: Path, done: Imported, *, as_json: bool) -> None:
    record = done.record
    for warning in record.warnings:
        warn(visible(f"{file.name}: distrusted: {warning}"))
    if as_json:
        value = {
            "schema": "holdpoint.import/1", "ok": True, "code": done.how, "details": [], "index": done.posted.index,
            "recorded_at": done.posted.recorded_at, "receipt": str(done.receipt), "task": record.task,
            "log_sha256": record.log_sha256, "status": record.status, "edits_detected": list(record.edits_detected),
            "warnings": list(record.warnings), "checkpoint": book.checkpoint(),
        }  # fmt: skip
        emit(value)
    else:
        at = f"at index {done.posted.index} {done.posted.recorded_at}"
        text = f"{done.how} {record.task} ({record.status}) {at} receipt {done.receipt}"
        say(visible(text))


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command("import")(import_)
