"""`decision.made`: what people signed. It is not the gate's answer, and may differ from it, saying why."""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.event import Body, event
from ledger.fields import UNSET, Hex32, Names, Reference, Slots, Text, Texts, Time, UnsetType


@event("decision.made", stream="model", roles=("decider",), withholdable=("reason",), slots=2)
class Made(Body, frozen=True, rename={"sd": "_sd"}):
    """`request` and `approvals` are statement digests; `gate` refers to the newest `gate.evaluated` of the request.

    `without_recommendation` names each role whose recommendation a gate asks for and nobody issued: only where the pack lets
    a deciding role go on without it.
    """

    approvals: Annotated[tuple[Hex32, ...], Meta(max_length=32)]
    basis: Literal["policy", "discretionary", "legal"]
    conditions: Texts
    decision: Literal["permit", "restrict", "withhold", "pause", "de_deploy", "delete_weights"]
    gate: Reference
    request: Hex32
    sd: Slots
    divergence_reason: Text | None = None
    reason: Text | UnsetType = UNSET
    review_by: Time | None = None
    supersedes: Reference | None = None
    valid_until: Time | None = None
    without_recommendation: Names = ()
