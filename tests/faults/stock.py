"""The stock recorder of eventsourcing 9.5.6 in a schema of its own, beside ours: each hazard is shown there first.

When one of these shows no more, upstream has mended it: then look again at what we replaced (faults.md §5).
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from eventsourcing.application import Application
from eventsourcing.persistence import StoredEvent, Tracking
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner

from ledger.store.desk import Desk
from ledger.store.recorder import Identity, LedgerRecorder
from tests.conftest import LedgerDatabase
from tests.ledger.store.batches import AT, TOPIC, event_id


def datastore(
    database: LedgerDatabase, schema: str = "stock", user: str = "postgres", **options: Any
) -> PostgresDatastore:
    """A pool of four connections to the scratch schema."""
    return PostgresDatastore(
        database.name, str(database.server.socket), "5432", user, "x", schema=schema, pool_size=4, **options
    )


@contextmanager
def stock(
    database: LedgerDatabase, table: str = "stored_events", kind: type[PostgresApplicationRecorder] = PostgresApplicationRecorder,
    **options: Any,
) -> Iterator[PostgresApplicationRecorder]:  # fmt: skip
    """A stock recorder with its table."""
    with sql(database) as admin:
        admin.execute(f"CREATE SCHEMA IF NOT EXISTS {options.get('schema', 'stock')}")
    store = datastore(database, **options)
    try:
        recorder = kind(store, events_table_name=table)
        recorder.create_table()
        yield recorder
    finally:
        store.close()


@contextmanager
def sql(database: LedgerDatabase, user: str = "postgres") -> "Iterator[psycopg.Connection[Any]]":
    """A plain connection, in autocommit."""
    with psycopg.connect(database.url(user), autocommit=True) as conn:
        yield conn


def stock_event(version: int = 0, topic: str = "topic", originator_id: uuid.UUID | None = None) -> StoredEvent:
    return StoredEvent(originator_id or uuid.uuid4(), version, topic, os.urandom(100))


def made_up(_event: StoredEvent) -> Identity:
    return Identity(event_id(), AT)


@contextmanager
def ours(
    database: LedgerDatabase, kind: type[Desk] = Desk, topics: tuple[str, ...] = (TOPIC,), identify: Any = made_up
) -> Iterator[LedgerRecorder]:
    """Our recorder, as `holdpoint_appender`."""
    desk = kind(database.url("holdpoint_appender"))
    try:
        yield LedgerRecorder(desk, topics, identify)
    finally:
        desk.close()


def events(count: int, stream: str = "model/a", after: int = 0, topic: str = TOPIC) -> list[StoredEvent]:
    return [StoredEvent(stream, after + n + 1, topic, f"{stream} {after + n}".encode()) for n in range(count)]


def evidence(database: LedgerDatabase) -> dict[str, Any]:
    """What an append changes: counts of evidence, the head, the streams."""
    with sql(database) as admin:
        found: dict[str, Any] = {
            t: admin.execute(f"SELECT count(*) FROM holdpoint.{t}").fetchone()
            for t in ("event", "event_id", "tile", "checkpoint", "note")
        }
        found["head"] = admin.execute("SELECT size, frontier, root FROM holdpoint.head").fetchone()
        found["stream"] = admin.execute("SELECT * FROM holdpoint.stream ORDER BY name").fetchall()
    return found


class Lab(Application[uuid.UUID]):
    """The stock application that the runners follow."""

    def add(self, topic: str = "topic") -> int:
        (notification_id,) = self.recorder.insert_events([stock_event(topic=topic)]) or ()
        return notification_id


class Seen(Projection[PostgresTrackingRecorder]):
    """A stock projection of one topic."""

    topics = ("wanted",)

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.insert_tracking(tracking)


@contextmanager
def runner(database: LedgerDatabase, mapper: Any) -> Iterator[ProjectionRunner[Lab, PostgresTrackingRecorder]]:
    """A stock projection runner on the scratch schema. `mapper`: how its application decodes."""
    with sql(database) as admin:
        admin.execute("CREATE SCHEMA IF NOT EXISTS stock")
    env = {
        "PERSISTENCE_MODULE": "eventsourcing.postgres", "POSTGRES_DBNAME": database.name,
        "POSTGRES_HOST": str(database.server.socket), "POSTGRES_PORT": "5432", "POSTGRES_USER": "postgres",
        "POSTGRES_PASSWORD": "x", "POSTGRES_SCHEMA": "stock",
    }  # fmt: skip
    lab = type("Lab", (Lab,), {"construct_mapper": lambda _self: mapper, "name": "lab"})
    running = ProjectionRunner(
        application_class=lab, projection_class=Seen, view_class=PostgresTrackingRecorder, env=env
    )
    running.__enter__()
    try:
        yield running
    finally:
        try:
            running.__exit__(None, None, None)
        except Exception:  # what a test is about was raised already
            pass
        finally:
            running.view.datastore.close()
