"""The console script: puts the command groups together, and turns errors into exit codes in one place."""

import sys
from collections.abc import Sequence

import typer

from api.cli import ask, check, people, record, serving, start, trust
from api.cli.output import fail
from api.session import RefusedError
from ledger.errors import LedgerError

app = typer.Typer(
    name="holdpoint",
    help="The compliance ledger for frontier-AI safety. Not legal advice.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (start, serving, trust, record, people, ask, check):
    group.register(app)


def main(args: Sequence[str] | None = None) -> None:
    """Run a command. Exits with the codes of interface.md §2."""
    words = list(args) if args is not None else None
    try:
        app(words)
    except (LedgerError, RefusedError) as err:
        given = words if words is not None else sys.argv[1:]
        name = next((w for w in given if not w.startswith("-")), "holdpoint")
        fail(err, as_json="--json" in given, schema=f"holdpoint.{name}/1")
    except KeyboardInterrupt:
        raise SystemExit(130) from None
