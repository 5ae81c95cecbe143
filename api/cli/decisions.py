"""`decision show`, `decision list`: what people decided, from the request to its end, and whose move is next."""

from typing import Annotated

import typer

from api.book import Book
from api.cli.options import At, Json, position, with_book
from api.cli.output import answer, emit, say, warn
from api.cli.said_first import alerts
from api.cli.signing import request_for
from api.life import life_text
from auditor.explain import visible


@with_book
def show(
    book: Book,
    ref: Annotated[
        str,
        typer.Argument(
            metavar="INDEX|DIGEST|MODEL",
            help="A decision's or request's index, a request's digest, or a model's newest.",
        ),
    ],
    at: At = None,
    as_json: Json = False,
) -> None:
    """A decision's life, what is missing, and whose move it is. Example: holdpoint decision show model/one"""
    where = position(at)
    if ref.startswith("model/"):
        _, as_of = book.status(ref, where)
        ref = request_for(book.known(ref), ref, None, None, as_of.size).digest
    said = book.decision(ref, where)
    if as_json:
        answer("decision", said.pop("steps"), book=book, ok=not said["moves"], code=said["phase"], **said)
    else:
        alerts(book, where, as_json=False)
        say(life_text(said, book.where))


@with_book
def list_(
    book: Book,
    at: At = None,
    after: Annotated[
        str | None, typer.Option(help="Go on after this row: the one named at the end of the last page.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many; go on with --after.")] = 100,
    as_json: Json = False,
) -> None:
    """Every decision, those that differ from the policy verdict first. Example: holdpoint decision list"""
    where = position(at)
    rows, following = book.decisions(where, after, limit)
    alerts(book, where, as_json=as_json)
    for lacking in book.without_decision(where) if after is None else ():
        if as_json:
            emit({"schema": "holdpoint.without-decision/1", **lacking})
            continue
        event, stream, index = lacking["event"], lacking["stream"], lacking["index"]
        say(visible(f"CARRIED OUT WITHOUT A STANDING DECISION: {event} of {stream} at index {index}"))
    for row in rows:
        if as_json:
            emit({"schema": "holdpoint.decisions/1", **row})
            continue
        if row["divergence"]:
            say(visible(f"DIVERGENCE, index {row['index']}: {row['divergence']}"))
        flags = f"  {', '.join(row['flags'])}" if row["flags"] else ""
        made = f"{row['decision']} ({row['basis']}), verdict {row['verdict']}, {row['phase']}"
        say(visible(f"{row['index']:>6}  {row['stream']}  {made}{flags}"))
    if not rows:
        warn("no decision is recorded")
    elif following is not None:
        warn(f"more follow: --after {following} --at {following_at(book, at)}")
    raise SystemExit(0 if rows else 5)


def following_at(book: Book, at: str | None) -> str:
    """The position that the next page shares with this one."""
    return at if at is not None else str(book.checkpoint()["size"])


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    group = typer.Typer(help="Decisions: their life, and all of them.", no_args_is_help=True)
    group.command("show")(show)
    group.command("list")(list_)
    app.add_typer(group, name="decision")
