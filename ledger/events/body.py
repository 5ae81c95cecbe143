"""`body.informed`: a governing body was told, before the action where a pack asks for that."""

from ledger.event import Body, event
from ledger.fields import Digests, Hex32, Name


@event("body.informed", stream="model", roles=("deployer",))
class Informed(Body, frozen=True):
    """`of` is the statement digest of the request or decision; informing is not approval."""

    body: Name
    documents: Digests
    of: Hex32
