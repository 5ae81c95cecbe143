"""Admission rules of what people say of duties, of concerns, and of what was handed over."""

from typing import Any

from ledger.event import Event
from ledger.events import concern, disclosure, obligation, replay
from ledger.reasons import Reason, Refused
from ledger.registry import BY_NAME
from ledger.state import State
from policies.facts import Fact, opened_of
from policies.pack_duties import Obligation
from policies.references import declared, happened, published_of, refers, revises, said_already


def duty_rule(state: State, event: Event) -> Refused | None:
    """The rule of an `obligation.*`, `concern.*`, `disclosure.*` or `replay.*` event that does not hold, or `None`."""
    match event.body:
        case obligation.Fulfilled() as said:
            return _duty(state, event, said) or happened(event, fulfilled_at=said.fulfilled_at)
        case obligation.Tolled() as said:
            if said.until <= event.occurred_at:
                return Refused(
                    Reason.CONTRADICTION, "a clock stands still until a time to come, told from when it occurred"
                )
            return _duty(state, event, said)
        case obligation.NotApplicable() as said:
            return _duty(state, event, said)
        case concern.Raised() as said:
            first = next(iter(state.get("concern", event.stream) or ()), None)
            pack = None if said.framework is None else published_of(state, said.framework)
            return said_already(first, "a concern was raised in this stream") or (
                pack if isinstance(pack, Refused) else None
            )
        case concern.Assigned() | concern.Found() as said:
            return refers(state, "raised", said.concern, event.stream) or _found(state, event)
        case disclosure.Made() as said:
            if not said.first <= said.last < said.checkpoint.size:
                return Refused(
                    Reason.CONTRADICTION, "the entries lie in the order first, last, inside the checkpoint's size"
                )
            return _inside(event, said.checkpoint.size)
        case disclosure.Erased() as said:
            return _erased(state, event, said)
        case replay.Performed() as said:
            return _inside(event, said.size)
        case _:
            return None


def _duty(state: State, event: Event, said: Any) -> Refused | None:
    published = published_of(state, said.framework)
    if isinstance(published, Refused):
        return published
    pack = published.pack
    refusal = declared(pack, "obligations", (said.obligation,))
    if refusal is not None:
        return refusal
    if (said.opened_by is None) == (said.period is None):
        return Refused(
            Reason.CONTRADICTION, "a duty is opened by an entry or by a period: exactly one of the two is named"
        )
    duty = next(o for o in pack.obligations if o.id == said.obligation)
    refusal = _opened_wrong(duty, by_period=said.period is not None)
    if refusal is not None:
        return refusal
    stream = f"obligation/{pack.id.lower()}/{duty.id.lower()}/{opened_of(said)}"
    if event.stream != stream:
        return Refused(Reason.STREAM_MISMATCH, f"what is said of this duty stands in {stream}")
    if duty.every is not None and said.opened_by is not None:
        return None  # it comes again and again after one event: a second word is on the next time
    key = f"{said.framework}|{said.obligation}|{opened_of(said)}"
    return revises(event, _standing(state.get("obligation_said", key) or (), said))


def _opened_wrong(duty: Obligation, *, by_period: bool) -> Refused | None:
    """The calendar opens by periods, an event by entries; what nobody tracks is opened as whoever speaks of it says."""
    if duty.trigger_event == "not_tracked" or by_period == (duty.trigger_event == "calendar"):
        return None
    how = (
        "the calendar: period names its first day"
        if not by_period
        else f"{duty.trigger_event}: opened_by names the entry"
    )
    return Refused(Reason.CONTRADICTION, f"{duty.id} is opened by {how}")


def _standing(earlier: tuple[Fact, ...], said: Any) -> Fact | None:
    """What was said of the duty that this replaces: the word that closed it, and for a tolling the tolling before."""
    closing = (obligation.Fulfilled, obligation.NotApplicable)
    kinds = (*closing, obligation.Tolled) if isinstance(said, obligation.Tolled) else closing
    return next((f for f in reversed(earlier) if isinstance(f.body, kinds)), None)


def _found(state: State, event: Event) -> Refused | None:
    """A second finding, and an assignment after a finding, name the finding."""
    earlier: tuple[Fact, ...] = state.get("concern", event.stream) or ()
    return revises(event, next((f for f in reversed(earlier) if isinstance(f.body, concern.Found)), None))


def _erased(state: State, event: Event, said: disclosure.Erased) -> Refused | None:
    """What is erased was withheld, in entries before this one. Whether its time has passed is asked at the door."""
    if event.stream != disclosure.erasures_of(said.stream):
        return Refused(
            Reason.STREAM_MISMATCH, f"what is erased of that stream stands in {disclosure.erasures_of(said.stream)}"
        )
    if not said.first <= said.last < event.index or state.get("stream", said.stream) is None:
        return Refused(Reason.REFERENCE_WRONG, "first and last, in this order, are entries of a stream before this one")
    types = [c.type for c in said.classes]
    for one in said.classes:
        kind = BY_NAME.get(one.type)
        known = () if kind is None else kind.event.hideable
        if list(one.fields) != sorted(set(one.fields)) or not set(one.fields) <= set(known):
            return Refused(
                Reason.CONTRADICTION, f"{one.type}: fields ascend, and each is one that the type may withhold"
            )
    if types != sorted(set(types)):
        return Refused(Reason.CONTRADICTION, "event types ascend, each once")
    return None


def _inside(event: Event, size: int) -> Refused | None:
    if size > event.index:
        return Refused(Reason.REFERENCE_WRONG, "the checkpoint is larger than the log")
    return None
