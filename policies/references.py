"""What a statement leans on, as refusals: the pack, clause, role, model, entry or earlier word that it names is there."""

from typing import Any

from ledger.event import Event
from ledger.fields import Reference
from ledger.place import SKEW_AHEAD_US
from ledger.reasons import Reason, Refused
from ledger.state import State
from ledger.strict import micros
from ledger.trust import live_pack_role
from policies.facts import Fact, Published
from policies.pack import Pack


def published_of(state: State, digest: str, name: str | None = None) -> Published | Refused:
    """The published pack of a digest, and of that id where one is given: a law binds without being adopted."""
    published: Published | None = state.get("published", digest)
    if published is None or name not in (None, published.pack.id):
        return Refused(
            Reason.FRAMEWORK_UNKNOWN, "no pack of this digest" + (" and id" if name else "") + " is published"
        )
    return published


def pack_of(state: State, digest: str) -> Published | Refused:
    """The published and adopted pack of a digest; a law is adopted by nobody."""
    published = published_of(state, digest)
    if isinstance(published, Refused):
        return published
    if published.pack.binds != "law" and state.get("adopted", digest) is None:
        return Refused(Reason.FRAMEWORK_NOT_ADOPTED, f"{published.pack.id} is published, not adopted")
    return published


def refers(state: State, table: str, reference: Reference, stream: str) -> Refused | None:
    """The reference is to an entry of the right kind in the same stream."""
    fact: Fact | None = state.get(table, str(reference.index))
    if fact is None or fact.stream != stream:
        return Refused(Reason.REFERENCE_WRONG, f"entry {reference.index} is not of the kind named, in this stream")
    return None


def models_known(state: State, streams: tuple[str, ...]) -> Refused | None:
    """A model is registered in each of the streams."""
    for stream in streams:
        if state.get("subject", stream) is None:
            return Refused(Reason.SUBJECT_UNKNOWN, f"no model is registered in {stream}")
    return None


def declared(pack: Pack, part: str, names: tuple[str, ...]) -> Refused | None:
    """Each name is the id of one of the pack's `part`, such as `obligations`."""
    known = {item.id for item in getattr(pack, part)}
    unknown = [n for n in names if n not in known]
    if unknown:
        reason = Reason.THRESHOLD_UNKNOWN if part == "thresholds" else Reason.CLAUSE_UNKNOWN
        return Refused(reason, f"{pack.id} has no {part} {', '.join(unknown)}")
    return None


def held(state: State, event: Event, pack_id: str, role: str) -> bool:
    """Whether a signer holds the role of the pack, at this index and for this stream."""
    grants = [live_pack_role(state, pack_id, role, who, event.recorded_at) for who in event.principals]
    return any(g is not None and g.covers(event.stream) for g in grants)


def speaks_as(state: State, event: Event, pack: Pack, role: str | None) -> Refused | None:
    """Who speaks as a role of the pack holds it; where no role is named, nobody has to."""
    if role is None:
        return None
    refusal = declared(pack, "roles", (role,))
    if refusal is not None:
        return refusal
    if held(state, event, pack.id, role):
        return None
    return Refused(Reason.ROLE_MISSING, f"no signer holds {role} of {pack.id} for this stream", (("role", role),))


def decided_here(state: State, stream: str, reference: Reference | None) -> Refused | None:
    """The decision named is one on this model."""
    if reference is None or any(f.index == reference.index for f in state.get("decision", stream) or ()):
        return None
    return Refused(Reason.REFERENCE_WRONG, "the decision is not one on this model")


def happened(event: Event, **times: str | None) -> Refused | None:
    """Times in the order given, each told or left out, and none later than the recorded time (a skewed clock aside)."""
    told = [(name, time) for name, time in times.items() if time is not None]
    for name, time in told:
        if micros(time) - micros(event.recorded_at) > SKEW_AHEAD_US:
            return Refused(Reason.CLOCK_SKEW, f"{name} lies more than 300 s after the recorded time")
    for (one, first), (other, then) in zip(told, told[1:], strict=False):
        if then < first:
            return Refused(Reason.CONTRADICTION, f"{other} lies before {one}")
    return None


def said_already(fact: Fact | None, what: str) -> Refused | None:
    """What can be said once is not said yet."""
    if fact is None:
        return None
    facts = (("first_index", str(fact.index)),)
    return Refused(Reason.SAID_ALREADY, f"{what} at index {fact.index}", facts)


def revises(event: Event, standing: Any) -> Refused | None:
    """Who says anew what stands already names it among the causes: of two who speak at once, the second hears of the first."""
    if standing is None or any(c.index == standing.index for c in event.causes):
        return None
    facts = (("first_index", str(standing.index)),)
    detail = f"entry {standing.index} says this already: to revise it, name it among the causes"
    return Refused(Reason.REVISION_UNSAID, detail, facts)
