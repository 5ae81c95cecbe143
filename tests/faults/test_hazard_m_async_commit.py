"""Hazard M: `synchronous_commit = off` and a crash: acknowledged events are lost, their ids used again. Ours refuses `off`."""

import signal
from pathlib import Path

import psycopg
import pytest

from ledger.errors import Fault
from ledger.store.desk import Desk
from ledger.store.embedded import EmbeddedPostgres
from ledger.store.migrate import migrate
from tests.conftest import LedgerDatabase
from tests.faults.stock import events, ours, stock, stock_event


def crash(server: EmbeddedPostgres) -> None:
    """All of PostgreSQL ends at once, as in an immediate stop; then it starts again and recovers."""
    process = server._process
    assert process is not None
    process.send_signal(signal.SIGQUIT)
    process.wait()
    server.revive()


@pytest.fixture
def own_cluster(tmp_path: Path):
    with EmbeddedPostgres(tmp_path / "pg") as server:
        migrate(server.url("holdpoint_migrator"))
        yield LedgerDatabase(server, "holdpoint")


def test_stock_loses_what_it_acknowledged_and_ours_does_not(own_cluster: LedgerDatabase) -> None:
    with psycopg.connect(own_cluster.url(), autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")  # so that the loss is sure, not only likely
        admin.execute("SELECT pg_reload_conf()")
        admin.execute("ALTER ROLE postgres SET synchronous_commit = off")
    with stock(own_cluster) as recorder:
        for _ in range(20):
            recorder.insert_events([stock_event()])
        acknowledged = recorder.max_notification_id()
        crash(own_cluster.server)
    with stock(own_cluster) as recorder:
        assert acknowledged == 20
        assert (recorder.max_notification_id() or 0) < 20, "mended upstream: look at log.md §1 again"
    with ours(own_cluster) as recorder:
        for n in range(20):
            assert recorder.insert_events(events(1, after=n)) == [n + 1]
    crash(own_cluster.server)
    with ours(own_cluster) as recorder:
        assert recorder.max_notification_id() == 20
        assert recorder.insert_events(events(1, after=20)) == [21]


def test_start_and_each_append_refuse_off(ledger_database: LedgerDatabase) -> None:
    with ours(ledger_database) as recorder:
        recorder.insert_events(events(1))
        recorder.desk.query("SELECT set_config('synchronous_commit', 'off', false)")
        with pytest.raises(Fault, match="synchronous_commit is off"):
            recorder.insert_events(events(1, after=1))
        assert recorder.max_notification_id() == 1
    with psycopg.connect(ledger_database.url(), autocommit=True) as admin:
        admin.execute(f"ALTER ROLE holdpoint_appender IN DATABASE {ledger_database.name} SET synchronous_commit = off")
    with pytest.raises(Fault, match="durability-off"):
        Desk(ledger_database.url("holdpoint_appender"))
