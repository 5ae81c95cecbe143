"""What a projection is: one question, its rows, and a fold over events that is pure, typed and total (domain.md §7).

A view is a table of rows `key → Row`. A projection's `changes` is a pure function: it looks at rows through `look`, and returns
the rows that one event sets; a fold that raises has changed nothing. What is held in memory is bounded by choice: a fold keeps
no state of its own beside its rows, so a runner loads the rows that a batch looks at and drops them when it is written.
Taint of compromised keys and expiry are joined by whoever reads, as of a position and time: rows keep `signers` and times.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeAlias

from msgspec import Struct, to_builtins

from ledger.errors import Fault
from ledger.event import Event
from ledger.events import (
    action,
    approval,
    body,
    break_glass,
    concern,
    decision,
    deployment,
    disclosure,
    document,
    entry,
    evaluation,
    exception,
    framework,
    gate,
    incident,
    index,
    interim,
    key,
    ledger,
    log,
    model,
    obligation,
    principal,
    reassessment,
    recommendation,
    replay,
    role,
    root,
    rules,
    safeguard,
    threshold,
    token,
    training,
)
from ledger.fields import Reference

AnyBody: TypeAlias = (
    action.Requested | approval.Given | approval.Refused | approval.Withdrawn | body.Informed | break_glass.Reviewed
    | concern.Assigned | concern.Found | concern.Raised | decision.Made | deployment.Changed | deployment.Ended
    | deployment.Started | disclosure.Erased | disclosure.Made | document.Confirmed | document.Published | document.Submitted
    | evaluation.Amended | evaluation.Invalidated | evaluation.Preregistered | evaluation.Recorded | exception.Invoked
    | framework.Adopted | framework.Interpreted | framework.Published | framework.ScopeDetermined
    | framework.SourceDrifted | gate.Evaluated | incident.Classified | incident.InvolvementKnown | incident.Observed
    | incident.ReportFiled | incident.Resolved | index.Committed | interim.Approved | key.Registered | key.Revoked
    | ledger.Founded
    | model.ComputeReached | model.Referenced | model.Registered | obligation.Fulfilled | obligation.NotApplicable
    | obligation.Tolled | principal.Registered | reassessment.Triggered | recommendation.Issued | replay.Performed
    | role.Granted | role.Revoked | safeguard.Attested | safeguard.Degraded | safeguard.Withdrawn
    | threshold.Determined | threshold.Retracted | token.Issued | token.Revoked | training.Ended | training.Paused
    | training.Resumed | training.Started | entry.Suppressed | ledger.Frozen | ledger.Restored | log.Rotated
    | root.Rotated | rules.Adopted
)  # fmt: skip
"""Every body of the registry (a test compares the two): a `match` over it ends with `assert_never`, so that a projection
which does not know an event type fails the type checker, and at run time stops before the event."""


class Rank(IntEnum):
    """The order in which a view is read: what must be seen first, the rest, what belongs to one row, what only folds read."""

    FIRST = 0
    LISTED = 1
    DETAIL = 2
    LOOKUP = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its rank, and a JSON object that nobody changes in place (lists, never tuples)."""

    rank: Rank
    value: dict[str, Any]


Look: TypeAlias = Callable[[str], Row | None]
Change: TypeAlias = tuple[str, Row]
Changes: TypeAlias = Callable[[Look, Event], Sequence[Change]]


def _nothing(_key: str) -> Row | None:
    return None


class Rows:
    """The state of a fold: rows known or changed, and `load` for all others (by default there are none)."""

    __slots__ = ("_known", "_load", "changed")

    def __init__(self, load: Look = _nothing, known: Iterable[tuple[str, Row | None]] = ()) -> None:
        self._load = load
        self._known: dict[str, Row | None] = dict(known)
        self.changed: dict[str, Row] = {}

    def get(self, key: str) -> Row | None:
        """The row under `key`, or `None`."""
        found = self.changed.get(key)
        if found is not None:
            return found
        if key not in self._known:
            self._known[key] = self._load(key)
        return self._known[key]

    def put(self, changes: Iterable[Change]) -> None:
        """Set rows."""
        self.changed.update(changes)

    def listed(self) -> list[tuple[str, Row]]:
        """What was set here, in the order in which a view is read."""
        return sorted(self.changed.items(), key=lambda item: (item[1].rank, item[0]))


def _reads_nothing(_event: Event) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Projection:
    """A question. `version` rises with any change of `changes`: the rows of another version stand in another table.

    `reads` names the rows that folding an event will look at, so that a runner can load a batch's at once. It is a hint:
    a row that it leaves out is loaded by itself.
    """

    name: str
    version: int
    changes: Changes
    reads: Callable[[Event], tuple[str, ...]] = _reads_nothing

    @property
    def title(self) -> str:
        """Name and version: the name under which its position is tracked."""
        return f"{self.name}/{self.version}"

    def initial(self) -> Rows:
        """The state before entry 0."""
        return Rows()

    def fold(self, state: Rows, event: Event) -> Rows:
        """The state after `event`. All of its changes or, where `changes` raises, none."""
        state.put(self.changes(state.get, event))
        return state


def fold_events(projection: Projection, events: Iterable[Event]) -> Rows:
    """Fold from zero: the view as of the position that `events` end at."""
    state = projection.initial()
    for event in events:
        state = projection.fold(state, event)
    return state


def must(look: Look, key: str) -> dict[str, Any]:
    """The row that admission guarantees. Raises `Fault` `view-row-missing`: the view stops rather than guess."""
    row = look(key)
    if row is None:
        raise Fault(
            "view-row-missing", "failed", f"the view has no row {key.split('|', maxsplit=1)[0]}", "rebuild the view"
        )
    return row.value


def as_json(value: Any) -> Any:
    """A field of an event as a view's row holds it: structs are objects, tuples are lists."""
    if isinstance(value, Struct):
        value = to_builtins(value)
    if isinstance(value, dict):
        return {name: as_json(member) for name, member in value.items()}
    return [as_json(member) for member in value] if isinstance(value, list | tuple) else value


def ordinal(index: int) -> str:
    """An index as a key part: texts of this form sort as the numbers do (2^53 has 16 digits)."""
    return f"{index:016d}"


def index_of(reference: Reference | None) -> int | None:
    """The index that an optional reference names."""
    return None if reference is None else reference.index
