"""`gate`, `history`: questions, answered at a named position."""

import re
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from api.about import position as placed
from api.author import statement_of
from api.book import Book, readable
from api.cli.options import At, Audience, Facts, Hosts, Json, Jurisdictions, Surfaces, position, with_book
from api.cli.output import answer, emit, say, warn
from api.cli.said_first import alerts
from api.cli.signing import model_stream, pairs_of
from api.cli.status import WhatIf, say_supposed
from api.gate_text import screen
from api.search import Sought
from api.unblock import People, people_of
from api.what_if import read_hypotheses
from api.withheld_record import artifact_of
from auditor.explain import visible
from disclosures.alerts import alert_lines, break_glass_of
from ledger.canonical import dumps
from ledger.envelope import read_envelope
from ledger.errors import Fault, Malformed
from ledger.events import action as action_events
from policies.answer import Answer, AsOf, Clearance, Finding, Request
from policies.clear import clear
from policies.decide import request_of
from policies.evaluate import evaluate
from policies.facts import Fact
from policies.pack_gate import Action

HEX32 = re.compile(r"[0-9a-f]{64}")


@with_book
def gate(
    book: Book,
    model: Annotated[str | None, typer.Argument(help="The model's stream; not with --request.")] = None,
    action: Annotated[str | None, typer.Argument(help="train, external_deploy, …; not with --request.")] = None,
    at: At = None,
    asked: Annotated[
        str | None,
        typer.Option("--request", help="A recorded request's digest, or the file of one: asks its question."),
    ] = None,
    artifact: Annotated[
        str | None,
        typer.Option(help="What would be deployed: file of the weights, sha256:…, or subject digest in hex."),
    ] = None,
    audience: Audience = None,
    surface: Surfaces = None,
    host: Hosts = None,
    jurisdiction: Jurisdictions = None,
    fact: Facts = None,
    accept: Annotated[
        str | None, typer.Option("--accept-conditions", help="Digest of exactly these conditions: exit 0 under them.")
    ] = None,
    what_if: WhatIf = None,
    as_json: Json = False,
) -> None:
    """May it happen now? Exit 0 only for permit. Example: holdpoint gate model/one external_deploy --audience general"""
    if asked is not None:
        request = _asked(book, asked)
    elif model is None or action is None:
        raise Fault("usage", "failed", "what is asked?", "name MODEL and ACTION, or --request")
    elif action not in get_args(Action):
        raise Fault("usage", "failed", f"no pack can gate {action}", f"name one of {', '.join(get_args(Action))}")
    else:
        stream = model_stream(model)
        subject = None if artifact is None else artifact_of(book, stream, artifact)
        facts = tuple(sorted(pairs_of("--fact", fact or ()).items()))
        request = Request(
            stream, action, subject, audience, tuple(surface or ()), tuple(host or ()), tuple(jurisdiction or ()), facts
        )
    if what_if is None:
        verdict, clearance, as_of = book.ask(request, position(at))
        glass, supposed = book.break_glass(position(at)), None
        people = _people(book, request, as_of)
    else:  # over a hypothesis, which clears nothing: it never exits with 0
        would = book.suppose(read_hypotheses(readable(what_if)), position(at))
        state, as_of, supposed = would.state, would.as_of, would.told
        verdict = evaluate(state, request, as_of)
        clearance = clear(state, verdict, request, as_of)
        glass, people = break_glass_of(state), people_of(state, as_of.time)
    terms = conditions_digest(clearance)
    accepted = clearance.answer is Answer.PERMIT_WITH_CONDITIONS and accept == terms
    cleared = supposed is None and (clearance.answer is Answer.PERMIT or accepted)
    if as_json:
        code = "hypothetical" if supposed is not None else clearance.reasons[0] if clearance.reasons else "none"
        more: dict[str, Any] = {} if supposed is None else {"hypothetical": True, "supposed": supposed}
        answer(
            "gate", [finding(f) for f in verdict.findings], book=book, ok=cleared, code=code,
            clearance=clearance.answer.value, verdict=verdict.answer.value, reasons=list(clearance.reasons),
            conditions=list(clearance.conditions), conditions_digest=terms, divergence=clearance.divergence,
            decision=clearance.decision, missing=list(clearance.missing), break_glass=glass, laws=list(verdict.laws),
            as_of=placed(as_of), **more,
        )  # fmt: skip
    else:
        say_supposed(supposed)
        for line in alert_lines(glass):
            say(visible(line))
        say(screen(request, verdict, clearance, as_of, people, book.where))
        if clearance.answer is Answer.PERMIT_WITH_CONDITIONS and supposed is None:
            say(f"  {'accepted by' if accepted else 'to accept exactly these:'} --accept-conditions {terms}")
    raise SystemExit(0 if cleared else 3)


def finding(f: Finding) -> dict[str, Any]:
    """A finding as JSON."""
    return {"pack": f.pack, "clause": f.clause, "ref": f.ref, "requirement": f.requirement, "state": f.state,
            "why": f.why, "indexes": list(f.indexes)}  # fmt: skip


def conditions_digest(clearance: Clearance) -> str:
    """What `--accept-conditions` names: SHA-256 (hex) over the RFC 8785 array of the conditions."""
    return sha256(dumps(list(clearance.conditions))).hexdigest()


def _people(book: Book, request: Request, as_of: AsOf) -> People:
    """Who holds which role; nobody, where this reader's token doesn't open entries."""
    try:
        return people_of(book.known(request.stream), as_of.time)
    except Fault:
        return People()


def _asked(book: Book, text: str) -> Request:
    """The question of a request: recorded, by its statement digest; or in a file, as an envelope or a statement."""
    if HEX32.fullmatch(text) is not None:
        return request_of(_recorded(book, text))
    raw = readable(Path(text))
    try:
        payload = read_envelope(raw).payload
    except Malformed:
        payload = raw
    statement = statement_of(payload)
    said = statement.predicate.body
    if not isinstance(said, action_events.Requested):
        raise Malformed("request", "predicateType", "not-a-request")
    if (statement.predicate.ledger, statement.predicate.founding) != (book.audience.origin, book.audience.founding):
        raise Malformed("request", "ledger", "wrong-ledger")
    return Request(
        statement.predicate.stream, said.action, said.artifact, said.audience, said.surfaces, said.hosts,
        said.jurisdictions, tuple(sorted(said.facts.items())),
    )  # fmt: skip


def _recorded(book: Book, digest: str) -> Fact:
    found: Fact | None = book.known().get("request", digest)
    if found is None:
        detail = f"no request {digest[:16]}… is recorded here"
        raise Fault("request-missing", "failed", detail, "name the envelope's file, or MODEL and ACTION")
    return found


@with_book
def history(
    book: Book,
    stream: Annotated[str | None, typer.Argument(help="A stream, such as model/one or ledger; default: all.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="An event type, or how its name begins: incident.")] = None,
    model: Annotated[str | None, typer.Option(help="What is said of this model, in any stream.")] = None,
    text: Annotated[str | None, typer.Option(help="Entries whose open fields hold this text.")] = None,
    after: Annotated[int, typer.Option(min=-1, help="Entries with a higher index.")] = -1,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many; go on with --after.")] = 100,
    as_json: Json = False,
) -> None:
    """Entries, in order: of a stream, of a type, of a model, with a text. Example: holdpoint history model/one"""
    sought = Sought(stream, kind, None if model is None else model_stream(model), text)
    rows = book.page(sought, after, limit)
    alerts(book, as_json=as_json)
    about = {s for s in (sought.stream, sought.model) if s is not None}
    diverging = {d["index"]: d["divergence"] for d in book.diverging() if not about or d["stream"] in about}
    if not as_json:
        for index, said in sorted(diverging.items()):
            say(visible(f"DIVERGENCE, index {index}: {said}"))
    for row in rows:
        if as_json:
            emit({"schema": "holdpoint.history/1", "index": row.index, "leaf": row.leaf, "recorded_at": row.recorded_at,
                  "stream": row.stream, "type": row.type, "version": row.version,
                  "divergence": diverging.get(row.index)})  # fmt: skip
        else:
            place = "" if row.stream == stream else f"  {row.stream}"
            note = "  DIVERGENCE" if row.index in diverging else ""
            say(f"{row.index:>6}  {row.recorded_at}  {visible(row.type + place)}{note}")
    if not rows:
        named = ", ".join(visible(v) for v in (stream, kind, model, text) if v is not None)
        warn(f"no entry{' of ' if named else ''}{named} after index {after}")
    elif len(rows) == limit:
        warn(f"more may follow: --after {rows[-1].index}")
    raise SystemExit(0 if rows else 5)


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    for command in (gate, history):
        app.command()(command)
