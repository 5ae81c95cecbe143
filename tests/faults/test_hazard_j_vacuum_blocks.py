"""Hazard J: `LOCK TABLE … EXCLUSIVE` waits for VACUUM, ANALYZE and CREATE INDEX CONCURRENTLY. Ours takes a row lock only."""

import time

import pytest
from eventsourcing.persistence import OperationalError

from tests.conftest import LedgerDatabase
from tests.faults.stock import events, ours, sql, stock, stock_event

MODE = "SHARE UPDATE EXCLUSIVE"
"""The lock that all three take (PostgreSQL, Explicit Locking)."""
TABLES = ("event", "event_id", "stream", "head", "tile", "checkpoint")


def test_stock_waits(ledger_database: LedgerDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eventsourcing.utils.sleep", lambda _seconds: None, raising=False)
    with stock(ledger_database, lock_timeout=1) as recorder, sql(ledger_database) as vacuum:
        with vacuum.transaction():
            vacuum.execute(f"LOCK TABLE stock.stored_events IN {MODE} MODE")
            began = time.monotonic()
            with pytest.raises(OperationalError):
                type(recorder).insert_events.__wrapped__(recorder, [stock_event()])  # one try of the ten
            assert time.monotonic() - began > 0.9, "mended upstream: look at log.md §1 again"
        assert recorder.insert_events([stock_event()]) is not None


def test_ours_does_not(ledger_database: LedgerDatabase) -> None:
    with ours(ledger_database) as recorder, sql(ledger_database) as vacuum:
        recorder.insert_events(events(1))
        with vacuum.transaction():
            for table in TABLES:
                vacuum.execute(f"LOCK TABLE holdpoint.{table} IN {MODE} MODE")
            began = time.monotonic()
            assert recorder.insert_events(events(1, after=1)) == [2]
            assert time.monotonic() - began < 1.0
        for command in ("VACUUM", "VACUUM ANALYZE", "ANALYZE"):
            vacuum.execute(f"{command} holdpoint.event")
        assert recorder.insert_events(events(1, after=2)) == [3]
