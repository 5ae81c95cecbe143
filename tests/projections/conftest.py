"""A fresh migrated database for each test, and a story appended to it by the real function."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
import pytest

from ledger.store.desk import Desk
from ledger.store.rows import Batch, Row
from ledger.tile import Edge
from projections.projection import Projection
from projections.store.tables import view_table
from tests.conftest import LedgerDatabase
from tests.projections.crafted import Crafted, told

Rows = list[tuple[str, int, str]]


@dataclass(slots=True)
class Database:
    """A database of its own on the shared server."""

    base: LedgerDatabase
    edge: Edge

    @property
    def name(self) -> str:
        return self.base.name

    def url(self, role: str = "holdpoint_projector") -> str:
        return self.base.url(role)

    def append(self, world: Crafted, stop: int | None = None) -> None:
        """Append what the world has told and this database does not hold."""
        desk = Desk(self.url("holdpoint_appender"))
        while self.edge.size < (stop or len(world.entries)):
            start = self.edge.size
            batch = range(start, min(start + 500, stop or len(world.entries)))
            rows = [
                Row(world.entries[i], world.events[i].event_id, world.events[i].stream, world.events[i].stream_version,
                    world.events[i].type.topic, bytes.fromhex(world.events[i].leaf))
                for i in batch
            ]  # fmt: skip
            self.edge, tiles = self.edge.extend([r.leaf for r in rows])
            frontier, root = self.edge.frontier().to_bytes(), self.edge.root()
            done = desk.append(Batch(start, rows, world.events[batch[-1]].recorded_at, tiles, frontier, root, 1))
            assert done is not None
        desk.close()

    def rows(self, projection: Projection) -> Rows:
        with psycopg.connect(self.url()) as conn:
            return conn.execute(
                f"SELECT key, rank, row::text FROM holdpoint.{view_table(projection)} ORDER BY key"
            ).fetchall()

    def admin(self, sql: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url("postgres"), autocommit=True) as conn:
            cursor = conn.execute(sql)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def database(ledger_database: LedgerDatabase) -> Database:
    return Database(ledger_database, Edge.empty())


@pytest.fixture(scope="session")
def story() -> Crafted:
    return told()


def wait_until(holds: Callable[[], bool], seconds: float = 15.0) -> None:
    """Poll a condition; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.02)
