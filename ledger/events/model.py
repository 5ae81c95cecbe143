"""`model.registered`, `model.compute-reached`, `model.referenced`."""

from typing import Literal

from ledger.event import Body, event
from ledger.fields import UNSET, Closed, Decimal, Digest, Hex32, Index, Line, Name, Slots, StreamName, UnsetType


class Subject(Closed, frozen=True):
    """Name and weights digest of a model in the open; normally withheld as the one salted subject record."""

    name: Line
    weights: Digest


class EffectiveCompute(Closed, frozen=True):
    """`ratio` of effective compute to the model whose stream is `of`."""

    of: StreamName
    ratio: Decimal


@event("model.registered", stream="model", roles=("assessor",), withholdable=("subject",), slots=1)
class Registered(Body, frozen=True, rename={"sd": "_sd"}):
    """Opens a model's stream and fixes its salted subject digest; `parent` is another model's stream."""

    kind: Literal["base", "snapshot", "helpful_only", "fine_tune", "distilled", "system"]
    sd: Slots
    effective_compute: EffectiveCompute | None = None
    parent: StreamName | None = None
    relation: Literal["helpful_only_of", "checkpoint_of", "fine_tune_of", "distilled_from", "system_of"] | None = None
    subject: Subject | UnsetType = UNSET
    training_ops: Decimal | None = None


@event("model.compute-reached", stream="model", roles=("evaluator",))
class ComputeReached(Body, frozen=True):
    """Effective compute as of now: `ratio` to the model in stream `of`; `fact` names what a pack's gate asks for."""

    of: StreamName
    ratio: Decimal
    fact: Name | None = None


@event("model.referenced", stream="model", roles=("engine",), derived=True)
class Referenced(Body, frozen=True):
    """An entry outside the model's stream names the model: derived, so that the stream is complete by construction."""

    index: Index
    leaf: Hex32
    type: Name
