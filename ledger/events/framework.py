"""`framework.published` and `framework.adopted`: what was promised, pinned by digest (domain.md §4)."""

from typing import Any

from ledger.event import Body, event
from ledger.fields import Digest, Line, Name, Time


@event("framework.published", stream="framework", roles=("framework-admin",), quorum=2)
class Published(Body, frozen=True):
    """The pack as a JSON object; `digest` is over its RFC 8785 bytes, `source_digest` over the publisher's document."""

    digest: Digest
    id: Name
    pack: dict[str, Any]
    source_digest: Digest


@event("framework.adopted", stream="framework", roles=("framework-admin",), quorum=2)
class Adopted(Body, frozen=True):
    """The lab binds itself to a published pack from `effective` on; `scope` says in words to what."""

    digest: Digest
    effective: Time
    id: Name
    scope: Line
    supersedes: Digest | None = None
