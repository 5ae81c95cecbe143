"""`recommendation.issued`: what a role of the pack advises on a request, before anybody decides."""

from typing import Literal

from ledger.event import Body, event
from ledger.fields import UNSET, Digest, Hex32, Name, Slots, Text, Texts, UnsetType


@event("recommendation.issued", stream="model", roles=("assessor",), withholdable=("rationale",), slots=2)
class Issued(Body, frozen=True, rename={"sd": "_sd"}):
    """`request` is the request's statement digest; `role` a role of the pack `framework` with the verb recommend. No approval."""

    conditions: Texts
    framework: Digest
    recommendation: Literal["permit", "restrict", "withhold", "pause", "de_deploy", "delete_weights"]
    request: Hex32
    role: Name
    sd: Slots
    rationale: Text | UnsetType = UNSET
