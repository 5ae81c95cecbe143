"""Hazard F: a commit between the first pull and LISTEN: the stock subscriber waits for the *next* append. Ours polls.

pyeventsourcing/eventsourcing#305.
"""

import threading
from typing import Any

from eventsourcing.postgres import PostgresSubscription

from projections.history import HISTORY
from projections.store.run import Projector
from tests.conftest import LedgerDatabase
from tests.faults.stock import events, ours, stock, stock_event
from tests.projections.conftest import wait_until


class LateListener(PostgresSubscription):
    """Its LISTEN comes when it is told to: the moment of the hazard, held open."""

    go: threading.Event

    def _listen(self) -> None:
        self.go.wait(10)
        super()._listen()


def received(subscription: Any, wanted: int) -> list[int]:
    """Ids as they come, in a list that a thread fills."""
    ids: list[int] = []

    def take() -> None:
        for notification in subscription:
            ids.append(notification.id)
            if len(ids) == wanted:
                return

    threading.Thread(target=take, daemon=True).start()
    return ids


def test_stock_subscriber_sleeps_through_it(ledger_database: LedgerDatabase) -> None:
    with stock(ledger_database) as recorder:
        LateListener.go = threading.Event()
        with LateListener(recorder, gt=0) as subscription:
            ids = received(subscription, 2)
            wait_until(lambda: subscription._has_been_notified.is_set() is False and pulled(recorder))
            recorder.insert_events([stock_event()])
            LateListener.go.set()
            threading.Event().wait(1.5)
            assert ids == [], "mended upstream: look at log.md §1 again"
            recorder.insert_events([stock_event()])
            wait_until(lambda: ids == [1, 2])


def pulled(recorder: Any) -> bool:
    """The pull thread has read the empty log by now."""
    threading.Event().wait(0.2)
    return recorder.max_notification_id() is None


def test_ours_hears_of_it_within_a_second(ledger_database: LedgerDatabase) -> None:
    with ours(ledger_database) as writer, ours(ledger_database) as reader, reader.subscribe(gt=0) as subscription:
        ids = received(subscription, 1)
        threading.Event().wait(0.2)
        writer.insert_events(events(1))  # another process, for all that the reader knows: no hint reaches it
        wait_until(lambda: ids == [1], 1.5)


def test_our_projector_listens_before_it_reads(ledger_database: LedgerDatabase) -> None:
    projector = Projector(ledger_database.url("holdpoint_projector"), [HISTORY])
    order: list[str] = []
    conn, reader = projector._open()
    assert conn.execute("SELECT * FROM pg_listening_channels()").fetchall() == [("holdpoint_head",)]
    read = reader._read
    reader._read = lambda start: order.append("read") or read(start)  # type: ignore[method-assign]
    projector.step()
    assert order == ["read"]
    projector.close()
