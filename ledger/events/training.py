"""`training.started`, `.paused`, `.resumed`, `.ended`: the operation before there is anything to deploy."""

from typing import Literal

from ledger.event import Body, event
from ledger.fields import Decimal, Line, Reference, Text


@event("training.started", stream="model", roles=("deployer",))
class Started(Body, frozen=True):
    """A run began; `compute_planned` in training operations, `decision` the one that it relies on."""

    purpose: Line
    compute_planned: Decimal | None = None
    decision: Reference | None = None


@event("training.paused", stream="model", roles=("deployer",))
class Paused(Body, frozen=True):
    """All training of this model stands still; `because` is the entry that made it so."""

    reason: Text
    because: Reference | None = None


@event("training.resumed", stream="model", roles=("deployer",))
class Resumed(Body, frozen=True):
    """Ends the pause `paused`, under `decision` where one was asked for."""

    paused: Reference
    decision: Reference | None = None


@event("training.ended", stream="model", roles=("deployer",))
class Ended(Body, frozen=True):
    """The run `started` is over; a run from before the ledger has no such entry."""

    outcome: Literal["completed", "abandoned"]
    reason: Text
    started: Reference | None = None
