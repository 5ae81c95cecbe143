"""One embedded server; a fresh migrated database for each test, and a story appended to it by the real function."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import psycopg
import pytest

from ledger.store.desk import Desk
from ledger.store.embedded import EmbeddedPostgres
from ledger.store.migrate import migrate
from ledger.store.rows import Batch, Row
from ledger.tile import Edge
from projections.projection import Projection
from projections.store.migrate import migrate_views
from projections.store.tables import view_table
from tests.projections.crafted import Crafted, told

Rows = list[tuple[str, int, str]]


@dataclass(slots=True)
class Database:
    """A database of its own on the shared server."""

    server: EmbeddedPostgres
    name: str
    edge: Edge

    def url(self, role: str = "holdpoint_projector") -> str:
        return self.server.url(role, self.name)

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


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("views") / "pg") as server:
        migrate(server.url("holdpoint_migrator"))
        assert migrate_views(server.url("holdpoint_migrator"))
        yield server


@pytest.fixture
def database(server: EmbeddedPostgres, request: pytest.FixtureRequest) -> Iterator[Database]:
    name = f"t{abs(hash(request.node.nodeid)) % 10**12}"
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name} TEMPLATE holdpoint")
        yield Database(server, name, Edge.empty())
        with suppress(psycopg.OperationalError):
            conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def story() -> Crafted:
    return told()


def wait_until(holds: Callable[[], bool], seconds: float = 15.0) -> None:
    """Poll a condition; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.02)
