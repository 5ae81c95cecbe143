"""Hazard A: an exception inside an insert hook reaches the caller, and the stock recorder COMMITS. Ours rolls back all of it."""

from typing import Any

import pytest
from eventsourcing.postgres import PostgresApplicationRecorder

from ledger.store.desk import Desk
from tests.conftest import LedgerDatabase
from tests.faults.stock import events, evidence, made_up, ours, stock, stock_event


class Hooked(PostgresApplicationRecorder):
    def _insert_stored_events(self, *args: Any, **kwargs: Any) -> None:
        super()._insert_stored_events(*args, **kwargs)
        raise ZeroDivisionError


class HookedDesk(Desk):
    """Fails after the statement ran, before its transaction ends."""

    def _call(self, *args: Any) -> Any:
        committed = super()._call(*args)
        if committed is None:
            return None
        raise ZeroDivisionError


def test_stock_commits_what_a_hook_refused(ledger_database: LedgerDatabase) -> None:
    with stock(ledger_database, kind=Hooked) as recorder:
        with pytest.raises(ZeroDivisionError):
            recorder.insert_events([stock_event()])
        assert recorder.max_notification_id() == 1, "mended upstream: look at log.md §1 again"


def test_ours_rolls_back_everything(ledger_database: LedgerDatabase) -> None:
    with ours(ledger_database) as recorder:
        assert recorder.insert_events(events(255)) == list(range(1, 256))
    before = evidence(ledger_database)
    with ours(ledger_database, HookedDesk) as recorder:
        batch = events(3, after=255)
        with pytest.raises(ZeroDivisionError):  # the slow path, which is a transaction of several statements
            recorder.commit_locked(lambda head: recorder._build(head, batch, [made_up(e) for e in batch], 1, []))
    assert evidence(ledger_database) == before
    with ours(ledger_database) as recorder:
        assert recorder.insert_events(events(1, after=255)) == [256], "the next index is unchanged"
    assert evidence(ledger_database)["tile"] == (1,), "the tile that the lost batch would have filled is filled now"
