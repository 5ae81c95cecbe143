"""Admission rules of frameworks: publishing, adopting, whom a law reaches, what changed at its source, how a clause is read."""

from collections.abc import Iterator

from ledger.errors import Malformed
from ledger.event import Event
from ledger.events import framework
from ledger.reasons import Reason, Refused
from ledger.state import State
from policies.facts import Fact, Published
from policies.framework import pack_digest, parse_pack
from policies.pack import Pack
from policies.pack_duties import Obligation, Prohibition, Retention
from policies.pack_fault import PARTS
from policies.pack_gate import Gate
from policies.references import happened, published_of, revises, said_already, speaks_as


def framework_rule(state: State, event: Event) -> Refused | None:
    """The rule of a `framework.*` event that does not hold, or `None`."""
    match event.body:
        case framework.Published() as said:
            return _published(state, said)
        case framework.Adopted() as said:
            return _adopted(state, said)
        case framework.ScopeDetermined() as said:
            return _scope(state, event, said)
        case framework.SourceDrifted() as said:
            return _drifted(state, event, said)
        case framework.Interpreted() as said:
            return _interpreted(state, event, said)
        case _:
            return None


def _published(state: State, said: framework.Published) -> Refused | None:
    try:
        pack = parse_pack(said.pack)
    except Malformed as err:
        return Refused(Reason.PACK_MALFORMED, f"{err.code} at {err.place}")
    if pack_digest(said.pack) != said.digest or pack.id != said.id or pack.source.digest != said.source_digest:
        return Refused(Reason.PACK_DIGEST_MISMATCH, "digest, id and source digest are those of the pack itself")
    if state.get("published", said.digest) is not None:
        return Refused(Reason.PACK_DIGEST_MISMATCH, "this very pack is published already")
    return None


def _adopted(state: State, said: framework.Adopted) -> Refused | None:
    published: Published | None = state.get("published", said.digest)
    if published is None or published.pack.id != said.id:
        return Refused(Reason.FRAMEWORK_UNKNOWN, "no pack of this id and digest is published")
    if published.pack.binds == "law":
        detail = (
            f"{said.id} is a law: it binds from its date; framework.scope-determined says whether it reaches the lab"
        )
        return Refused(Reason.CONTRADICTION, detail)
    if said.supersedes is not None and state.get("adopted", said.supersedes) is None:
        return Refused(Reason.FRAMEWORK_NOT_ADOPTED, "the framework it supersedes is not adopted")
    return None


def classes_of(pack: Pack) -> frozenset[str]:
    """The classes of developers that the pack's clauses tell apart: whom the pack, or a clause of it, binds."""
    return frozenset(_bound(pack)) - {"per_clause"}


def _bound(pack: Pack) -> Iterator[str]:
    parts: tuple[Pack | Gate | Obligation | Retention | Prohibition, ...] = (
        pack, *pack.gates, *pack.obligations, *pack.retention, *pack.prohibitions,
    )  # fmt: skip
    for part in parts:
        if part.binds_whom is not None:
            yield part.binds_whom
    yield from (t.defines for t in pack.thresholds if t.defines is not None)


def _scope(state: State, event: Event, said: framework.ScopeDetermined) -> Refused | None:
    published = published_of(state, said.digest, said.id)
    if isinstance(published, Refused):
        return published
    pack = published.pack
    if pack.binds == "own":
        return Refused(Reason.CONTRADICTION, f"{pack.id} is the lab's own: it binds by its adoption")
    known = classes_of(pack)
    unknown = sorted(set(said.binds_as) - known)
    if unknown:
        return Refused(Reason.CLAUSE_UNKNOWN, f"{pack.id} binds no {', '.join(unknown)}")
    if bool(said.binds_as) != (said.applies and bool(known)):
        return Refused(
            Reason.CONTRADICTION, "a law that reaches the lab reaches it as one of its classes, and only then"
        )
    earlier: tuple[Fact, ...] = state.get("scope", said.id) or ()
    return revises(event, earlier[-1] if earlier else None)


def _drifted(state: State, event: Event, said: framework.SourceDrifted) -> Refused | None:
    published = published_of(state, said.digest, said.id)
    if isinstance(published, Refused):
        return published
    source = published.pack.source
    if said.expected != source.digest:
        return Refused(
            Reason.PACK_DIGEST_MISMATCH, "what was expected is not the document that the pack was written from"
        )
    if said.found in (source.digest, *source.variants):
        return Refused(Reason.CONTRADICTION, "what was found is a document that the pack knows: nothing drifted")
    earlier: tuple[Fact, ...] = state.get("drifted", said.digest) or ()
    same = next((f for f in earlier if f.body.found == said.found), None)
    return said_already(same, "this very drift was recorded") or happened(event, seen_at=said.seen_at)


def _interpreted(state: State, event: Event, said: framework.Interpreted) -> Refused | None:
    published = published_of(state, said.digest, said.id)
    if isinstance(published, Refused):
        return published
    pack = published.pack
    if not any(said.clause == item.id for part in PARTS for item in getattr(pack, part)):
        return Refused(Reason.CLAUSE_UNKNOWN, f"{pack.id} declares no {said.clause}")
    return speaks_as(state, event, pack, said.role)
