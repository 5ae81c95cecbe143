"""`entry.suppressed`: the last resort for a secret or a personal datum in an open field (formats.md §4)."""

from typing import Annotated

from msgspec import Meta

from ledger.event import Body, event
from ledger.fields import Hex32, Index, Line, StreamName, Version


@event("entry.suppressed", stream="ledger", roles=(), root_quorum=True)
class Suppressed(Body, frozen=True):
    """Copies carry a zero-length record in the place of entry `index` from the next index on; leaf, chain and tree stand.

    All members but `ground` name one earlier entry, which is suppressed once. `ground` is the legal or security ground, never the
    datum. Refused for the types of trust, framework and decision, `model.registered` and `model.referenced`, without which nobody
    could replay admission, or see what concerns a model; a verification is `INCOMPLETE` at best.
    """

    ground: Line
    index: Index
    leaf: Hex32
    stream: StreamName
    type: Annotated[str, Meta(pattern=r"\A[a-z-]{1,60}\.[a-z-]{1,60}\Z")]
    version: Version
