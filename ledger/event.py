"""What an event type is, and the decorator that declares one (domain.md §2, access.md §2).

An event type is a name, a version, a closed body, the streams it may stand in, the ledger roles that may append it
and the number of distinct principals that must sign. All of this is protocol: changing any of it is a new rules version.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar

from msgspec import Struct

from ledger.fields import Closed

URN = "urn:holdpoint:event:"
StreamKind = Literal[
    "ledger", "framework", "model", "safeguard", "document", "incident", "obligation", "concern", "disclosure"
]


class Body(Closed, frozen=True):
    """An event's own fields, the statement's `predicate.body`."""

    event: ClassVar["EventType"]

    @property
    def derived(self) -> bool:
        """Whether the engine made it by rule: nobody submits it."""
        return self.event.derived


@dataclass(frozen=True, slots=True)
class Elements:
    """An array of a body whose elements may be withheld one by one; with one withheld it has `cap` elements, decoys included."""

    field: str
    cap: int


@dataclass(frozen=True, slots=True)
class Members:
    """An object of a body whose members `names` may be withheld; where it stands its own `_sd` has `slots` digests."""

    field: str
    names: tuple[str, ...]
    slots: int


@dataclass(frozen=True, slots=True)
class EventType:
    """One fact and version. `slots` = number of `_sd` digests that an admitted statement carries, decoys included.

    `withholdable` are members that may be withheld whole, `elements` and `members` what may be withheld inside one
    (spec/withheld.md §3).
    """

    name: str
    version: int
    stream: StreamKind
    roles: tuple[str, ...]
    quorum: int = 1
    withholdable: tuple[str, ...] = ()
    slots: int = 0
    derived: bool = False
    root_quorum: bool = False
    elements: tuple[Elements, ...] = ()
    members: tuple[Members, ...] = ()

    @property
    def topic(self) -> str:
        """The statement's `predicateType`."""
        return f"{URN}{self.name}:{self.version}"

    @property
    def hideable(self) -> tuple[str, ...]:
        """Members of the body that may be withheld, whole or in part, each once."""
        inside = (*(e.field for e in self.elements), *(m.field for m in self.members))
        return tuple(dict.fromkeys((*self.withholdable, *inside)))

    @property
    def paths(self) -> tuple[str, ...]:
        """What an author may name to withhold: `FIELD`, `FIELD.*` for elements (or `FIELD.N`), `FIELD.MEMBER`."""
        inside = (f"{m.field}.{name}" for m in self.members for name in m.names)
        return (*self.withholdable, *(f"{e.field}.*" for e in self.elements), *inside)


B = TypeVar("B", bound=type[Body])


def event(
    name: str,
    *,
    stream: StreamKind,
    roles: tuple[str, ...],
    version: int = 1,
    quorum: int = 1,
    withholdable: tuple[str, ...] = (),
    slots: int = 0,
    derived: bool = False,
    root_quorum: bool = False,
    elements: tuple[Elements, ...] = (),
    members: tuple[Members, ...] = (),
) -> Callable[[B], B]:
    """Declare the body class of an event type. No registration happens here: `ledger.registry` lists types by hand."""

    def declare(body: B) -> B:
        body.event = EventType(
            name, version, stream, roles, quorum, withholdable, slots, derived, root_quorum, elements, members
        )  # fmt: skip
        return body

    return declare


class Event(Struct, frozen=True, gc=False):
    """An admitted event as folds see it: the submitter's words, decoded, and its place in the log.

    `leaf`, `digest`, `subject` and `signers` are lower-case hex; `digest` is the statement digest, the event's identity.
    `principals` are the distinct owners of `signers`, in the same order. Times are canonical texts.
    """

    index: int
    leaf: str
    recorded_at: str
    stream: str
    stream_version: int
    digest: str
    event_id: str
    occurred_at: str
    known_at: str | None
    type: EventType
    body: Any
    signers: tuple[str, ...]
    principals: tuple[str, ...]
    subject: str
    back_recorded: bool
    causes: tuple[Any, ...] = ()

    @property
    def name(self) -> str:
        """The event type's name, without its version."""
        return self.type.name


@dataclass(frozen=True, slots=True)
class Derived:
    """What the rules want appended right after a cause (formats.md §4), before the log gives it a place."""

    body: Body
    stream: str
    subject: str
