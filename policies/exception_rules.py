"""Admission rules of exceptions: a framework's own way out is used only as it is written there."""

from ledger.event import Event
from ledger.events import exception
from ledger.reasons import Reason, Refused
from ledger.state import State
from policies.facts import Fact
from policies.references import declared, held, pack_of


def exception_rule(state: State, event: Event) -> Refused | None:
    """The rule of an `exception.invoked` that does not hold, or `None`."""
    said = event.body
    if not isinstance(said, exception.Invoked):
        return None
    published = pack_of(state, said.framework)
    if isinstance(published, Refused):
        return published
    pack = published.pack
    refusal = declared(pack, "exceptions", (said.exception,))
    if refusal is not None:
        return refusal
    written = next(x for x in pack.exceptions if x.id == said.exception)
    if sorted(s.condition for s in said.shown) != sorted(written.conditions):
        return Refused(
            Reason.CONDITION_MISSING, f"{written.id} has {len(written.conditions)} conditions: all are shown, no other"
        )
    bare = [s.condition for s in said.shown if not s.evidence]
    if bare:
        return Refused(
            Reason.CONDITION_MISSING, f"{len(bare)} of the conditions of {written.id} are shown without evidence"
        )
    if said.valid_until is not None and said.valid_until <= event.recorded_at:
        return Refused(Reason.CONTRADICTION, "the exception would have ended before it begins")
    if said.request is not None:
        request: Fact | None = state.get("request", said.request)
        if request is None or request.stream != event.stream:
            return Refused(Reason.REQUEST_UNKNOWN, "no such request on this model; an edited request is another one")
        if said.framework not in request.body.packs:
            return Refused(Reason.REQUEST_MISMATCH, f"the request is not judged by {pack.id}")
    missing = sorted(r for r in written.approved_by if not held(state, event, pack.id, r))
    if missing:
        return Refused(Reason.QUORUM_SHORT, f"{written.id} is approved by {', '.join(missing)}")
    return None
