"""The verbatim mapper: eventsourcing's stored event and our entry are the same bytes (log.md §1).

No transcoder, compressor or cipher: what was signed is never re-serialised. No class path in the data: a topic is an event
type and version, looked up in a closed mapping that the caller gives; an unknown one is `Malformed`, and nothing is imported.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

from ledger.entry import parse_entry
from ledger.envelope import parse_envelope
from ledger.errors import Malformed
from ledger.event import Body
from ledger.statement import Statement, parse_statement, peek_type


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry as eventsourcing's domain event: `originator_id` is the stream, `originator_version` its place in it."""

    originator_id: str
    originator_version: int
    topic: str
    entry: bytes
    recorded_at: str
    statement: Statement[Any]


def read_recorded(entry: bytes, bodies: Mapping[str, type[Body]]) -> Recorded:
    """Decode an entry. Nothing is verified here: replay does that. Raises `Malformed` (`topic-unknown` among others)."""
    form = parse_entry(entry)
    payload = parse_envelope(form.envelope).payload
    topic = peek_type(payload)
    if topic not in bodies:
        raise Malformed("entry", "predicateType", "topic-unknown")
    statement = parse_statement(payload, bodies[topic])
    return Recorded(statement.predicate.stream, form.version, topic, entry, form.recorded_at, statement)


class VerbatimMapper(Mapper[str]):
    """`to_stored_event` passes the entry's bytes on; `to_domain_event` reads them by the closed list of topics."""

    def __init__(self, bodies: Mapping[str, type[Body]]) -> None:
        super().__init__(JSONTranscoder())  # the base class wants one; neither method below calls it
        self._bodies = bodies

    def to_stored_event(self, domain_event: DomainEventProtocol[str]) -> StoredEvent:
        """The entry as it stands, under the stream, version and topic that its bytes say. Raises `Malformed`."""
        if not isinstance(domain_event, Recorded):
            raise Malformed("entry", "$", "not-an-entry")
        found = read_recorded(domain_event.entry, self._bodies)
        if found != domain_event:
            raise Malformed("entry", "$", "entry-mismatch")
        return StoredEvent(found.originator_id, found.originator_version, found.topic, found.entry)

    def to_domain_event(self, stored_event: StoredEvent) -> Recorded:
        """The entry decoded; a row whose columns say something else than its bytes is refused. Raises `Malformed`."""
        found = read_recorded(stored_event.state, self._bodies)
        if StoredEvent(found.originator_id, found.originator_version, found.topic, found.entry) != StoredEvent(
            stored_event.originator_id, stored_event.originator_version, stored_event.topic, stored_event.state
        ):
            raise Malformed("entry", "$", "row-mismatch")
        return found
