"""Entries by stream, type, model and words: what somebody who reads the log looks for, of any type, without code of its own.

A model's entries are those of its stream, and those elsewhere that name it: the log derives `model.referenced` for each.
Words are looked for in open fields alone: a member that may be withheld is never searched, even where its author left it open.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from api.embargo import Table, shown
from ledger.entry import parse_entry
from ledger.envelope import parse_envelope
from ledger.event import URN, Body
from ledger.registry import BY_NAME, BY_TOPIC
from ledger.store.desk import Desk
from ledger.store.rows import Stored

SCANS = 10
"""Pages looked through for one answer; what is found by then is the answer, and the next one goes on from there."""
SCANNED = 500
"""Rows of such a page where the database can't tell which of them fit."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What an entry must be. `type`: a name, a topic, or how names begin (`incident.`); `model`: its stream."""

    stream: str | None = None
    type: str | None = None
    model: str | None = None
    text: str | None = None

    def fits(self, row: Stored) -> bool:
        """Whether a row is what is sought, in all that the database was not asked for."""
        if self.model is not None and not (
            self.stream in (None, row.stream) and row.topic.startswith(self.topics() or "")
        ):
            return False
        if self.text is None:
            return True
        return bool(row.entry) and self.text.casefold() in " ".join(words(row.topic, row.entry)).casefold()

    def topics(self) -> str | None:
        """How the topics begin that are asked for."""
        if self.type is None:
            return None
        named = BY_NAME.get(self.type)
        if named is not None:
            return named.event.topic
        return self.type if self.type.startswith(URN) else f"{URN}{self.type}"


def search(
    desk: Desk, sought: Sought, after: int, limit: int, size: int, state: Table,
    may: Callable[[str], bool] = lambda _stream: True,
) -> tuple[list[Stored], int | None]:  # fmt: skip
    """At most `limit` rows with an index above `after` and below `size`, in order, and where to go on; `None` at the end.

    A row that `state` knows as suppressed comes without bytes, and holds no words.
    """
    many = limit if sought.model is None and sought.text is None else max(limit, SCANNED)
    found: list[tuple[int, Stored]] = []
    last = after
    for _ in range(SCANS):
        if sought.model is None:
            rows = desk.find(last, many, sought.stream, sought.topics())
        else:
            rows = desk.find(last, many, sought.model)
        whole = [r for r in rows if r.index < size]
        named = _resolved(desk, whole) if sought.model is not None else ((r.index, r) for r in whole)
        for at, stored in named:
            (row,) = shown(state, (stored,))
            if row.index > after and may(row.stream) and sought.fits(row):
                found.append((at, row))
        if len(found) > limit:
            return [row for _, row in found[:limit]], found[limit - 1][0]
        if len(whole) < many:
            return [row for _, row in found], None
        last = whole[-1].index
        if len(found) == limit:
            break
    return [row for _, row in found], last


def _resolved(desk: Desk, rows: list[Stored]) -> Iterator[tuple[int, Stored]]:
    """Each row of a model's stream, with the entry that names the model in the place of the reference to it."""
    topic = BY_NAME["model.referenced"].event.topic
    for row in rows:
        if row.topic != topic:
            yield row.index, row
            continue
        (named,) = desk.find(_body(row.entry)["index"] - 1, 1)
        yield row.index, named


def _body(entry: bytes) -> dict[str, Any]:
    said: dict[str, Any] = msgspec.json.decode(parse_envelope(parse_entry(entry).envelope).payload)["predicate"]["body"]
    return said


def words(topic: str, entry: bytes) -> Iterator[str]:
    """Every text in the open fields of an entry."""
    kind = BY_TOPIC[topic]
    yield kind.event.name
    for name, value in _body(entry).items():
        if name not in _hidden(kind):
            yield from _texts(value)


@lru_cache(maxsize=256)
def _hidden(kind: type[Body]) -> frozenset[str]:
    """The members of a type that may be withheld, whole or by element, and the digests of what was."""
    return frozenset({"_sd", *kind.event.hideable})


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from _texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member)
