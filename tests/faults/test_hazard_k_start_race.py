"""Hazard K: services that create tables at start crash one another. Ours check the fingerprint; `migrate` alone creates."""

import threading

import psycopg
import pytest

from ledger.errors import Fault
from ledger.store.desk import Desk
from ledger.store.migrate import migrate, migration_files
from projections.store.migrate import migrate_views, view_migration_files
from tests.conftest import LedgerDatabase, fresh_database
from tests.faults.stock import sql, stock
from tests.projections.conftest import wait_until


def test_a_stock_start_crashes_beside_another(ledger_database: LedgerDatabase) -> None:
    with stock(ledger_database) as recorder, sql(ledger_database) as admin, sql(ledger_database) as other:
        admin.execute("DROP SCHEMA stock CASCADE; CREATE SCHEMA stock")
        crashed: list[BaseException] = []

        def start() -> None:
            try:
                recorder.create_table()
            except Exception as err:
                crashed.append(err)

        thread = threading.Thread(target=start)
        with other.transaction():  # another service is half way through its own start
            other.execute(recorder.sql_create_statements[recorder.create_table_statement_index])
            thread.start()
            waiting = "SELECT 1 FROM pg_locks WHERE NOT granted"
            wait_until(lambda: admin.execute(waiting).fetchall() != [])
        thread.join(10)
        assert [type(e).__name__ for e in crashed] == ["IntegrityError"], "mended upstream: look at log.md §1 again"


def test_ours_migrates_once_whoever_asks(ledger_database: LedgerDatabase) -> None:
    database = fresh_database(ledger_database.server, migrated=False)
    url, barrier = database.url("holdpoint_migrator"), threading.Barrier(6)
    applied: list[int] = []

    def start() -> None:
        barrier.wait()
        applied.append(len(migrate(url)) + len(migrate_views(url)))

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(applied) == 6
    assert sum(applied) == len(migration_files()) + len(view_migration_files())


def test_a_service_creates_nothing(ledger_database: LedgerDatabase) -> None:
    database = fresh_database(ledger_database.server, migrated=False)
    with pytest.raises(Fault, match="schema-missing"):
        Desk(database.url("holdpoint_appender"))
    with psycopg.connect(database.url()) as conn:
        assert conn.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname IN ('holdpoint', 'public')"
        ).fetchone() == (0,)
