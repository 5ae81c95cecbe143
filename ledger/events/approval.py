"""`approval.given`, `.refused`, `.withdrawn`: four eyes as data (access.md §3)."""

from typing import Annotated

from msgspec import Meta

from ledger.event import Body, event
from ledger.fields import UNSET, Closed, Digest, Hex32, Name, Slots, Text, Texts, Time, UnsetType, Version

Packs = Annotated[tuple[Digest, ...], Meta(min_length=1, max_length=32)]


class Seen(Closed, frozen=True):
    """The checkpoint that the approver looked at: a mismatch is evidence of a split view."""

    root: Hex32
    size: Version


@event("approval.given", stream="model", roles=("approver",), withholdable=("rationale",), slots=2)
class Given(Body, frozen=True, rename={"sd": "_sd"}):
    """One principal's yes to exactly this request (its statement digest); ends at `valid_until`, 30 days by default."""

    action: Name
    checkpoint: Seen
    conditions: Texts
    packs: Packs
    request: Hex32
    sd: Slots
    verb: Name
    rationale: Text | UnsetType = UNSET
    valid_until: Time | None = None


@event("approval.refused", stream="model", roles=("approver",), withholdable=("rationale",), slots=2)
class Refused(Body, frozen=True, rename={"sd": "_sd"}):
    """A veto until its author withdraws it."""

    action: Name
    checkpoint: Seen
    packs: Packs
    request: Hex32
    sd: Slots
    verb: Name
    rationale: Text | UnsetType = UNSET


@event("approval.withdrawn", stream="model", roles=("approver",))
class Withdrawn(Body, frozen=True):
    """The author takes a given or refused approval back; `approval` is its statement digest."""

    approval: Hex32
    reason: Text
    request: Hex32
