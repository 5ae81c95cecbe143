"""Reads entries for the folds: pages in order, decoded once for all views, the next page while the present one is written.

Reading ahead is safe because evidence is insert-only and gapless; where it turns out to be for another position, it is dropped.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import psycopg

from ledger.errors import Fault, LedgerError
from ledger.event import Event
from ledger.events import key, ledger
from projections.decode import Decoder

ENTRIES = """SELECT notification_id, state FROM holdpoint.event
    WHERE notification_id > %s AND notification_id <= %s ORDER BY notification_id"""
OWNERS = """SELECT notification_id, state FROM holdpoint.event
    WHERE notification_id <= %s AND topic = ANY(%s) ORDER BY notification_id"""
OWNING_TOPICS = [ledger.Founded.event.topic, key.Registered.event.topic]


@dataclass(frozen=True, slots=True)
class Page:
    """Events from position `start` on. `rule`: why the entry after the last of them can't be read, if it can't."""

    start: int
    events: tuple[Event, ...]
    rule: str | None = None


class EntryReader:
    """Its own connection and one thread. Raises `psycopg.Error`, and `Fault` `entry-missing` for a gap: never a skip."""

    def __init__(self, url: str, batch: int) -> None:
        self._batch = batch
        self._conn = psycopg.connect(url, autocommit=True, connect_timeout=5, prepare_threshold=0)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="entries")
        self._ahead: tuple[int, Future[Page]] | None = None
        self._decoder = Decoder()
        self._position = 0

    def page(self, start: int) -> Page:
        """Up to a batch of events after position `start`; and start reading the page after it."""
        ahead, self._ahead = self._ahead, None
        page: Page | None = None
        if ahead is not None:
            found = ahead[1].result()
            page = found if ahead[0] == start else None
        if page is None or (not page.events and page.rule is None):
            page = self._thread.submit(self._read, start).result()
        if len(page.events) == self._batch:
            after = start + self._batch
            self._ahead = after, self._thread.submit(self._read, after)
        return page

    def size(self) -> int:
        """Entries in the log."""
        row = self._conn.execute("SELECT coalesce(max(notification_id), 0) FROM holdpoint.event").fetchone()
        return 0 if row is None else row[0]

    def _read(self, start: int) -> Page:
        if start != self._position:
            self._learn_owners(start)
        rows = self._conn.execute(ENTRIES, (start, start + self._batch), binary=True).fetchall()
        events: list[Event] = []
        for expected, (number, raw) in enumerate(rows, start + 1):
            if number != expected:
                raise Fault("entry-missing", "failed", f"no entry {expected - 1} in the database", "run holdpoint fsck")
            try:
                events.append(self._decoder.decode(number - 1, raw))
            except LedgerError as err:
                self._position = -1
                return Page(start, tuple(events), err.code)
        self._position = start + len(events)
        return Page(start, tuple(events))

    def _learn_owners(self, start: int) -> None:
        """Who owns which key, for a reader that starts in the middle."""
        self._decoder = Decoder()
        for number, raw in self._conn.execute(OWNERS, (start, OWNING_TOPICS), binary=True):
            self._decoder.decode(number - 1, raw)

    def close(self) -> None:
        """Wait for the thread, close the connection."""
        self._thread.shutdown(cancel_futures=True)
        self._conn.close()
