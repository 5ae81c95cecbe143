"""The console script: puts the command groups together, and turns errors into exit codes in one place."""

import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.exceptions import TyperException

from api.book import RefusedError
from api.cli import (
    advise,
    ask,
    assess,
    check,
    check_proof,
    compare,
    decide,
    decisions,
    disclose,
    documents,
    erase,
    events,
    follow,
    frameworks,
    incidents,
    keep,
    obligations,
    operate,
    record,
    reports,
    root,
    serving,
    standing,
    start,
    status,
    timestamp,
    trust,
    verify,
    views,
    witness,
)
from api.cli.output import fail, warn
from api.settings import settings
from ledger.errors import Fault, LedgerError

INTERRUPTED = 130
app = typer.Typer(
    name="holdpoint",
    help="The compliance ledger for frontier-AI safety. Not legal advice.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (
    start,
    serving,
    trust,
    timestamp,
    root,
    record,
    assess,
    documents,
    disclose,
    erase,
    decide,
    advise,
    operate,
    events,
    frameworks,
    ask,
    obligations,
    incidents,
    reports,
    decisions,
    status,
    standing,
    check,
    verify,
    check_proof,
    keep,
    views,
    witness,
    follow,
    compare,
):
    group.register(app)


def main(args: Sequence[str] | None = None) -> None:
    """Run a command. Exits with the codes of interface.md §2."""
    words = list(args) if args is not None else sys.argv[1:]
    as_json = "--json" in words
    name = next((w for w in words if not w.startswith("-")), "holdpoint")
    schema = f"holdpoint.{name}/1"
    try:
        settings()
        result: Any = app(words, standalone_mode=False)
    except (LedgerError, RefusedError) as err:
        fail(err, as_json=as_json, schema=schema)
    except TyperException as err:
        text = err.format_message()
        if text.lstrip().startswith("Usage:"):  # a group without a command: its help is the answer
            warn(text)
            raise SystemExit(2) from None
        context = getattr(err, "ctx", None)
        where = "holdpoint" if context is None else context.command_path
        fail(Fault("usage", "failed", text, f"{where} --help"), as_json=as_json, schema=schema)
    except (KeyboardInterrupt, typer.Abort):
        raise SystemExit(INTERRUPTED) from None
    raise SystemExit(result if isinstance(result, int) else 0)
