"""Where a statement may stand: its ledger, stream, subject, identity in time, and the entries it refers to."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from msgspec import Struct, inspect

from ledger.events import model
from ledger.fields import Reference
from ledger.reasons import Reason, Refused
from ledger.state import State
from ledger.statement import Statement, stream_subject
from ledger.strict import micros, uuid7_millis

ID_PAST_MS = 90 * 86_400_000
ID_FUTURE_MS = 86_400_000
SKEW_AHEAD_US = 300 * 1_000_000
SKEW_BEHIND_US = 86_400 * 1_000_000
DECISION_TYPES = frozenset(
    {
        "action.requested",
        "approval.given",
        "approval.refused",
        "approval.withdrawn",
        "decision.made",
        "exception.invoked",
        "interim.approved",
        "recommendation.issued",
    }
)


@dataclass(frozen=True, slots=True)
class EntryPlace:
    """The end of a stream: its number of entries and its last leaf hash (hex)."""

    version: int
    head: str


class KnownEntry(Struct, frozen=True, gc=False):
    """An earlier entry, by what names it: its index, leaf hash (hex), stream, version there, and type."""

    index: int
    leaf: str
    stream: str
    version: int
    type: str


def place_refusal(state: State, index: int, recorded_at: str, statement: Statement[Any]) -> Refused | None:
    """The rule of place that does not hold, or `None`."""
    predicate = statement.predicate
    body = predicate.body
    if index == 0:
        origin, founding = body.origin, ""
    else:
        origin, founding = state.get("meta", "origin"), state.get("meta", "founding")
    if predicate.ledger != origin or predicate.founding != founding:
        return Refused(Reason.WRONG_LEDGER, "the statement is for another ledger, or for one founded anew")
    return (
        _stream_refusal(predicate.stream, body)
        or _subject_refusal(state, predicate.stream, body, statement.subject[0].digest.sha256)
        or _time_refusal(recorded_at, predicate)
        or _version_refusal(state, predicate)
        or _reference_refusal(state, (*predicate.causes, *references(body)))
    )


def _stream_refusal(stream: str, body: Any) -> Refused | None:
    kind = body.event.stream
    if kind == "ledger":
        fits = stream == "ledger"
    elif kind == "framework":
        fits = stream == f"framework/{body.id.lower()}"
    else:
        fits = stream.startswith(f"{kind}/") and len(stream) > len(kind) + 1
    return None if fits else Refused(Reason.STREAM_MISMATCH, f"{body.event.name} does not stand in stream {stream}")


def _subject_refusal(state: State, stream: str, body: Any, digest: str) -> Refused | None:
    if body.event.stream != "model":
        if digest != stream_subject(stream):
            return Refused(
                Reason.SUBJECT_MISMATCH, "outside model streams the subject is the digest of the stream name"
            )
        return None
    registered = state.get("subject", stream)
    if isinstance(body, model.Registered):
        if registered is not None:
            return Refused(Reason.SUBJECT_MISMATCH, f"{stream} is registered already")
        return None
    if registered is None:
        return Refused(Reason.SUBJECT_UNKNOWN, f"no model is registered in {stream}")
    if digest != registered:
        return Refused(
            Reason.SUBJECT_MISMATCH, f"the subject is not the salted record that {stream} was registered with"
        )
    return None


_commit_time = lru_cache(maxsize=16)(micros)
"""One recorded time stands for a whole commit."""


def _time_refusal(recorded_at: str, predicate: Any) -> Refused | None:
    """Order is truth, time is data: only what would break the id window or a decision is refused (T21)."""
    now, occurred = _commit_time(recorded_at), micros(predicate.occurred_at)
    known = occurred if predicate.known_at is None else micros(predicate.known_at)
    for name, told in (("occurred_at", occurred), ("known_at", known)):
        if told - now > SKEW_AHEAD_US:
            return Refused(Reason.CLOCK_SKEW, f"{name} lies more than 300 s after the recorded time")
    if predicate.back_recorded:
        if predicate.body.event.stream == "ledger":
            return Refused(
                Reason.BACK_RECORDED, "keys, roles and principals begin with the ledger: they have no history"
            )
        return None
    drift = uuid7_millis(predicate.event_id) - now // 1000
    if not -ID_PAST_MS <= drift <= ID_FUTURE_MS:
        return Refused(Reason.EVENT_ID_TIME, "the event id's time lies outside -90 d to +1 d of the recorded time")
    if now - occurred > SKEW_BEHIND_US and predicate.body.event.name in DECISION_TYPES:
        return Refused(Reason.CLOCK_SKEW, "a decision that occurred over a day ago is history: say back_recorded")
    return None


def _version_refusal(state: State, predicate: Any) -> Refused | None:
    if predicate.expected_version is None:
        return None
    place: EntryPlace = state.get("stream", predicate.stream) or EntryPlace(0, "")
    if predicate.expected_version != place.version:
        detail = f"stream {predicate.stream} is at version {place.version}, not {predicate.expected_version}"
        return Refused(Reason.VERSION_CONFLICT, detail, (("present_version", str(place.version)),))
    return None


def references(value: Any) -> Iterator[Reference]:
    """Every reference inside a body, at any depth of its closed structure."""
    if isinstance(value, Reference):
        yield value
    elif isinstance(value, Struct):
        for name in _referring(type(value)):
            yield from references(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            if isinstance(item, Struct):
                yield from references(item)


@lru_cache(maxsize=1024)
def _referring(kind: type[Struct]) -> tuple[str, ...]:
    """The members of a closed object that can hold a reference at all: the rest need no look at every event."""
    return tuple(f.name for f in inspect.type_info(kind).fields if _may_refer(f.type, {kind}))  # type: ignore[attr-defined]  # of a Struct: StructType


def _may_refer(info: Any, seen: set[Any]) -> bool:
    if isinstance(info, inspect.StructType):
        inner = [f.type for f in info.fields] if info.cls not in seen else []
        return info.cls is Reference or any(_may_refer(t, seen | {info.cls}) for t in inner)
    if isinstance(info, inspect.VarTupleType):
        return _may_refer(info.item_type, seen)
    if isinstance(info, inspect.UnionType):
        return any(_may_refer(t, seen) for t in info.types)
    return not isinstance(info, _PLAIN)


_PLAIN = (
    inspect.BoolType, inspect.BytesType, inspect.IntType, inspect.LiteralType, inspect.NoneType, inspect.RawType, inspect.StrType,
)  # fmt: skip
"""What no reference hides in; a kind of type that is not listed here is looked into."""


def _reference_refusal(state: State, found: tuple[Reference, ...]) -> Refused | None:
    for reference in found:
        known: KnownEntry | None = state.get("entry", str(reference.index))
        if known is None or known.leaf != reference.leaf:
            return Refused(Reason.REFERENCE_WRONG, f"entry {reference.index} does not have the leaf hash given")
    return None
