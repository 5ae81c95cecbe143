"""Hazard E: the stock runner dies with its LISTEN connection. Ours reconnects with backoff; nothing is lost or doubled."""

import contextlib
import threading

import msgspec
import pytest
from eventsourcing.persistence import JSONTranscoder, Mapper, OperationalError

from ledger.errors import Fault
from ledger.tile import Edge
from projections.projection import Projection
from projections.store.run import CHANNEL, Projector
from tests.conftest import LedgerDatabase
from tests.faults.stock import events, ours, runner, sql
from tests.projections.conftest import Database, wait_until
from tests.projections.crafted import Crafted, told
from tests.projections.test_run import COUNTED

KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def test_stock_runner_dies(ledger_database: LedgerDatabase) -> None:
    with runner(ledger_database, Mapper(JSONTranscoder())) as running, sql(ledger_database) as admin:
        listening = f"{KILL} AND query LIKE 'LISTEN%'"
        wait_until(lambda: admin.execute(listening).fetchall() != [])
        with pytest.raises(OperationalError):
            running.run_forever(timeout=10)
        assert running.is_interrupted.is_set(), "mended upstream: look at log.md §1 again"


def test_our_subscription_goes_on(ledger_database: LedgerDatabase) -> None:
    with (
        ours(ledger_database) as writer,
        ours(ledger_database) as reader,
        sql(ledger_database) as admin,
        reader.subscribe(gt=0) as subscription,
    ):
        writer.insert_events(events(1))
        assert next(subscription).id == 1
        assert admin.execute(KILL).fetchall()
        thread = threading.Timer(0.3, insert_again, (writer,))
        thread.start()
        assert [next(subscription).id, next(subscription).id] == [2, 3]
        thread.join()


def insert_again(writer) -> None:
    with contextlib.suppress(Fault):  # its connection was killed too: refused, nothing written
        writer.max_notification_id()
    writer.insert_events(events(2, after=1))


def test_our_projector_goes_on(ledger_database: LedgerDatabase, story: Crafted) -> None:
    database, stop, said = Database(ledger_database, Edge.empty()), threading.Event(), []
    counted: Projection = COUNTED
    projector = Projector(database.url(), [counted], batch=5)
    thread = threading.Thread(target=projector.run, args=(stop,), kwargs={"say": said.append})
    thread.start()
    with sql(ledger_database) as admin:
        for end in (10, 30, story.size):
            database.append(story, end)
            admin.execute(f"NOTIFY {CHANNEL}")
            wait_until(lambda end=end: projector.positions.get("history/1") == end)
            assert admin.execute(f"{KILL} AND usename = 'holdpoint_projector'").fetchall()
    wait_until(lambda: len(said) >= 3)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    seen = [msgspec.json.decode(row)["seen"] for _, _, row in database.rows(counted)]
    assert sorted(i for s in seen for i in s) == list(range(story.size))


@pytest.fixture(scope="module")
def story() -> Crafted:
    return told()
