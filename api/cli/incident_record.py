"""`incident`, what a responder says of one: observed, involved, classified, reported, resolved; each signed and posted."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from api.book import Book, readable
from api.cli.asking import Asker
from api.cli.assess import digest_or_file
from api.cli.options import As, Json, Withhold, Yes, with_book
from api.cli.output import posted
from api.cli.pack_named import published_as
from api.cli.signing import model_stream, reference_to, sign_and_post
from ledger.errors import Fault
from ledger.event import Body
from ledger.events import incident as said_of
from ledger.strict import parse_time
from policies.facts import Fact

Stream = Annotated[str, typer.Argument(metavar="INCIDENT", help="The incident's stream, or the name after incident/.")]
Regime = Annotated[str, typer.Option("--regime", help="Id of a published pack.")]
KnownAt = Annotated[str | None, typer.Option(help="Time at which this was known; default: now.")]


def incident_stream(text: str) -> str:
    """The stream of an incident: `incident/NAME`, or the name alone."""
    return text if text.startswith("incident/") else f"incident/{text}"


@with_book
def observe(
    book: Book,
    stream: Stream,
    kind: Annotated[str, typer.Option(help="What it is, in a line.")],
    model: Annotated[list[str], typer.Option("--model", help="A model's stream; once for each.")],
    first_at: Annotated[str, typer.Option(help="Time at which it began, as far as known.")],
    last_at: Annotated[str | None, typer.Option(help="Time at which it ended.")] = None,
    surface: Annotated[list[str] | None, typer.Option(help="Where it showed; `internal` for internal use.")] = None,
    jurisdiction: Annotated[list[str] | None, typer.Option(help="Where, by law.")] = None,
    summary: Annotated[str | None, typer.Option(help="What happened; it is withheld.")] = None,
    known_at: KnownAt = None,
    withhold: Withhold = None,
    by: As = "responder",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Record an incident as observed. Example: holdpoint incident observe one --kind 'weights copied' --model model/one \
--first-at 2026-01-02T03:04:05.000000Z --surface internal --yes"""
    body: dict[str, Any] = {
        "first_at": first_at, "jurisdictions": jurisdiction or [], "kind": kind, "models": [model_stream(m) for m in model],
        "surfaces": surface or [],
    }  # fmt: skip
    body |= {k: v for k, v in (("last_at", last_at), ("summary", summary)) if v is not None}
    _post(
        book, said_of.Observed, body, incident_stream(stream), by, known_at, yes=yes, as_json=as_json, withhold=withhold
    )


@with_book
def involve(
    book: Book,
    stream: Stream,
    basis: Annotated[str, typer.Option(help="What it rests on.")],
    certainty: Annotated[str, typer.Option(help="suspected, likely, confirmed; suspicion counts.")] = "suspected",
    known_at: KnownAt = None,
    by: As = "responder",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Record that a model's part in it is known. Example: holdpoint incident involve one --basis 'access logs' --yes"""
    found = _observed(book, stream)
    body = {"basis": basis, "certainty": certainty, "incident": reference_to(found)}
    _post(book, said_of.InvolvementKnown, body, found.stream, by, known_at, yes=yes, as_json=as_json)


@with_book
def classify(
    book: Book,
    stream: Stream,
    regime: Regime,
    reason: Annotated[str, typer.Option(help="Why it is this class, or none.")],
    category: Annotated[str | None, typer.Option(help="A class of incident that the pack declares.")] = None,
    not_reportable: Annotated[bool, typer.Option("--not-reportable", help="It is none of the pack's classes.")] = False,
    imminent_known_at: Annotated[
        str | None, typer.Option(help="Time at which an imminent risk to life was known; makes it imminent.")
    ] = None,
    believed_at: Annotated[str | None, typer.Option(help="Time of the reasonable belief, where earlier.")] = None,
    authority: Annotated[str | None, typer.Option(help="Which authority is told.")] = None,
    known_at: KnownAt = None,
    by: As = "responder",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Say what it is under one regime, and why. Example: holdpoint incident classify one \
--regime eu-gpai-cop-safety-security --category CYBERSECURITY-BREACH --reason 'weights left the building' --yes"""
    if (category is None) != not_reportable:
        detail = "a class, or that it is none"
        raise Fault("flags-missing", "failed", detail, "give --category NAME or --not-reportable, one of them")
    found, published = _observed(book, stream), published_as(book.known(), regime)
    body: dict[str, Any] = {
        "framework": published.digest, "imminent": imminent_known_at is not None, "incident": reference_to(found),
        "reason": reason,
    }  # fmt: skip
    named = (("category", category), ("imminent_known_at", imminent_known_at), ("believed_at", believed_at),
             ("recipient_authority", authority))  # fmt: skip
    body |= {k: v for k, v in named if v is not None}
    earlier: tuple[Fact, ...] = book.known(found.stream).get("classified", found.stream) or ()
    again = [f for f in earlier if f.body.framework == published.digest][-1:]
    clauses = [f"{published.pack.id}, {c.id}: {c.ref}" for c in published.pack.incident_categories if c.id == category]
    _post(book, said_of.Classified, body, found.stream, by, known_at, clauses, again, yes=yes, as_json=as_json)


@with_book
def report_filed(
    book: Book,
    stream: Stream,
    file: Annotated[str, typer.Argument(help="The report as filed, or its sha256:….")],
    regime: Regime,
    recipient: Annotated[str, typer.Option(help="To whom.")],
    kind: Annotated[str, typer.Option(help="initial, intermediate, final, amended.")] = "initial",
    missing: Annotated[
        list[str] | None, typer.Option(help="Id of a field that is not known yet; default: what the file says.")
    ] = None,
    awareness_at: Annotated[
        str | None, typer.Option(help="Time; default: when the model's part was first known.")
    ] = None,
    submitted_at: Annotated[str | None, typer.Option(help="Time; default: now.")] = None,
    obligation: Annotated[
        str | None, typer.Option(help="The one duty that it fulfils, where several would be.")
    ] = None,
    by: As = "responder",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Record that a report was filed, complete or not. Example: holdpoint incident report-filed one one-eu.json \
--regime eu-gpai-cop-safety-security --recipient 'AI Office' --yes"""
    found, published = _observed(book, stream), published_as(book.known(), regime)
    known, _ = book.incident(found.stream)
    aware = awareness_at or (known or {}).get("involvement_known_at")
    if aware is None:
        detail = "when the model's part was known is not recorded"
        raise Fault(
            "flags-missing", "failed", detail, "give --awareness-at TIME, or record it: holdpoint incident involve"
        )
    body: dict[str, Any] = {
        "awareness_at": aware, "digest": digest_or_file(file), "framework": published.digest, "incident": reference_to(found),
        "fields_missing": list(missing) if missing is not None else _missing_in(file), "kind": kind, "recipient": recipient,
        "submitted_at": submitted_at or book.now(),
    }  # fmt: skip
    body |= {} if obligation is None else {"obligation": obligation}
    clauses = [f"{published.pack.id}, {o.id}: {o.ref}" for o in published.pack.obligations if o.report == kind]
    _post(book, said_of.ReportFiled, body, found.stream, by, None, clauses, yes=yes, as_json=as_json)


def _missing_in(file: str) -> list[str]:
    """The fields that a file of `report incident` says are missing; none where it is another file."""
    if file.startswith("sha256:"):
        return []
    try:
        said = msgspec.json.decode(readable(Path(file)))
    except (msgspec.DecodeError, RecursionError):
        return []
    if not isinstance(said, dict) or said.get("schema") != "holdpoint.incident-report/1":
        return []
    return [str(name) for key in ("fields_missing", "fields_withheld") for name in said.get(key, ())]


@with_book
def resolve(
    book: Book,
    stream: Stream,
    resolved_at: Annotated[str | None, typer.Option(help="Time; default: now.")] = None,
    corrective: Annotated[list[str] | None, typer.Option(help="What was done, a line each.")] = None,
    root_cause: Annotated[str | None, typer.Option(help="Why it happened; it is withheld.")] = None,
    withhold: Withhold = None,
    by: As = "responder",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Record that it is over. Example: holdpoint incident resolve one --corrective 'keys replaced' --yes"""
    found = _observed(book, stream)
    body: dict[str, Any] = {
        "corrective": corrective or [], "incident": reference_to(found), "resolved_at": resolved_at or book.now(),
    }  # fmt: skip
    body |= {} if root_cause is None else {"root_cause": root_cause}
    facts: tuple[Fact, ...] = book.known(found.stream).get("incident", found.stream) or ()
    again = [f for f in facts if isinstance(f.body, said_of.Resolved)][-1:]
    _post(book, said_of.Resolved, body, found.stream, by, None, (), again, yes=yes, as_json=as_json, withhold=withhold)


def _observed(book: Book, stream: str) -> Fact:
    """The observation that opened the incident. Raises `Fault` `not-found`."""
    name = incident_stream(stream)
    facts: tuple[Fact, ...] = book.known(name).get("incident", name) or ()
    found = next((f for f in facts if isinstance(f.body, said_of.Observed)), None)
    if found is None:
        raise Fault("not-found", "failed", f"nothing was observed in {name}", f"holdpoint incident observe {name}")
    return found


def _post(
    book: Book, kind: type[Body], body: dict[str, Any], stream: str, by: str, known_at: str | None, clauses: Any = (),
    causes: Any = (), *, yes: bool, as_json: bool, withhold: list[str] | None = None,
) -> None:  # fmt: skip
    place: dict[str, Any] = {} if known_at is None else {"known_at": parse_time(known_at)}
    if causes:
        place["causes"] = [reference_to(f) for f in causes]
    done = sign_and_post(book, Asker(yes=yes), kind, body, stream, by, clauses, place=place, withhold=withhold)
    posted(f"incident-{kind.event.name.partition('.')[2]}", [done], as_json=as_json, book=book)
