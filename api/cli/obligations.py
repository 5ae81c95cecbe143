"""`obligations` and `obligation`: what is due, by when, under which clause; and what people say of a duty."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.about import position as placed
from api.book import Book
from api.cli.asking import Asker
from api.cli.assess import evidence_of
from api.cli.options import As, At, Json, Yes, position, with_book
from api.cli.output import emit, posted, say, warn
from api.cli.pack_named import published_as
from api.cli.said_first import alerts
from api.cli.signing import reference_to, references_to, sign_and_post
from api.handing_over import write_synced
from api.owed import Wanted, lasting, left_of
from auditor.explain import visible
from ledger.errors import Fault
from ledger.event import Body
from ledger.events import obligation
from ledger.state import State
from policies.duty import WAITING
from policies.facts import Fact, Published

Pack = Annotated[str, typer.Argument(metavar="PACK", help="The pack's id.")]
Name = Annotated[str, typer.Argument(metavar="OBLIGATION", help="The duty, as the pack names it.")]
Opened = Annotated[int | None, typer.Option("--opened-by", min=0, help="Index of the entry that opened it.")]
Period = Annotated[str | None, typer.Option("--period", help="First day of the period, of a duty that time opens.")]


@with_book
def obligations(
    book: Book,
    due_within: Annotated[
        str | None, typer.Option(help="Still owed and due by then, overdue included: 72h, 5d.")
    ] = None,
    at: At = None,
    state: Annotated[str | None, typer.Option(help="overdue, open, fulfilled-late, clock-not-started, …")] = None,
    pack: Annotated[str | None, typer.Option(help="Of this pack alone.")] = None,
    name: Annotated[str | None, typer.Option("--obligation", help="Of this obligation alone.")] = None,
    model: Annotated[str | None, typer.Option(help="Of this model's stream alone.")] = None,
    incident: Annotated[str | None, typer.Option(help="Of this incident's stream alone.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what does not apply.")] = False,
    after: Annotated[str | None, typer.Option(help="The place after which the page begins.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many; go on with --after.")] = 100,
    ics: Annotated[Path | None, typer.Option("--ics", help="Write an iCalendar file instead; - is stdout.")] = None,
    retention: Annotated[
        bool, typer.Option("--retention", help="How long what is kept, by the binding packs.")
    ] = False,
    as_json: Json = False,
) -> None:
    """What is due, by when, under which clause. Example: holdpoint obligations --state open"""
    if retention:
        _retention(book, as_json=as_json)
        return
    wanted = Wanted(state, pack, name, model, incident, lasting(due_within), everything)
    if ics is not None:
        feed = book.calendar(wanted, position(at))
        if str(ics) == "-":
            say(feed.decode().replace("\r\n", "\n").rstrip("\n"))
        else:
            write_synced(ics, feed)
            warn(f"{ics}: {feed.count(b'BEGIN:VEVENT')} duties")
        return
    rows, as_of, following = book.obligations(wanted, position(at), after, limit)
    alerts(book, position(at), as_json=as_json)
    for row in rows:
        if as_json:
            emit({"schema": "holdpoint.obligations/1", **row, "as_of": placed(as_of)})
        else:
            say(visible(line_of(row)))
    if not rows:
        warn(f"no such duty at size {as_of.size}, {as_of.time}")
    elif following is not None:
        warn(f"more may follow: --at {as_of.time} --after '{following}'")
    raise SystemExit(0 if rows else 5)


def line_of(row: dict[str, Any]) -> str:
    """A duty in one line: state, dates, what is left, what it is, and by what it was opened."""
    strict, latest = row["due_strict"], row["due_latest"]
    if latest is None:
        due = row["promptness"] or ("no period" if row["state"] != "clock-not-started" else "clock not started")
        due += f", at the earliest from {row['earliest'][:16]}Z" if row["earliest"] else ""
    elif strict == latest:
        due = f"{latest[:16]}Z"
    else:
        due = f"{strict[:16]}Z … {latest[:16]}Z"
    # What is done, ended or excused runs no more: a count would call it late.
    runs = row["state"] in WAITING and row["seconds_left"] is not None
    left = f" ({left_of(row['seconds_left'])})" if runs else ""
    opened = f"period {row['period']}" if row["period"] else f"entry {row['opened_by']}, {row['stream']}"
    number = f" #{row['number']}" if row["number"] else ""
    doubt = "  APPLIES: unknown" if row["applies"] == "unknown" else ""
    why = f"  [{', '.join(row['reasons'])}]" if row["reasons"] else ""
    return (f"{row['state']:<18} {due}{left}  {row['pack']} {row['obligation']}{number}, {row['ref']}: {row['form']}"
            f" → {', '.join(row['recipients'])} ({opened}){doubt}{why}")  # fmt: skip


def _retention(book: Book, *, as_json: bool) -> None:
    found = [(p.pack, kept) for p in published_now(book) for kept in p.pack.retention]
    for pack, kept in found:
        period = f"{kept.period.amount} {kept.period.unit}"
        if as_json:
            emit({"schema": "holdpoint.retention/1", "pack": pack.id, "id": kept.id, "ref": kept.ref, "content": kept.content,
                  "period": {"amount": kept.period.amount, "unit": kept.period.unit}, "start": kept.start,
                  "minimum": kept.minimum, "binds_whom": kept.binds_whom})  # fmt: skip
        else:
            least = "at least " if kept.minimum else ""
            say(
                visible(
                    f"{pack.id} {kept.id}, {kept.ref}: {least}{period} from {kept.start}: {kept.content or 'what it names'}"
                )
            )
    if not found:
        warn("no published pack says how long anything is kept")
    raise SystemExit(0 if found else 5)


def published_now(book: Book) -> list[Published]:
    """Every published pack that is no older text of another, by id."""
    newest: dict[str, Published] = {}
    for _, found in book.known().scan("published"):
        if found.pack.id not in newest or newest[found.pack.id].index < found.index:
            newest[found.pack.id] = found
    return [p for _, p in sorted(newest.items())]


# -- what people say -------------------------------------------------------------------------------------------------


@with_book
def fulfil(
    book: Book,
    pack: Pack,
    name: Name,
    opened: Opened = None,
    period: Period = None,
    fulfilled_at: Annotated[str | None, typer.Option(help="Time; default: now.")] = None,
    evidence: Annotated[list[Path] | None, typer.Option(help="A file that shows it; its digest is recorded.")] = None,
    note: Annotated[str, typer.Option(help="What was done, in a line.")] = "",
    by: As = "responder",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Say that a duty is done. Example: holdpoint obligation fulfil eu-gpai-cop-safety-security EU-8.3 \
--period 2026-01-01 --note 'sent to all who work here' --yes"""
    said = {
        "evidence": [evidence_of(f) for f in evidence or ()],
        "fulfilled_at": fulfilled_at or book.now(),
        "note": note,
    }
    _say(book, obligation.Fulfilled, said, (pack, name, opened, period), by, yes=yes, as_json=as_json)


@with_book
def toll(
    book: Book,
    pack: Pack,
    name: Name,
    until: Annotated[str, typer.Option(help="Time until which the clock stands still.")],
    granted_by: Annotated[str, typer.Option(help="Who granted it.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    opened: Opened = None,
    period: Period = None,
    by: As = "responder",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Say that a duty's clock stands still. Example: holdpoint obligation toll eu-gpai-cop-safety-security EU-8.3 \
--period 2027-01-01 --until 2099-01-01T00:00:00.000000Z --granted-by 'a fictional office' --reason 'asked for' --yes"""
    said = {"by": granted_by, "reason": reason, "until": until}
    _say(book, obligation.Tolled, said, (pack, name, opened, period), by, yes=yes, as_json=as_json)


@with_book
def not_applicable(
    book: Book,
    pack: Pack,
    name: Name,
    reason: Annotated[str, typer.Option(help="Why it does not reach this case.")],
    opened: Opened = None,
    period: Period = None,
    by: As = "responder",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Say that a duty does not apply. Example: holdpoint obligation not-applicable eu-gpai-cop-safety-security EU-7.6 \
--period 2026-07-01 --reason 'a more capable model within a month' --yes"""
    _say(book, obligation.NotApplicable, {"reason": reason}, (pack, name, opened, period), by, yes=yes, as_json=as_json)


Which = tuple[str, str, int | None, str | None]
"""Pack, obligation, and what opened it."""


def _say(
    book: Book, kind: type[Body], said: dict[str, Any], which: Which, by: str, *, yes: bool, as_json: bool
) -> None:  # fmt: skip
    pack, name, opened, period = which
    if (opened is None) == (period is None):
        raise Fault(
            "flags-missing", "failed", "which duty is meant?", "give --opened-by INDEX or --period DAY, one of them"
        )
    published = published_as(book.known(), pack)
    clause = next((o for o in published.pack.obligations if o.id == name), None)
    if clause is None:
        names = ", ".join(o.id for o in published.pack.obligations) or "none"
        raise Fault("obligation-unknown", "failed", f"{pack} has no duty {name}", f"it has: {names}")
    key = str(opened) if opened is not None else period or ""
    stream = f"obligation/{published.pack.id.lower()}/{clause.id.lower()}/{key}"
    known = book.known(stream)
    body = {"framework": published.digest, "obligation": clause.id, **said}
    if opened is not None:
        (body["opened_by"],) = references_to(book, known, [opened])
    else:
        body["period"] = period
    place = {"causes": [reference_to(f) for f in _standing(known, f"{published.digest}|{clause.id}|{key}", kind)]}
    shown = (f"{published.pack.id}, {clause.id}: {clause.ref}",)
    done = sign_and_post(book, Asker(yes=yes), kind, body, stream, by, shown, place=place if place["causes"] else None)
    posted(f"obligation-{kind.event.name.partition('.')[2]}", [done], as_json=as_json, book=book)


def _standing(known: State, key: str, kind: type[Body]) -> list[Fact]:
    """What was said last of the duty, and is said anew now: who revises it names it."""
    said: tuple[Fact, ...] = known.get("obligation_said", key) or ()
    closing = (obligation.Fulfilled, obligation.NotApplicable)
    kinds = (*closing, obligation.Tolled) if kind is obligation.Tolled else closing
    return [f for f in said if isinstance(f.body, kinds)][-1:]


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command()(obligations)
    group = typer.Typer(help="One duty: fulfil, toll, not-applicable.", no_args_is_help=True)
    for name, command in (("fulfil", fulfil), ("toll", toll), ("not-applicable", not_applicable)):
        group.command(name)(command)
    app.add_typer(group, name="obligation")
