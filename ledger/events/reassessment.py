"""`reassessment.triggered`: something happened after which a model's determinations are to be made anew."""

from typing import Literal

from ledger.event import Body, event
from ledger.fields import Digest, Name, Names, References, Text


@event("reassessment.triggered", stream="model", roles=("assessor",))
class Triggered(Body, frozen=True):
    """`thresholds` are those of the pack to be looked at again, all of them where empty; `role` is the pack's role that asks."""

    cause: Literal[
        "compute", "age", "capability", "safeguard-failure", "release", "discretion", "framework-change", "other"
    ]
    evidence: References
    framework: Digest
    reason: Text
    thresholds: Names
    role: Name | None = None
