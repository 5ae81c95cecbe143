"""Hazard D: ids come from a sequence, so a lost race burns one (1 → 5 after three). Ours: index + 1, without a gap."""

import pytest
from eventsourcing.persistence import IntegrityError

from tests.conftest import LedgerDatabase
from tests.faults.stock import events, ours, stock, stock_event


def test_stock_burns_an_id_per_conflict(ledger_database: LedgerDatabase) -> None:
    with stock(ledger_database) as recorder:
        first = stock_event()
        assert recorder.insert_events([first]) == [1]
        for _ in range(3):
            with pytest.raises(IntegrityError):
                recorder.insert_events([first])
        assert recorder.insert_events([stock_event()]) == [5], "mended upstream: look at log.md §1 again"


def test_ours_has_no_gap_after_any_failure(ledger_database: LedgerDatabase) -> None:
    with ours(ledger_database) as recorder:
        assert recorder.insert_events(events(1)) == [1]
        for _ in range(3):
            with pytest.raises(IntegrityError):
                recorder.insert_events(events(1))
        for bad in (events(2, after=5), events(1, after=0), [*events(1, after=1), *events(1, after=1)]):
            with pytest.raises(IntegrityError):
                recorder.insert_events(bad)
        assert recorder.insert_events(events(2, after=1)) == [2, 3]
