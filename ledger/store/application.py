"""eventsourcing's application over one log: closed topics, the verbatim mapper, our recorder (log.md §1).

What the framework reads from its environment (class paths, ciphers, compressors, database functions) would change what is
stored, or load code by name: none of it is honoured, and a process in which one is set does not start (hazard B).

No transcoder, compressor or cipher: what was signed is never re-serialised. No class path in the data: a topic is an event
type and version, looked up in a closed mapping that the caller gives; an unknown one is `Malformed`, and nothing is imported.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar, cast

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import (
    InfrastructureFactory,
    JSONTranscoder,
    Mapper,
    ProgrammingError,
    StoredEvent,
    TrackingRecorder,
    Transcoder,
)
from eventsourcing.utils import Environment, EnvType

from ledger.entry import parse_entry
from ledger.envelope import parse_envelope
from ledger.errors import Fault, Malformed
from ledger.event import Body
from ledger.statement import Statement, parse_statement, peek_type
from ledger.store.desk import Desk
from ledger.store.recorder import Identity, LedgerRecorder

FOREIGN_SETTINGS = frozenset(
    {
        "APPLICATION_RECORDER_TOPIC", "CIPHER_TOPIC", "COMPRESSOR_TOPIC", "CREATE_TABLE", "FACTORY_TOPIC",
        "INFRASTRUCTURE_FACTORY", "IS_SNAPSHOTTING_ENABLED", "MAPPER_TOPIC", "PERSISTENCE_MODULE", "POSTGRES_DBNAME",
        "POSTGRES_ENABLE_DB_FUNCTIONS", "PROCESS_RECORDER_TOPIC", "TRACKING_RECORDER_TOPIC", "TRANSCODER_TOPIC",
    }
)  # fmt: skip
"""The framework's settings that choose code, bytes, tables or a database."""
T = TypeVar("T")


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


class LedgerFactory(InfrastructureFactory[TrackingRecorder]):
    """Hands out what a log has: one recorder over one desk, and the verbatim mapper."""

    def __init__(self, env: Environment, desk: Desk, bodies: Mapping[str, type[Body]]) -> None:
        super().__init__(env)
        self._desk, self._bodies = desk, bodies

    def mapper(
        self, transcoder: Transcoder | None = None, mapper_class: type[Mapper[Any]] | None = None
    ) -> Mapper[Any]:
        """The verbatim mapper, whatever is asked for."""
        del transcoder, mapper_class
        return VerbatimMapper(self._bodies)

    def _identify(self, event: StoredEvent) -> Identity:
        found = read_recorded(event.state, self._bodies)
        return Identity(found.statement.predicate.event_id, found.recorded_at)

    def application_recorder(self) -> LedgerRecorder:
        """The log's recorder."""
        return LedgerRecorder(self._desk, self._bodies, self._identify)

    def aggregate_recorder(self, purpose: str = "events") -> NoReturn:
        """A log has no table of its own for a kind of aggregate."""
        raise ProgrammingError(f"a log has one table of events, none for {purpose}")

    def tracking_recorder(self, tracking_recorder_class: type[Any] | None = None) -> NoReturn:
        """Views are another room's, under another database role: they track their own positions."""
        raise ProgrammingError(f"the appender's role tracks nothing ({tracking_recorder_class})")

    def process_recorder(self) -> NoReturn:
        """An append writes no position of another log."""
        raise ProgrammingError("a log follows no other log")


class LedgerApplication(Application[str]):
    """One log as eventsourcing's application. Events enter through the appender, which admits them; here they are read."""

    name = "holdpoint"

    def __init__(self, desk: Desk, bodies: Mapping[str, type[Body]]) -> None:
        self._desk, self._bodies = desk, bodies
        super().__init__()
        self.recorder: LedgerRecorder  # what our factory made

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """An empty environment. Raises `Fault` `framework-setting` where the process has a setting of the framework."""
        present = {**os.environ, **(env or {})}
        found = sorted(FOREIGN_SETTINGS & {k.removeprefix(f"{name.upper()}_") for k in present})
        if found:
            detail = f"{', '.join(found)} would change how events are stored or read"
            raise Fault("framework-setting", "failed", detail, "unset it: no setting of eventsourcing is honoured here")
        return Environment(name, {})

    def construct_factory(self, env: Environment) -> LedgerFactory:
        """Our factory: never one that the environment names."""
        return LedgerFactory(env, self._desk, self._bodies)

    def save(self, *objs: Any, **kwargs: Any) -> NoReturn:
        """Refused: an event that nobody admitted must not be stored. Raises `ProgrammingError`; see `Appender.submit`."""
        raise ProgrammingError(f"{len(objs) + len(kwargs)} objects: events enter through the appender alone")

    def entry(self, index: int) -> Recorded | None:
        """Entry `index`, or `None` beyond the end. Raises `Fault` `ledger-invalid` where a column is not what its bytes say."""
        for found in self.recorder.select_notifications(index + 1, 1, index + 1):
            return self._decoded(found, f"entry {index}")
        return None

    def stream(self, name: str, *, after: int = 0, limit: int | None = None) -> Iterator[Recorded]:
        """A stream's entries with versions > `after`, in order. Raises `Fault` as `entry`."""
        for found in self.recorder.select_events(name, gt=after, limit=limit):
            yield self._decoded(found, f"{name}, version {found.originator_version}")

    def _decoded(self, found: StoredEvent, place: str) -> Recorded:
        try:
            return cast("Recorded", self.mapper.to_domain_event(found))
        except Malformed as err:
            raise Fault("ledger-invalid", "failed", f"{place}: table event: {err.rule}", "run holdpoint fsck") from err

    def fold(self, name: str, initial: Callable[[], T], step: Callable[[T, Recorded], T]) -> T | None:
        """A stream folded from its first entry, through the framework's repository; `None` for an unknown stream."""

        def project(state: T | None, events: Iterable[Recorded]) -> T | None:
            for event in events:
                state = step(initial() if state is None else state, event)
            return state

        try:
            return cast("T", self.repository.get(name, projector_func=cast("Any", project)))
        except AggregateNotFoundError:
            return None
