"""`framework.published`, `.adopted`, `.scope-determined`, `.source-drifted`, `.interpreted`: what was promised (domain.md §4)."""

from typing import Any

from ledger.event import Body, event
from ledger.fields import Digest, Line, Name, Names, Text, Time


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


@event("framework.scope-determined", stream="framework", roles=("framework-admin",), quorum=2)
class ScopeDetermined(Body, frozen=True):
    """Whether a law or code reaches the lab from `effective` on, and as which of its classes (`binds_as`), and why."""

    applies: bool
    binds_as: Names
    digest: Digest
    effective: Time
    id: Name
    reason: Text


@event("framework.source-drifted", stream="framework", roles=("engine", "framework-admin"))
class SourceDrifted(Body, frozen=True):
    """The publisher's document at `place` is no longer the one that the pack was written from, under the same label."""

    digest: Digest
    expected: Digest
    found: Digest
    id: Name
    place: Line
    seen_at: Time


@event("framework.interpreted", stream="framework", roles=("framework-admin",), quorum=2)
class Interpreted(Body, frozen=True):
    """How the lab reads a clause; `clause` is the id of any part of the pack, `role` the pack's role that says so."""

    clause: Name
    digest: Digest
    id: Name
    reading: Text
    role: Name | None = None
