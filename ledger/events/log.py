"""`log.rotated`: other keys that sign checkpoints (formats.md §5, access.md §4)."""

from typing import Annotated

from msgspec import Meta

from ledger.event import Body, event
from ledger.fields import Version, VkeyText


@event("log.rotated", stream="ledger", roles=(), root_quorum=True)
class Rotated(Body, frozen=True):
    """Every checkpoint that holds this entry is signed by each key of `vkeys`, and by no other of the log's.

    Two keys, or four during an overlap: each pair one of type 0x01 (Ed25519) and one of 0x06 (ML-DSA-44), named by the origin.
    Planned: first both pairs, and at least an hour of recorded time later one pair alone. With `last_good_size` the old pair is
    compromised: its checkpoints above that size count only if they were pinned or witnessed before, and the new pair stands alone
    at once. Possession is the first checkpoint that the keys sign.
    """

    vkeys: Annotated[tuple[VkeyText, ...], Meta(min_length=2, max_length=4)]
    last_good_size: Version | None = None
