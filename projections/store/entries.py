"""Reads entries for the folds: pages in order, decoded once for all views, the next page while the present one is written.

In the projector's own thread: a second one would only pass the interpreter's lock to and fro (measured: half the rate).

Reading ahead is safe because evidence is insert-only and gapless; where it turns out to be for another position, it is dropped.
"""

from dataclasses import dataclass

from ledger.errors import Fault, LedgerError
from ledger.event import Event
from ledger.events import key, ledger, root
from ledger.store.connection import connect
from projections.decode import Decoder

ENTRIES = """SELECT notification_id, state FROM holdpoint.event
    WHERE notification_id > %s AND notification_id <= %s ORDER BY notification_id"""
OWNERS = """SELECT notification_id, state FROM holdpoint.event
    WHERE notification_id <= %s AND topic = ANY(%s) ORDER BY notification_id"""
OWNING_TOPICS = [ledger.Founded.event.topic, key.Registered.event.topic, root.Rotated.event.topic]


@dataclass(frozen=True, slots=True)
class Page:
    """Events from position `start` on. `rule`: why the entry after the last of them can't be read, if it can't."""

    start: int
    events: tuple[Event, ...]
    rule: str | None = None


class EntryReader:
    """Its own connection. Raises `psycopg.Error`, and `Fault` `entry-missing` for a gap: never a skip."""

    def __init__(self, url: str, batch: int) -> None:
        self._batch = batch
        self._conn = connect(url)
        self._ahead: Page | None = None
        self._decoder = Decoder()
        self._position = 0

    def page(self, start: int) -> Page:
        """Up to a batch of events after position `start`: the page that was read ahead, if it is that one."""
        page, self._ahead = self._ahead, None
        return page if page is not None and page.start == start and page.events else self._read(start)

    def read_ahead(self, start: int) -> None:
        """Read the page after `start` now, while the database is busy with what was sent to it before."""
        self._ahead = self._read(start)

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
        """Close the connection."""
        self._conn.close()
