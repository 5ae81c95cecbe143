"""`deployment.started`: an operation began under a decision."""

from ledger.event import Body, event
from ledger.fields import Hex32, Name, Names, Reference


@event("deployment.started", stream="model", roles=("deployer",))
class Started(Body, frozen=True):
    """Names the decision it relies on; the ledger records it even where no clearance stands, and history shows that."""

    action: Name
    artifact: Hex32
    audience: Name
    decision: Reference | None
    hosts: Names
    surfaces: Names
