"""Hazard H: the connection is lost after commit, and the stock `@retry` collides with itself. Ours never retries: it asks."""

from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError, OperationalError

from ledger.errors import Fault
from ledger.store.desk import Desk
from ledger.store.recorder import Identity
from tests.conftest import LedgerDatabase
from tests.faults.stock import events, ours, stock, stock_event
from tests.ledger.store.batches import AT, event_id


def test_stock_reports_a_conflict_for_an_event_that_is_stored(ledger_database: LedgerDatabase) -> None:
    with stock(ledger_database) as recorder:
        real, lost = recorder.datastore.get_connection, iter([True])

        @contextmanager
        def losing() -> Any:
            with real() as conn:
                yield conn
            if next(lost, False):  # committed; the reply did not arrive
                raise OperationalError("server closed the connection unexpectedly")

        recorder.datastore.get_connection = losing  # type: ignore[method-assign]
        event = stock_event()
        with pytest.raises(IntegrityError):
            recorder.insert_events([event])
        assert len(recorder.select_events(event.originator_id)) == 1, "mended upstream: look at log.md §1 again"


class LosingDesk(Desk):
    """Commits, and loses the first reply."""

    lost = False
    calls = 0

    def _call(self, *args: Any) -> Any:
        committed = super()._call(*args)
        self.calls += 1
        if not self.lost:
            self.lost = True
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return committed


def test_ours_says_unknown_once_and_the_event_id_tells(ledger_database: LedgerDatabase) -> None:
    identity = Identity(event_id(), AT)
    with ours(ledger_database, LosingDesk, identify=lambda _e: identity) as recorder:
        with pytest.raises(Fault) as caught:
            recorder.insert_events(events(1))
        assert (caught.value.code, caught.value.outcome) == ("outcome-unknown", "unknown")
        desk = recorder.desk
        assert isinstance(desk, LosingDesk)
        assert desk.calls == 1, "nothing was retried"
        assert recorder.max_notification_id() == 1
        assert recorder.insert_events(events(1)) == [1], "the same batch again: its first id"
        assert desk.calls == 1
        assert recorder.max_notification_id() == 1
