"""`root.rotated`: other root keys, another threshold (access.md §4)."""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.event import Body, event
from ledger.fields import Alg, Base64, Closed, KeyIdField, Name


class RootKey(Closed, frozen=True):
    """A root key record; its principal is entered with it, or keeps its kind and unit."""

    alg: Alg
    keyid: KeyIdField
    kind: Literal["person", "service", "body"]
    principal: Name
    spki: Base64
    unit: Name
    use: Literal["root"]


@event("root.rotated", stream="ledger", roles=(), root_quorum=True)
class Rotated(Body, frozen=True):
    """`keys` is the whole new set: a key that is not in it is a root key no more. Signed by the old quorum *and* by every key of
    `keys`, which proves its possession; at least three distinct principals, and at least `root_threshold`.

    From the next index the new quorum is the root; the old keys' past stands. A verifier that knows any earlier root walks the
    chain of these entries.
    """

    keys: Annotated[tuple[RootKey, ...], Meta(min_length=3, max_length=16)]
    root_threshold: Annotated[int, Meta(ge=2, le=16)]
