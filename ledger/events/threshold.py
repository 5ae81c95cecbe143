"""`threshold.determined`, by rule or by a role, and `threshold.retracted`, by rule."""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.event import Body, Elements, event
from ledger.fields import (
    UNSET,
    Digest,
    HiddenElement,
    Line,
    Name,
    Names,
    Reference,
    References,
    Slots,
    StreamName,
    Text,
    Time,
    UnsetType,
)


@event(
    "threshold.determined",
    stream="model",
    roles=("assessor",),
    withholdable=("confidence", "rationale"),
    slots=4,
    elements=(Elements("dissent", 8),),
)
class Determined(Body, frozen=True, rename={"sd": "_sd"}):
    """`state` is a token that the adopted pack declares. A rule-made one has no `_sd`: derived bytes are not random.

    `vectors` are the harm vectors known for it, where the pack asks for a claim per vector.
    """

    evidence: References
    framework: Digest
    made: Literal["rule", "role"]
    precautionary: bool
    review_by: Time | None
    state: Name
    subjects: Annotated[tuple[StreamName, ...], Meta(min_length=1, max_length=32)]
    threshold: Name
    confidence: Line | UnsetType = UNSET
    covered_by: Reference | None = None
    dissent: Annotated[tuple[Text | HiddenElement, ...], Meta(max_length=8)] = ()
    rationale: Text | UnsetType = UNSET
    sd: Slots | UnsetType = UNSET
    vectors: Names = ()

    @property
    def derived(self) -> bool:
        """Whether a number decided it, by the pack's rule."""
        return self.made == "rule"


@event("threshold.retracted", stream="model", roles=("engine",), derived=True)
class Retracted(Body, frozen=True):
    """The result that a determination by rule rests on was amended or invalidated by the entry `because`: it counts no more."""

    because: Reference
    determination: Reference
    framework: Digest
    threshold: Name
