"""`thresholds`, `safeguards`, `framework timeline`: what stands as of a position, and since when."""

from typing import Annotated, Any

import typer

from api.book import Book
from api.cli.options import At, Json, position, with_book
from api.cli.output import emit, say, warn
from api.cli.said_first import tell
from api.cli.signing import model_stream
from auditor.explain import visible

Model = Annotated[str, typer.Argument(help="The model's stream.")]


def rows_of(book: Book, question: str, model: str, at: str | None, *, as_json: bool) -> list[dict[str, Any]] | None:
    """The rows of a question's answer, after what is said first; `None` where no such model is known."""
    said = book.about(question, model, position(at))
    tell(() if said is None else said["break_glass"], as_json=as_json)
    return None if said is None else list(said[question])


@with_book
def thresholds(book: Book, model: Model, at: At = None, as_json: Json = False) -> None:
    """Where each threshold of the binding packs stands, and its determinations. Example: holdpoint thresholds model/one"""
    rows = rows_of(book, "thresholds", model_stream(model), at, as_json=as_json)
    for row in rows or ():
        if as_json:
            emit({"schema": "holdpoint.thresholds/1", **row})
            continue
        state = row["state"] or f"{row['standing']} ({row['why']})"
        cited = f"  events {', '.join(map(str, row['indexes']))}" if row["indexes"] else ""
        say(visible(f"{row['pack']}  {row['threshold']:<22} {state:<34} {row['ref']}{cited}"))
        for line in _threshold_notes(row):
            say(visible(f"    {line}"))
    if not rows:
        warn(f"nothing is known of {visible(model)}" if rows is None else "no framework bound this ledger then")
    raise SystemExit(0 if rows else 5)


def _threshold_notes(row: dict[str, Any]) -> list[str]:
    """What a reader must not miss about a threshold."""
    notes = [f"a new look was called for: {c['cause']}, event {c['index']}" for c in row["reassess"]]
    if row["doubt"] is not None:
        notes.append(f"open: {row['doubt']['why']}, events {', '.join(map(str, row['doubt']['indexes']))}")
    newest = row["history"][-1] if row["history"] else None
    if newest is not None:
        what = [f"by {newest['made']}: {', '.join(newest['principals'])}"]
        what += ["precautionary"] if newest["precautionary"] else []
        what += [f"{newest['dissent']} dissenting"] if newest["dissent"] else []
        what += ["dissent, if any, is withheld"] if newest["dissent_withheld"] else []
        what += [f"covered by {newest['covered_by']}"] if newest["covered_by"] is not None else []
        what += [f"review by {newest['review_by']}"] if newest["review_by"] else []
        what += [f"retracted at {newest['retracted_at']}"] if newest["retracted_at"] is not None else []
        notes.append("; ".join(what))
    earlier = [f"{h['state']} at {h['index']}" for h in row["history"][:-1]]
    return [*notes, f"before: {', '.join(earlier)}"] if earlier else notes


@with_book
def safeguards(book: Book, model: Model, at: At = None, as_json: Json = False) -> None:
    """Each attestation that covers a model, and what of it stands. Example: holdpoint safeguards model/one"""
    rows = rows_of(book, "safeguards", model_stream(model), at, as_json=as_json)
    for row in rows or ():
        if as_json:
            emit({"schema": "holdpoint.safeguards/1", **row})
            continue
        scope = row["scope"]
        where = "; ".join(f"{n} {', '.join(scope[n]) or 'none'}" for n in ("audiences", "surfaces", "hosts"))
        say(
            visible(f"{row['index']:>6}  {row['state']:<14} {row['pack']}  {row['valid_from']} to {row['valid_until']}")
        )
        say(
            visible(f"        {len(row['standing'])} of {len(row['safeguards'])} stand: {', '.join(row['safeguards'])}")
        )
        say(visible(f"        {where}; by {', '.join(row['principals'])} ({row['independence']})"))
        for d in row["degraded"]:
            say(visible(f"        degraded since {d['since']}: {', '.join(d['safeguards'])}, event {d['index']}"))
        if row["withdrawn_at"] is not None:
            say(f"        withdrawn at {row['withdrawn_at']}")
    if not rows:
        warn(f"no attestation covers {visible(model)}")
    raise SystemExit(0 if rows else 5)


@with_book
def timeline(book: Book, at: At = None, as_json: Json = False) -> None:
    """What was published, adopted, determined and read, and from when. Example: holdpoint framework timeline"""
    rows = rows_of(book, "timeline", "", at, as_json=as_json)
    for row in rows or ():
        if as_json:
            emit({"schema": "holdpoint.framework-timeline/1", **row})
        else:
            since = f" from {row['from']}" if row["from"] else ""
            say(visible(f"{row['index']:>6}  {row['what']:<16} {row['id']}{since}  {row['note']}"))
    if not rows:
        warn("no framework was published then")
    raise SystemExit(0 if rows else 5)


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    for command in (thresholds, safeguards):
        app.command()(command)
