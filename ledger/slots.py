"""How many digests a statement carries: fixed per type, decoys included, so that no count tells anything (formats.md §8)."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from msgspec import UNSET, Struct

from ledger.event import Body, EventType
from ledger.reasons import Reason, Refused


def slots_refusal(body: Body) -> Refused | None:
    """Why the digests of a statement's body are not as the field table of its type wants them, or `None`."""
    slots = 0 if body.derived else body.event.slots
    sd = getattr(body, "sd", UNSET)
    found = () if sd is UNSET else sd
    if not _filled(found, slots):
        return Refused(Reason.SD_SLOTS, f"_sd holds exactly {slots} distinct digests, ascending, decoys included")
    return _inner_refusal(body, found) if body.event.elements or body.event.members else None


def _inner_refusal(body: Body, digests: Sequence[str]) -> Refused | None:
    """The same inside a member: arrays with a hidden element at their cap, the `_sd` of an object, and no digest twice.

    A digest in two places is refused here, for whoever opens the entry later must refuse it (RFC 9901 §7.1).
    """
    met = list(digests)
    for elements in body.event.elements:
        value = getattr(body, elements.field)
        elements_of = value if isinstance(value, tuple) else ()
        hidden = [d for one in elements_of if isinstance(d := getattr(one, "digest", None), str)]
        if hidden and len(value) != elements.cap:
            detail = f"{elements.field} with a withheld element has exactly {elements.cap}, decoys included"
            return Refused(Reason.SD_SLOTS, detail)
        met += hidden
    for members in body.event.members:
        inside = getattr(body, members.field)
        if not isinstance(inside, Struct):
            continue
        sd = getattr(inside, "sd", UNSET)
        own = () if sd is UNSET else sd
        if not _filled(own, members.slots):
            detail = (
                f"the _sd of {members.field} holds exactly {members.slots} distinct digests, ascending, decoys included"
            )
            return Refused(Reason.SD_SLOTS, detail)
        met += own
    if len(set(met)) != len(met):
        return Refused(Reason.SD_SLOTS, "one digest stands in a body in two places")
    return None


def slots_fault(kind: EventType, member: str, value: Any) -> str | None:
    """The same of what stands inside a member that was disclosed, which admission could not see; in words what is wrong."""
    for elements in kind.elements:
        if elements.field != member or not isinstance(value, list) or len(value) == elements.cap:
            continue
        if any(is_hidden(one) for one in value):
            return f"{member} with a withheld element has exactly {elements.cap}, decoys included"
    for members in kind.members:
        if members.field == member and isinstance(value, Mapping):
            found = value.get("_sd", ())
            if not isinstance(found, Sequence) or not _filled(found, members.slots):
                return f"the _sd of {member} holds exactly {members.slots} distinct digests, ascending, decoys included"
    return None


def open_members(kind: EventType, body: Mapping[str, Any]) -> frozenset[str]:
    """The members of a sealed body that show something: not those of which every element is hidden."""
    arrays = {e.field for e in kind.elements}
    return frozenset(
        name
        for name, value in body.items()
        if name != "_sd" and not (name in arrays and value and all(is_hidden(one) for one in value))
    )


def is_hidden(one: Any) -> bool:
    """Whether an element is withheld, or a decoy."""
    return isinstance(one, Mapping) and "..." in one


def _filled(digests: Sequence[str], slots: int) -> bool:
    return len(digests) == slots and all(one < two for one, two in pairwise(digests))
