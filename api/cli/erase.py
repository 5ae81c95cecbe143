"""`erase`: withheld fields whose retention has passed, by a word that two disclosers sign."""

from typing import Annotated, Any

import typer

from api.cli.asking import Asker
from api.cli.options import DEFAULT_DATA, As, Data, Json, Yes
from api.cli.output import answer, say
from api.cli.signing import sign_and_post
from api.erasing import DEFAULT_GROUND, Plan, parse_only, plan, sweep
from api.session import Session
from api.wiring import opened
from ledger.errors import Fault
from ledger.events import disclosure
from ledger.store.vault import Count
from ledger.strict import parse_stream


def erase(
    stream: Annotated[str, typer.Argument(help="The stream whose withheld fields go, such as model/NAME.")],
    only: Annotated[
        list[str] | None, typer.Option(metavar="TYPE:FIELD", help="These alone; else all that is kept of the stream.")
    ] = None,
    first: Annotated[int, typer.Option(min=0, help="Lowest index.")] = 0,
    last: Annotated[int | None, typer.Option(min=0, help="Highest index; else up to what is still retained.")] = None,
    ground: Annotated[str, typer.Option(help="Why, as it stands in the signed event.")] = DEFAULT_GROUND,
    preview: Annotated[bool, typer.Option("--preview", help="Say what would go, and change nothing.")] = False,
    by: As = "discloser",
    data: Data = DEFAULT_DATA,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Erase withheld fields for good, once their retention has passed.

    Example: holdpoint erase model/fictional-one --only decision.made:reason --preview
    """
    with opened(data) as ledger:
        book, wanted = Session(ledger), parse_only(only or ())
        found = plan(ledger, parse_stream(stream), wanted, first, last, ground)
        if not as_json:
            _say(found)
        if preview:
            if as_json:
                answer("erase", [_row(found)], book=book)
            return
        if found.body is None:
            swept = sweep(ledger)  # of an erasure that was cut off before its copies went
            if swept and not found.retained:
                _done(book, found, None, len(swept), as_json=as_json)
                return
            why = "all that is kept of it is retained" if found.retained else "nothing of it is kept here"
            remedy = "holdpoint erase STREAM --preview says until when; --last names an earlier end"
            raise Fault("still-retained" if found.retained else "nothing-to-erase", "failed", why, remedy)
        place = disclosure.erasures_of(found.stream)
        posted = sign_and_post(book, Asker(yes=yes), disclosure.Erased, found.body, place, by)
        _done(book, found, posted.index, len(sweep(ledger)), as_json=as_json)


def _say(found: Plan) -> None:
    """What goes and what stays, by class; no value is shown, and none is decrypted."""
    say(f"{found.stream}: {found.rows} texts go" if found.rows else f"{found.stream}: nothing goes")
    for c in found.counts:
        say(f"  {c.type} {c.field}: {c.rows}, entries {c.first} to {c.last}, retained until {c.retained_until}")
    for c in found.retained:
        say(
            f"  stays: {c.type} {c.field}: {c.retained} from entry {c.retained_from}, retained until {c.retained_until}"
        )


def _row(found: Plan) -> dict[str, Any]:
    return {
        "body": found.body, "classes": [_class(c) for c in found.counts], "retained": [_class(c) for c in found.retained],
        "rows": found.rows, "stream": found.stream,
    }  # fmt: skip


def _class(c: Count) -> dict[str, Any]:
    return {
        "type": c.type, "field": c.field, "first": c.first, "last": c.last, "rows": c.rows, "retained": c.retained,
        "retained_from": c.retained_from, "retained_until": c.retained_until,
    }  # fmt: skip


def _done(book: Session, found: Plan, index: int | None, copies: int, *, as_json: bool) -> None:
    if as_json:
        answer("erase", [{**_row(found), "erased_at_index": index, "copies": copies}], book=book)
        return
    if index is not None:
        say(f"erased at index {index}: {found.rows} texts; every proof holds as before")
    say(
        f"{copies} copies in this folder went with them; backups age out on their own schedule: docs/how-to/erase-a-field.md"
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(erase)
