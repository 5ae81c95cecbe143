"""`ledger.founded`: entry 0, signed by every key that it lists (access.md §4 Founding). `ledger.frozen`, `ledger.restored`."""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.event import Body, event
from ledger.fields import Alg, Base64, Closed, Hex32, KeyIdField, Name, Origin, RulesVersion, Text, Version, VkeyText


class FoundingKey(Closed, frozen=True):
    """A key record of entry 0; its principal is entered with it."""

    alg: Alg
    keyid: KeyIdField
    kind: Literal["person", "service", "body"]
    principal: Name
    spki: Base64
    unit: Name
    use: Literal["root", "event", "engine"]
    role: Literal["", "key-admin", "engine"] = ""


@event("ledger.founded", stream="ledger", roles=())
class Founded(Body, frozen=True):
    """The ledger's constitution. `root_threshold` ≥ 2 distinct root principals; `vkeys` are C2SP verifier keys."""

    keys: Annotated[tuple[FoundingKey, ...], Meta(min_length=4, max_length=24)]
    origin: Origin
    root_threshold: Annotated[int, Meta(ge=2, le=16)]
    rules: RulesVersion
    vkeys: Annotated[tuple[VkeyText, ...], Meta(min_length=2, max_length=4)]
    development: bool = False


@event("ledger.frozen", stream="ledger", roles=(), root_quorum=True)
class Frozen(Body, frozen=True):
    """From the next index nothing but events of the root quorum is admitted, until `ledger.restored`. Reads and proofs go on."""

    reason: Text


@event("ledger.restored", stream="ledger", roles=(), root_quorum=True)
class Restored(Body, frozen=True):
    """Ends a freeze, or records that the ledger was restored from a copy of its first `size` entries, whose tree has `root`.

    Admission checks the size, an auditor the root: another one is evidence of a split view. Whoever holds a checkpoint above a
    size that a restore lost finds DIVERGED, and should.
    """

    reason: Text
    root: Hex32
    size: Version
