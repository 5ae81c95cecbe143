"""`disclosure.made`: what was handed to whom, under a checkpoint; `disclosure.erased`: what exists no more (access.md §6)."""

from hashlib import sha256
from typing import Annotated

from msgspec import Meta

from ledger.event import Body, event
from ledger.fields import Closed, Digest, Hex32, Index, Line, Name, StreamName, Version


class Checkpoint(Closed, frozen=True):
    """The size and root of the tree that the bundle is proven against."""

    root: Hex32
    size: Version


class ErasedClass(Closed, frozen=True):
    """Withheld members of one event type, ascending."""

    fields: Annotated[tuple[Annotated[str, Meta(pattern=r"\A[a-z_]{1,60}\Z")], ...], Meta(min_length=1, max_length=16)]
    type: Annotated[str, Meta(pattern=r"\A[a-z-]{1,60}\.[a-z-]{1,60}\Z")]


@event("disclosure.erased", stream="disclosure", roles=("discloser",), quorum=2)
class Erased(Body, frozen=True):
    """Of entries `first` to `last` of `stream`, the texts of these withheld members exist no more: by class, never by digest.

    It stands in the stream that `erasures_of` names, so that a bundle about `stream` shows it, and speaks of no other. Appending
    it erases what it names in the same transaction; before the retention of all of it has passed it is refused. Types ascend.
    """

    classes: Annotated[tuple[ErasedClass, ...], Meta(min_length=1, max_length=64)]
    first: Index
    ground: Annotated[str, Meta(min_length=1, max_length=400)]
    last: Index
    stream: StreamName


def erasures_of(stream: str) -> str:
    """Where the erasures of a stream's fields are recorded."""
    return f"disclosure/erased-{sha256(stream.encode()).hexdigest()[:32]}"


@event("disclosure.made", stream="disclosure", roles=("discloser",), quorum=2)
class Made(Body, frozen=True):
    """Entries `first` to `last` as `profile` shows them; `bundle_digest` is over the bundle's own bytes."""

    bundle_digest: Digest
    checkpoint: Checkpoint
    first: Index
    last: Index
    profile: Name
    recipient: Line
