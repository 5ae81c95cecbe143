"""`key.registered` and `key.revoked`: the life of a key (access.md §4)."""

from typing import Literal

from ledger.event import Body, event
from ledger.fields import Alg, Base64, Index, KeyIdField, Name, Time


@event("key.registered", stream="ledger", roles=("key-admin",), quorum=2)
class Registered(Body, frozen=True):
    """Two key-admins and the new key itself sign: its own signature is the proof of possession."""

    alg: Alg
    keyid: KeyIdField
    principal: Name
    spki: Base64
    use: Literal["event", "engine"]
    not_after: Time | None = None
    not_before: Time | None = None


@event("key.revoked", stream="ledger", roles=("key-admin",))
class Revoked(Body, frozen=True):
    """One key-admin, or the key itself, may stop a key; `compromised` taints the past and takes two key-admins."""

    keyid: KeyIdField
    reason: Literal["superseded", "ceased", "compromised"]
    compromised_since_index: Index | None = None
