"""Hazard B: with `ENABLE_DB_FUNCTIONS` ids are given before commit order is known: a tailing reader skips. Ours: none skipped."""

import threading

import psycopg
import pytest
from psycopg.types.composite import register_composite

from ledger.errors import Fault
from ledger.registry import BY_TOPIC
from ledger.store.application import LedgerApplication
from tests.conftest import LedgerDatabase
from tests.faults.stock import events, ours, sql, stock, stock_event

WRITERS, BATCHES, EACH = 8, 12, 5


def test_stock_reader_skips_what_commits_late(ledger_database: LedgerDatabase) -> None:
    with stock(ledger_database, enable_db_functions=True) as recorder, sql(ledger_database) as slow:
        register_composite(recorder.datastore.psycopg_type_adapters[recorder.stored_event_type_name], slow)
        late = stock_event()
        made = recorder.construct_pg_stored_event(late.originator_id, 0, late.topic, late.state)
        with slow.transaction():
            slow.execute(recorder.sql_invoke_pg_function_insert_events, ([made],))
            recorder.insert_events([stock_event()])  # a quicker writer
            first = recorder.select_notifications(start=0, limit=10, inclusive_of_start=False)
        seen = [n.id for n in first]
        seen += [n.id for n in recorder.select_notifications(start=seen[-1], limit=10, inclusive_of_start=False)]
        assert seen == [2], "mended upstream: look at log.md §1 again"
        assert recorder.max_notification_id() == 2


def test_a_tailing_reader_of_ours_sees_every_entry(ledger_database: LedgerDatabase) -> None:
    total = WRITERS * BATCHES * EACH
    seen: list[int] = []

    def write(n: int) -> None:
        with ours(ledger_database) as recorder:
            for k in range(BATCHES):
                recorder.insert_events(events(EACH, f"model/{n}", k * EACH))

    def tail() -> None:
        with ours(ledger_database) as recorder, recorder.subscribe(gt=0) as subscription:
            for notification in subscription:
                seen.append(notification.id)
                if len(seen) == total:
                    return

    threads = [threading.Thread(target=tail)] + [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert seen == list(range(1, total + 1))


def test_a_writer_that_has_not_committed_holds_the_next_one(ledger_database: LedgerDatabase) -> None:
    with ours(ledger_database) as recorder, psycopg.connect(ledger_database.url("holdpoint_appender")) as slow:
        slow.execute("SELECT * FROM holdpoint.lock_head()")
        done = threading.Event()
        thread = threading.Thread(target=lambda: (recorder.insert_events(events(1)), done.set()))
        thread.start()
        assert not done.wait(0.3)
        slow.rollback()
        thread.join(10)
        assert done.is_set()


def test_the_setting_is_refused_at_start(ledger_database: LedgerDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_ENABLE_DB_FUNCTIONS", "y")
    with ours(ledger_database) as recorder, pytest.raises(Fault, match="framework-setting"):
        LedgerApplication(recorder.desk, BY_TOPIC)
