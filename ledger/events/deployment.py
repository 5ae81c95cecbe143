"""`deployment.started`, `.changed`, `.ended`: an operation under a decision, from its begin to its end."""

from typing import Literal

from ledger.event import Body, event
from ledger.fields import Hex32, Name, Names, Reference, Text


@event("deployment.started", stream="model", roles=("deployer",))
class Started(Body, frozen=True):
    """Names the decision it relies on; the ledger records it even where no clearance stands, and history shows that."""

    action: Name
    artifact: Hex32
    audience: Name
    decision: Reference | None
    hosts: Names
    surfaces: Names


@event("deployment.changed", stream="model", roles=("deployer",))
class Changed(Body, frozen=True):
    """What holds from here on, all of it: the state, and for whom and where; `deployment` is the `deployment.started`."""

    audience: Name
    deployment: Reference
    hosts: Names
    reason: Text
    state: Literal["running", "restricted", "paused"]
    surfaces: Names
    decision: Reference | None = None


@event("deployment.ended", stream="model", roles=("deployer",))
class Ended(Body, frozen=True):
    """The deployment is over; another one starts anew."""

    deployment: Reference
    reason: Text
    decision: Reference | None = None
