"""`token.issued` and `token.revoked`: metadata of read tokens, never the secret (access.md §5)."""

from typing import Annotated

from msgspec import Meta

from ledger.event import Body, event
from ledger.fields import Line, Name, Time

TokenId = Annotated[str, Meta(pattern=r"\A[a-z2-7]{26}\Z")]


@event("token.issued", stream="ledger", roles=("key-admin",))
class Issued(Body, frozen=True):
    """At most 365 days; `secret_sha256` stays out: it is in the door's own store."""

    audience: Name
    expires_at: Time
    id: TokenId
    scopes: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=16)]


@event("token.revoked", stream="ledger", roles=("key-admin",))
class Revoked(Body, frozen=True):
    """Ends a token; the door acts on it within five seconds."""

    id: TokenId
