"""`import` and `event post`: what services and authors send."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from api.cli.options import DEFAULT_DATA, As, Data, Json
from api.cli.output import emit, say, warn
from api.importers import read_log
from api.recording import import_log
from api.session import Session
from api.wiring import opened


def import_(
    files: Annotated[list[Path], typer.Argument(help="Inspect AI .eval or .json, lm-evaluation-harness results.")],
    model: Annotated[str, typer.Option("--model", help="The model's stream, model/….")],
    data: Data = DEFAULT_DATA,
    by: As = "evaluator",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the record, change nothing.")] = False,
    safeguards_off: Annotated[bool, typer.Option(help="The run was made with safeguards off.")] = False,
    as_json: Json = False,
) -> None:
    """Record evaluation logs. Example: holdpoint import run.eval --model model/one"""
    if dry_run:
        records = [r for f in files for r in read_log(f.read_bytes())]
        for record in records:
            value = msgspec.to_builtins(record)
            if as_json:
                emit({"schema": "holdpoint.import/1", "ok": True, "code": "dry-run", **value})
            else:
                say(msgspec.json.format(msgspec.json.encode(value)).decode())
        return
    with opened(data) as ledger:
        session = Session(ledger)
        for file in files:
            for done in import_log(session, file, model, by, safeguards_off=safeguards_off):
                for warning in done.record.warnings:
                    warn(f"{file.name}: distrusted: {warning}")
                receipt = f"{file.name}.receipt"
                recorded = done.posted.recorded_at if done.posted is not None else ""
                if as_json:
                    emit(
                        {
                            "schema": "holdpoint.import/1",
                            "ok": True,
                            "code": done.how,
                            "index": done.index,
                            "log_sha256": done.record.log_sha256,
                            "recorded_at": recorded,
                            "status": done.record.status,
                            "task": done.record.task,
                            "edits_detected": list(done.record.edits_detected),
                            "warnings": list(done.record.warnings),
                        }
                    )
                else:
                    say(f"{done.how} {done.record.task} at index {done.index} {recorded} receipt {receipt}")


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command("import")(import_)
