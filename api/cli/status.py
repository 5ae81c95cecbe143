"""`status`: what may be done with a model. `--why`: the argument; `--diff`: what changed, and what did it; `--what-if`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.about import position as placed
from api.book import Book, readable
from api.cli.options import At, Json, position, with_book
from api.cli.output import answer, say, warn
from api.cli.said_first import tell
from api.cli.signing import model_stream
from api.what_if import Hypothesis, read_hypotheses
from api.why_text import lines_of
from auditor.explain import visible
from disclosures.alerts import break_glass_of
from disclosures.claims import answers
from ledger.errors import Fault
from policies.answer import AsOf
from policies.binding import gated_actions

WhatIf = Annotated[
    Path | None,
    typer.Option("--what-if", help="A JSON list of {type, stream, body, by?}: judged as if recorded next; nothing is."),
]


@with_book
def status(
    book: Book,
    model: Annotated[str, typer.Argument(help="The model's stream.")],
    at: At = None,
    why: Annotated[bool, typer.Option("--why", help="The argument: findings, clauses, entries, receipts.")] = False,
    action: Annotated[str | None, typer.Option(help="With --why: only this action.")] = None,
    diff: Annotated[
        tuple[str, str] | None, typer.Option("--diff", help="What changed between two sizes or times, and what did it.")
    ] = None,
    what_if: WhatIf = None,
    as_json: Json = False,
) -> None:
    """What may be done with a model, and why. Example: holdpoint status model/one --why"""
    if sum((why, diff is not None, what_if is not None)) > 1 or (diff is not None and at is not None):
        raise Fault(
            "usage", "failed", "one question at a time", "one of --why, --diff, --what-if; --diff names its positions"
        )
    stream = model_stream(model)
    if why:
        _why(book, stream, at, action, as_json=as_json)
    if diff is not None:
        _diff(book, stream, diff, as_json=as_json)
    if what_if is not None:
        supposed = book.suppose(read_hypotheses(readable(what_if)), position(at))
        _told(
            book,
            stream,
            *_would(supposed, stream),
            break_glass_of(supposed.state),
            as_json=as_json,
            supposed=supposed.told,
        )
    rows, as_of = book.status(stream, position(at))
    _told(book, stream, rows, as_of, book.break_glass(position(at)), as_json=as_json)


def _would(supposed: Hypothesis, stream: str) -> tuple[dict[str, Any], AsOf]:
    state, as_of = supposed.state, supposed.as_of
    known = state.get("subject", stream) is not None
    actions = gated_actions(state, as_of.time) if known else []
    return {action: answers(state, stream, action, as_of) for action in actions}, as_of


def _told(
    book: Book, model: str, rows: dict[str, Any], as_of: AsOf, glass: list[dict[str, Any]], *, as_json: bool,
    supposed: list[dict[str, Any]] | None = None,
) -> None:  # fmt: skip
    more: dict[str, Any] = {} if supposed is None else {"hypothetical": True, "supposed": supposed}
    if as_json:
        answer("status", rows, book=book, ok=bool(rows), code="ok" if rows else "empty", model=model, as_of=placed(as_of),
               break_glass=glass, **more)  # fmt: skip
    elif not rows:
        warn(f"nothing is known of {visible(model)} at size {as_of.size}, {as_of.time}")
    else:
        say_supposed(supposed)
        tell(glass, as_json=False)
        for action, row in rows.items():
            if row["divergence"]:
                say(visible(f"DIVERGENCE, {action}: {row['divergence']}"))
        say(f"{visible(model)} as of size {as_of.size}, {as_of.time}")
        for action, row in rows.items():
            reasons = ", ".join(row["clearance_reasons"])
            say(f"  {action:<22} {row['clearance']:<24} {visible(reasons):<28} policy: {row['verdict']}")
    raise SystemExit(0 if rows else 5)


def say_supposed(supposed: list[dict[str, Any]] | None) -> None:
    """Mark an answer as hypothetical, and say of each event whether it would be admitted."""
    if supposed is None:
        return
    say("HYPOTHETICAL: nothing of this is recorded")
    for told in supposed:
        named = f"  [{told['number'] - 1}] {told['type']} by {', '.join(told['by']) or 'nobody'}"
        if told["admitted"]:
            after = "".join(f", then {d['type']}" for d in told["derived"])
            say(visible(f"{named}: would be entry {told['index']}{after}"))
        else:
            say(visible(f"{named}: would be refused, {told['reason']}: {told['detail']}"))


def _why(book: Book, stream: str, at: str | None, action: str | None, *, as_json: bool) -> None:
    said = book.about("why", stream, position(at), {} if action is None else {"action": action})
    found = [] if said is None else said["actions"]
    if as_json:
        answer("why", found, book=book, ok=bool(found), code="ok" if found else "empty", model=stream,
               **{n: None if said is None else said[n] for n in ("as_of", "break_glass")})  # fmt: skip
    elif said is None:
        warn(f"nothing is known of {visible(stream)}")
    else:
        tell(said["break_glass"], as_json=False)
        say(f"{visible(stream)} as of size {said['as_of']['size']}, {said['as_of']['time']}")
        for one in found:
            for line in lines_of(one):
                say(line)
    raise SystemExit(0 if found else 5)


def _diff(book: Book, stream: str, positions: tuple[str, str], *, as_json: bool) -> None:
    first, second = (position(p) for p in positions)
    said = book.about("diff", stream, second, {"from": str(first)})
    if said is None:
        warn(f"nothing is known of {visible(stream)}")
        raise SystemExit(5)
    changes, start, end = said["changes"], said["from"], said["as_of"]
    if as_json:
        answer("diff", changes, book=book, model=stream, as_of=end, break_glass=said["break_glass"], **{"from": start})
        raise SystemExit(0)
    tell(said["break_glass"], as_json=False)
    say(f"{visible(stream)} from size {start['size']}, {start['time']} to size {end['size']}, {end['time']}")
    for (title, before, after, causes), names in grouped(changes).items():
        say(visible(f"  {title}{': ' if names else ''}{', '.join(names)}"))
        say(visible(f"    before: {before}"))
        say(visible(f"    after:  {after}"))
        for cause in causes:
            say(visible(f"    by {cause}"))
    if not changes:
        say("  nothing holds otherwise")
    raise SystemExit(0)


ORDER = ("answer", "decision", "condition", "threshold", "attestation", "finding", "duty")


def grouped(changes: list[dict[str, Any]]) -> dict[tuple[str, str, str, tuple[str, ...]], list[str]]:
    """Changes in reading order; requirements of one clause that changed alike, by the same entries, share their lines."""
    found: dict[tuple[str, str, str, tuple[str, ...]], list[str]] = {}
    for change in sorted(changes, key=lambda c: (ORDER.index(c["kind"]), c["name"])):
        *place, last = change["name"]
        apart = change["kind"] == "finding"
        title = " ".join((change["kind"], *place)) if apart else " ".join((change["kind"], *place, last))
        causes = tuple(c if isinstance(c, str) else cited(c) for c in change["causes"])
        names = found.setdefault((title, short(change["before"]), short(change["after"]), causes), [])
        names += [last] if apart else []
    return found


def cited(entry: dict[str, Any]) -> str:
    """An entry in one line."""
    return f"{entry['index']} {entry['type']}  {', '.join(entry['by'])}  {entry['leaf']}"


def short(value: Any) -> str:
    """A value of a picture in few words."""
    if value is None:
        return "not there"
    if isinstance(value, list):
        return "; ".join(short(v) for v in value)
    return ", ".join(f"{k} {_word(v)}" for k, v in sorted(value.items()) if v not in (None, []))


def _word(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def register(app: typer.Typer) -> None:
    """Add this group's command."""
    app.command()(status)
