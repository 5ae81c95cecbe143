"""`disclosure.made`: what was handed to whom, as a bundle under a checkpoint (access.md §6)."""

from ledger.event import Body, event
from ledger.fields import Closed, Digest, Hex32, Index, Line, Name, Version


class Checkpoint(Closed, frozen=True):
    """The size and root of the tree that the bundle is proven against."""

    root: Hex32
    size: Version


@event("disclosure.made", stream="disclosure", roles=("discloser",), quorum=2)
class Made(Body, frozen=True):
    """Entries `first` to `last` as `profile` shows them; `bundle_digest` is over the bundle's own bytes."""

    bundle_digest: Digest
    checkpoint: Checkpoint
    first: Index
    last: Index
    profile: Name
    recipient: Line
