"""Hazard L: `LOCK TABLE … EXCLUSIVE` fails for a role with INSERT and SELECT only. Ours appends with no DML right at all."""

import pytest
from eventsourcing.persistence import PersistenceError

from tests.conftest import LedgerDatabase
from tests.faults.stock import datastore, events, ours, sql, stock, stock_event

EVIDENCE = ("event", "event_id", "tile", "checkpoint", "head", "stream")


def test_stock_needs_more_than_insert(ledger_database: LedgerDatabase) -> None:
    with stock(ledger_database) as owner, sql(ledger_database) as admin:
        admin.execute("GRANT USAGE ON SCHEMA stock TO holdpoint_reader")
        admin.execute("GRANT SELECT, INSERT ON stock.stored_events TO holdpoint_reader")
        admin.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA stock TO holdpoint_reader")
        store = datastore(ledger_database, user="holdpoint_reader")
        try:
            recorder = type(owner)(store, events_table_name="stored_events")
            with pytest.raises(PersistenceError, match="permission denied"):
                recorder.insert_events([stock_event()])
            admin.execute("GRANT UPDATE, DELETE, TRUNCATE ON stock.stored_events TO holdpoint_reader")
            assert recorder.insert_events([stock_event()]) is not None, "with rights to destroy, it works"
        finally:
            store.close()


def test_ours_appends_without_any_right_on_evidence(ledger_database: LedgerDatabase) -> None:
    with ours(ledger_database) as recorder, sql(ledger_database, "holdpoint_appender") as conn:
        for table in EVIDENCE:
            for right in ("INSERT", "UPDATE", "DELETE", "TRUNCATE"):
                held = conn.execute("SELECT has_table_privilege(%s, %s)", (f"holdpoint.{table}", right)).fetchone()
                assert held == (False,), (table, right)
        assert recorder.insert_events(events(2)) == [1, 2]
