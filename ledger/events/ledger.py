"""`ledger.founded`: entry 0, signed by every key that it lists (access.md §4 Founding)."""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.event import Body, event
from ledger.fields import Alg, Base64, Closed, KeyIdField, Name, Origin

VkeyText = Annotated[str, Meta(max_length=4000)]
RulesVersion = Annotated[str, Meta(pattern=r"\Aholdpoint-rules/[1-9][0-9]{0,5}\Z")]
"""Open, so that a copy which does not know the version says that it can't decide, instead of calling the log malformed."""


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
