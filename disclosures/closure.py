"""Which streams a bundle about a model must show or count, so that nothing about it can be left out (spec/bundle.md §2).

The ledger's own stream, the model's, what its `model.referenced` entries point into, the models that it descends from, is
measured against or whose runs are its evidence, and every framework's; and of each of these, what was erased of its fields.
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Protocol

from ledger.entry import read_entry
from ledger.event import Body
from ledger.events import entry, model
from ledger.events.disclosure import erasures_of
from ledger.place import references
from ledger.registry import BY_TOPIC
from ledger.statement import Statement, parse_statement, peek_type
from ledger.stream_index import Head

LEDGER, FRAMEWORK, MODEL = "ledger", "framework/", "model/"


class Source(Protocol):
    """The log as a builder reads it, below the size of its checkpoint."""

    def entry(self, index: int) -> bytes:
        """An entry's bytes."""
        ...

    def of_stream(self, stream: str) -> Iterator[tuple[int, bytes]]:
        """A stream's entries with their indexes, in order."""
        ...

    def heads(self, size: int) -> Iterable[Head]:
        """Where each stream ended after entries 0…size−1."""
        ...

    def node(self, level: int, index: int) -> bytes:
        """A complete subtree of the log (`ledger.tree.Node`)."""
        ...

    def disclosures(self, index: int, names: AbstractSet[str]) -> tuple[str, ...]:
        """The field disclosures that the lab holds of an entry's members `names`; of no others is anything opened."""
        ...


@dataclass(frozen=True, slots=True)
class Gone:
    """A suppressed entry in its stream: its place is all that is known of it here, whatever bytes a source gives."""

    index: int
    version: int


@dataclass(frozen=True, slots=True)
class Found:
    """An entry in its stream, read."""

    index: int
    raw: bytes
    version: int
    statement: Statement[Any]

    @property
    def body(self) -> Body:
        """The body."""
        found: Body = self.statement.predicate.body
        return found


def read_found(index: int, raw: bytes) -> Found:
    """Read an entry of our own log."""
    placed, envelope = read_entry(raw)
    return Found(index, raw, placed.version, parse_statement(envelope.payload, BY_TOPIC[peek_type(envelope.payload)]))


def closure(source: Source, subject: str, names: Iterable[str]) -> dict[str, list[Found | Gone]]:
    """Stream → its entries, for every stream that a bundle about `subject` speaks of; `names` are all streams that exist."""
    known = set(names)
    ledger = [read_found(index, raw) for index, raw in source.of_stream(LEDGER)]
    gone = {b.index: b for one in ledger if isinstance(b := one.body, entry.Suppressed)}
    wanted = [*sorted(n for n in known if n.startswith(FRAMEWORK)), subject]
    found: dict[str, list[Found | Gone]] = {LEDGER: [*ledger]}
    while wanted:
        stream = wanted.pop()
        if stream in found or stream not in known:
            continue
        found[stream] = _read(source, stream, gone)
        if stream.startswith(MODEL):
            shown = [one for one in found[stream] if isinstance(one, Found)]
            wanted += _named(source, shown, gone, others=stream == subject)
    for stream in [name for name in map(erasures_of, tuple(found)) if name in known]:
        found[stream] = _read(source, stream, gone)
    return {stream: found[stream] for stream in sorted(found)}


def _read(source: Source, stream: str, gone: Mapping[int, entry.Suppressed]) -> list[Found | Gone]:
    """A stream's entries, in order."""
    return [
        Gone(index, gone[index].version) if index in gone else read_found(index, raw)
        for index, raw in source.of_stream(stream)
    ]


def named_models(body: Body) -> tuple[str, ...]:
    """The other models' streams that a body names: parent, and what its compute is measured against."""
    if isinstance(body, model.Registered):
        measured = None if body.effective_compute is None else body.effective_compute.of
        return tuple(s for s in (body.parent, measured) if s is not None)
    return (body.of,) if isinstance(body, model.ComputeReached) else ()


def _named(
    source: Source, entries: list[Found], gone: Mapping[int, entry.Suppressed], *, others: bool
) -> Iterator[str]:
    """Streams that a model's entries lead to: models always, for the subject also incidents, documents and safeguards."""
    for one in entries:
        body = one.body
        yield from named_models(body)
        cited = {r.index for r in references(body)}
        if isinstance(body, model.Referenced):
            cited.add(body.index)
        for index in sorted(cited):
            said = gone.get(index)
            here = read_found(index, source.entry(index)).statement.predicate.stream if said is None else said.stream
            stream: str = here
            if stream.startswith(MODEL) or (others and isinstance(body, model.Referenced)):
                yield stream
