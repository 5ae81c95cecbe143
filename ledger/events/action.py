"""`action.requested`: what a deployer wants to do. Its statement digest is what approvals sign (access.md §3)."""

from typing import Annotated

from msgspec import Meta

from ledger.event import Body, event
from ledger.fields import (
    UNSET,
    Digest,
    FactName,
    Hex32,
    Line,
    Name,
    Names,
    References,
    Slots,
    Text,
    Texts,
    Time,
    UnsetType,
)


@event("action.requested", stream="model", roles=("deployer",), withholdable=("audience_detail",), slots=2)
class Requested(Body, frozen=True, rename={"sd": "_sd"}):
    """`artifact` is the model's salted subject digest; a fact that is not stated is unknown.

    `planned_for` is when it is to happen: duties that lie before an event count back from it.
    """

    action: Name
    artifact: Hex32
    audience: Name
    evidence: References
    facts: Annotated[dict[FactName, Line], Meta(max_length=64)]
    hosts: Names
    jurisdictions: Names
    packs: Annotated[tuple[Digest, ...], Meta(min_length=1, max_length=32)]
    sd: Slots
    surfaces: Names
    audience_detail: Text | UnsetType = UNSET
    conditions: Texts = ()
    planned_for: Time | None = None
