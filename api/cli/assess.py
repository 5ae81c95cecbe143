"""`register`, `determine`, `attest`, `reassess`: what is known about a model, said and signed by people."""

import json
import os
from hashlib import file_digest
from pathlib import Path
from typing import Annotated, Any

import typer

from api.book import Book
from api.cli.asking import Asker
from api.cli.options import As, Evidence, Framework, Json, Model, Reason, Withhold, Yes, with_book
from api.cli.output import posted
from api.cli.signing import (
    begin,
    model_stream,
    one_pack,
    packs_now,
    references_to,
    sign_and_post,
    subject_of,
)
from api.cli.words import clause_of
from ledger.errors import Fault
from ledger.events import model, reassessment, safeguard, threshold
from ledger.state import State
from ledger.statement import model_subject
from ledger.strict import parse_digest, shift
from policies.calendar import add_months
from policies.facts import Published

REVIEW_MONTHS = 3
CAUSES = ("compute", "age", "capability", "safeguard-failure", "release", "discretion", "framework-change", "other")


def digest_or_file(text: str) -> str:
    """`sha256:…` as it stands, or the digest of a file. Raises `Fault` `file-unreadable`, `Malformed`."""
    if text.startswith("sha256:"):
        return parse_digest(text)
    try:
        with Path(text).open("rb") as stream:
            return "sha256:" + file_digest(stream, "sha256").hexdigest()
    except OSError as err:
        remedy = "name a file that can be read, or its sha256:…"
        raise Fault("file-unreadable", "failed", f"{text}: {err.strerror}", remedy) from err


@with_book
def register_(
    book: Book,
    stream: Annotated[str, typer.Argument(help="A new stream, model/….")],
    name: Annotated[str | None, typer.Option(help="The model's name; it is withheld.")] = None,
    weights: Annotated[str | None, typer.Option(help="File of the weights, or its sha256:…; withheld.")] = None,
    kind: Annotated[str, typer.Option(help="base, snapshot, helpful_only, fine_tune, distilled, system.")] = "base",
    parent: Annotated[str | None, typer.Option(help="The stream of the model it comes from.")] = None,
    relation: Annotated[str | None, typer.Option(help="helpful_only_of, checkpoint_of, fine_tune_of, …")] = None,
    compute_ratio: Annotated[str | None, typer.Option(help="Effective compute as a ratio to the parent's.")] = None,
    withhold: Withhold = None,
    by: As = "assessor",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Register a model. Example: holdpoint register model/two --name Two --weights README.md --as assessor --yes"""
    if compute_ratio is not None and parent is None:
        raise Fault("flags-missing", "failed", "a ratio of compute is to another model's", "give --parent MODEL too")
    asker = Asker(yes=yes)
    name = asker.text("--name", "name of the model, which stays here", name)
    weights = asker.text("--weights", "file of its weights, or sha256:…", weights)
    asker.settle()
    stream, weights = model_stream(stream), digest_or_file(weights)
    body: dict[str, Any] = {"kind": kind, "subject": {"name": name, "weights": weights}}
    parent = None if parent is None else model_stream(parent)
    body |= {k: v for k, v in (("parent", parent), ("relation", relation)) if v is not None}
    if compute_ratio is not None:
        body["effective_compute"] = {"of": parent, "ratio": compute_ratio}
    salt = os.urandom(16)
    subject = model_subject(salt, name, weights)
    said = json.dumps({"name": name, "salt": salt.hex(), "subject": subject, "weights": weights})
    record = (f"disclosures/{subject}.subject.json", said.encode())
    done = sign_and_post(
        book,
        asker,
        model.Registered,
        body,
        stream,
        by,
        subject=subject,
        subject_salt=salt,
        record=record,
        withhold=withhold,
    )
    posted("register", [done], as_json=as_json, book=book)


@with_book
def determine(
    book: Book,
    stream: Model,
    name: Annotated[str, typer.Argument(metavar="THRESHOLD", help="The threshold, as the pack names it.")],
    state: Annotated[str | None, typer.Option(help="One of the states that the pack declares.")] = None,
    rationale: Annotated[str | None, typer.Option(help="Why; it is withheld.")] = None,
    confidence: Annotated[str | None, typer.Option(help="How sure; it is withheld.")] = None,
    evidence: Annotated[list[int] | None, typer.Option(help="Index; default: the runs pre-registered for it.")] = None,
    review_by: Annotated[
        str | None, typer.Option(help="Time; default: when the pack wants it looked at again.")
    ] = None,
    precautionary: Annotated[bool, typer.Option("--precautionary", help="Assumed, not shown.")] = False,
    covered_by: Annotated[int | None, typer.Option(help="Index of the earlier determination that covers it.")] = None,
    vector: Annotated[list[str] | None, typer.Option(help="A harm vector known for it.")] = None,
    dissent: Annotated[
        list[str] | None, typer.Option(help="A dissenting view; open unless --withhold dissent.*")
    ] = None,
    framework: Framework = None,
    withhold: Withhold = None,
    by: As = "assessor",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Determine a threshold. Example: holdpoint determine model/one CBRN-4 --state below --rationale 'shown' --yes"""
    stream, asker, known = begin(book, stream, yes=yes)
    subject_of(known, stream)
    fitting = [p for p in packs_now(book, known) if p.pack.threshold(name) is not None]
    published = one_pack(fitting, framework, f"threshold {name}")
    watched = published.pack.threshold(name)
    tokens = [s.id for s in published.pack.states]
    state = asker.text("--state", f"state of {name}", state, tokens)
    rationale = asker.text("--rationale", "rationale, which stays here", rationale)
    asker.settle()
    cited = evidence if evidence is not None else runs_for(known, stream, published, name)
    body: dict[str, Any] = {
        "evidence": references_to(book, known, cited),
        "framework": published.digest,
        "made": "role",
        "precautionary": precautionary,
        "rationale": rationale,
        "review_by": review_by or review_time(book, published),
        "state": state,
        "subjects": [stream],
        "threshold": name,
    }
    if vector:
        body["vectors"] = vector
    if dissent:
        body["dissent"] = dissent
    if confidence is not None:
        body["confidence"] = confidence
    if covered_by is not None:
        (body["covered_by"],) = references_to(book, known, [covered_by])
    clauses = [f"{published.pack.id}, {name}: {watched.ref}. {watched.summary}"] if watched is not None else []
    clauses += [clause_of(published, g) for g in published.pack.gates if name in g.when.any_of]
    done = sign_and_post(book, asker, threshold.Determined, body, stream, by, clauses, withhold=withhold)
    posted("determine", [done], as_json=as_json, book=book)


def runs_for(known: State, stream: str, published: Published, name: str) -> list[int]:
    """Indexes of the model's runs that were pre-registered for a threshold."""
    promised: tuple[int, ...] = known.get("promised", f"{stream}|{published.digest}|{name}") or ()
    return [index for p in promised for index in known.get("runs", str(p)) or ()]


def review_time(book: Book, published: Published) -> str:
    """When the pack wants a determination looked at again, from now."""
    rules = published.pack.reassess
    months = rules.max_age_months if rules is not None and rules.max_age_months is not None else REVIEW_MONTHS
    return add_months(book.now(), months)


@with_book
def attest(
    book: Book,
    models: Annotated[list[str], typer.Argument(metavar="MODEL…", help="Streams of the models it holds for.")],
    sets: Annotated[list[str] | None, typer.Option("--set", help="A set of the pack: all its safeguards.")] = None,
    names: Annotated[list[str] | None, typer.Option("--safeguard", help="One safeguard of the pack.")] = None,
    audience: Annotated[list[str] | None, typer.Option(help="Who has access, where it holds.")] = None,
    surface: Annotated[list[str] | None, typer.Option(help="Where it is offered.")] = None,
    host: Annotated[list[str] | None, typer.Option(help="Where it runs.")] = None,
    claim: Annotated[
        str | None, typer.Option(help="What is claimed; default: that they work as the pack says.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=1826, help="How long it holds.")] = 180,
    evidence: Annotated[list[Path] | None, typer.Option(help="A file; its digest and size are recorded.")] = None,
    independence: Annotated[str, typer.Option(help="internal, external or government.")] = "internal",
    vector: Annotated[list[str] | None, typer.Option(help="A harm vector that the claim covers.")] = None,
    detail: Annotated[str | None, typer.Option(help="How it works; it is withheld.")] = None,
    stream: Annotated[str | None, typer.Option(help="safeguard/…; default: by host.")] = None,
    framework: Framework = None,
    withhold: Withhold = None,
    by: As = "attester",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Attest safeguards. Example: holdpoint attest model/one --set ASL-2-SECURITY --audience general --host own-cloud \
--surface api --yes"""
    asker, streams = Asker(yes=yes), [model_stream(m) for m in models]
    known = book.known(*streams)
    for one in streams:
        subject_of(known, one)
    wanted = {*(sets or ()), *(names or ())}
    fitting = [
        p for p in packs_now(book, known) if wanted <= {s.id for s in p.pack.sets} | {s.id for s in p.pack.safeguards}
    ]
    published = one_pack(fitting, framework, " and ".join(sorted(wanted)) or "safeguards")
    if not wanted:
        sets = asker.many("--set", f"sets of {', '.join(s.id for s in published.pack.sets)}", sets)
    scope = {
        "audiences": asker.many("--audience", "audiences it holds for", audience),
        "hosts": asker.many("--host", "hosts it holds on", host),
        "subjects": streams,
        "surfaces": asker.many("--surface", "surfaces it holds on", surface),
    }
    asker.settle()
    listed = [m for s in published.pack.sets if s.id in (sets or ()) for m in s.safeguards] + (names or [])
    meant = [s for s in published.pack.safeguards if s.id in listed]
    if not meant:
        detail = f"{', '.join(sets or ())} has no safeguards: its issuer has not written this standard"
        raise Fault("flags-missing", "failed", detail, "nothing can be attested for it; no decision replaces it")
    now = book.now()
    body = {
        "claim": claim or f"{', '.join(s.id for s in meant)} of {published.pack.id} work as their clauses say",
        "evidence": [evidence_of(path) for path in evidence or ()],
        "framework": published.digest,
        "independence": independence,
        "safeguards": [s.id for s in meant],
        "scope": scope,
        "valid_from": now,
        "valid_until": shift(now, days=days),
    }
    body |= {"vectors": vector} if vector else {}
    body |= {} if detail is None else {"detail": detail}
    clauses = [f"{published.pack.id}, {s.id}: {s.ref}. {s.summary}" for s in meant]
    place = stream or f"safeguard/{scope['hosts'][0].lower() if scope['hosts'] else 'all'}"
    done = sign_and_post(book, asker, safeguard.Attested, body, place, by, clauses, withhold=withhold)
    posted("attest", [done], as_json=as_json, book=book)


def evidence_of(path: Path) -> dict[str, Any]:
    """A file as evidence: digest and size, never content; its name is its label."""
    digest = digest_or_file(str(path))
    return {
        "digest": digest, "label": path.name[:400], "media_type": "application/octet-stream",
        "size": path.stat().st_size,
    }  # fmt: skip


@with_book
def reassess(
    book: Book,
    stream: Model,
    cause: Annotated[str | None, typer.Option(help=", ".join(CAUSES))] = None,
    reason: Reason = None,
    name: Annotated[list[str] | None, typer.Option("--threshold", help="A threshold; default: all of them.")] = None,
    role: Annotated[str | None, typer.Option(help="The framework's role that asks for it.")] = None,
    evidence: Evidence = None,
    framework: Framework = None,
    by: As = "assessor",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Say that a model is to be assessed anew. Example: holdpoint reassess model/one --cause discretion \
--reason 'partners report more than we saw' --framework anthropic-rsp-2.2 --yes"""
    stream, asker, known = begin(book, stream, yes=yes)
    subject_of(known, stream)
    names = name or []
    fitting = [p for p in packs_now(book, known) if all(p.pack.threshold(n) is not None for n in names)]
    published = one_pack(fitting, framework, " and ".join(names) or "a reassessment")
    cause = asker.text("--cause", "cause", cause, CAUSES)
    reason = asker.text("--reason", "why", reason)
    asker.settle()
    body: dict[str, Any] = {
        "cause": cause,
        "evidence": references_to(book, known, evidence or ()),
        "framework": published.digest,
        "reason": reason,
        "thresholds": names,
    }
    if role is not None:
        body["role"] = role
    rules = published.pack.reassess
    clauses = [] if rules is None else [f"{published.pack.id}: {rules.ref}"]
    done = sign_and_post(book, asker, reassessment.Triggered, body, stream, by, clauses)
    posted("reassess", [done], as_json=as_json, book=book)


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command("register")(register_)
    app.command()(determine)
    app.command()(attest)
    app.command()(reassess)
