"""`interim.approved`: measures that stand in for unmet requirements, for a while."""

from typing import Annotated

from msgspec import Meta

from ledger.event import Body, event
from ledger.fields import Digest, Line, Name, SomeNames, Time


@event("interim.approved", stream="model", roles=("decider",), quorum=2)
class Approved(Body, frozen=True):
    """Covers the gate `gate` of the pack until `valid_until`; `stands_in_for` lists sets or safeguards."""

    framework: Digest
    gate: Name
    measures: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=32)]
    stands_in_for: SomeNames
    valid_until: Time
