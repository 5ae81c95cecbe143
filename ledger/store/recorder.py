"""eventsourcing's recorder interfaces over the desk, with the write method replaced (log.md §1, faults.md §5).

`commit` is the one way to write: the appender calls it with what it has admitted, and so does the framework's `insert_events`.
It is `append_batch`: notification id = leaf index + 1, gapless, under one row lock, as a role without any right to
insert. Nothing is retried after an ambiguous commit: the event id tells what became of it. Reading polls; a hint shortens it.
"""

import threading
import weakref
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

import psycopg
from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    ProgrammingError,
    StoredEvent,
    Subscription,
    Tracking,
    TrackingRecorder,
)

from ledger.entry import leaf_hash
from ledger.errors import Conflict, Fault
from ledger.store.desk import Desk
from ledger.store.rows import Batch, Committed, Head, Row, make_batch
from ledger.tile import Edge

PAGE = 500
POLL_SECONDS = 0.5
EVENTS = """SELECT stream, stream_version, topic, state FROM holdpoint.event
    WHERE stream = %s AND stream_version > %s AND stream_version <= %s ORDER BY stream_version {} LIMIT %s"""
NOTIFICATIONS = """SELECT stream, stream_version, topic, state, notification_id FROM holdpoint.event
    WHERE notification_id >= %s AND notification_id <= %s AND (%s::text[] IS NULL OR topic = ANY(%s))
    ORDER BY notification_id LIMIT %s"""
HEADS = "SELECT name, version FROM holdpoint.stream WHERE name = ANY(%s)"
KNOWN = """SELECT i.event_id::text, e.notification_id, e.state FROM holdpoint.event_id i
    JOIN holdpoint.event e USING (notification_id) WHERE i.event_id = ANY(%s::uuid[])"""
MAX = 2**62


@dataclass(frozen=True, slots=True)
class Identity:
    """What the desk stores beside an entry's bytes and reads out of them: its event id and recorded time."""

    event_id: str
    recorded_at: str


class StreamConflict(Conflict, IntegrityError):
    """Someone was first: our `Conflict`, and the error that eventsourcing's callers expect."""


class LedgerRecorder(ApplicationRecorder):
    """One log as an application recorder. `topics` is closed; `identify` reads an event's id and time from its bytes.

    Thread-safe. Several recorders may share a log: a lost race is re-read and built anew under the head's lock.
    """

    def __init__(self, desk: Desk, topics: Collection[str], identify: Callable[[StoredEvent], Identity]) -> None:
        self.desk, self._topics, self._identify = desk, frozenset(topics), identify
        self._edge = Edge.empty()
        self._lock = threading.Lock()
        self._hints: weakref.WeakSet[threading.Event] = weakref.WeakSet()

    # -- the one way to commit ---------------------------------------------------------------------------------------

    def commit(self, batch: Batch) -> Committed | None:
        """Commit what the appender, or `insert_events`, has made: one round trip, nothing computed again.

        `None`: the head had moved. Raises `Fault` `leaf-mismatch`, and as `Desk.append`.
        """
        return self._committed(batch, self.desk.append(batch))

    def commit_locked(self, build: Callable[[Head], Batch | None]) -> Committed | None:
        """After a lost race: what `build` makes behind the head's lock. `None`: nothing was left to do. Raises as `commit`."""
        made: list[Batch | None] = []

        def remember(head: Head) -> Batch | None:
            made[:] = [build(head)]
            return made[0]

        committed = self.desk.append_locked(remember)
        return None if made[0] is None else self._committed(made[0], committed)

    def _committed(self, batch: Batch, committed: Committed | None) -> Committed | None:
        """The database hashed the bytes that it stored; we sign only over those that we sent (R6)."""
        if committed is None:
            return None
        if [r.leaf for r in batch.rows] != list(committed.leaf_hashes):
            raise Fault("leaf-mismatch", "unknown", "the database hashed other bytes", "run holdpoint fsck")
        for hint in list(self._hints):
            hint.set()
        return committed

    # -- the framework's interface -----------------------------------------------------------------------------------

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Append in one commit; returns the notification ids, or those of the first time for a repeated batch.

        Nothing is admitted here: `Appender.submit` does that, for whoever is not a test. `submissions` (default 1): how many
        submissions the batch answers. Raises `StreamConflict` (`version-conflict`, `event-id-conflict`), `ProgrammingError`
        (unknown topic or option), `Fault` (`outcome-unknown` among others).
        """
        submissions: int = kwargs.pop("submissions", 1)
        if kwargs:
            raise ProgrammingError(f"unknown options: {', '.join(sorted(kwargs))}")
        if not stored_events:
            return None
        identities = [self._identify(e) for e in stored_events]
        unknown = {e.topic for e in stored_events} - self._topics
        if unknown or len({i.recorded_at for i in identities}) != 1:
            raise ProgrammingError(
                f"unknown topics: {sorted(unknown)}" if unknown else "one commit has one recorded time"
            )
        with self._lock:
            return self._first_time(stored_events, identities) or self._write(stored_events, identities, submissions)

    def _write(self, events: Sequence[StoredEvent], identities: Sequence[Identity], submissions: int) -> list[int]:
        """One round trip; if someone else appended meanwhile, once more under the lock, where nobody can come between."""
        made: list[Edge] = []
        standing: list[int] = []

        def build(head: Head) -> Batch | None:
            standing[:] = self._first_time(events, identities) or ()
            return None if standing else self._build(head, events, identities, submissions, made)

        batch = self._build(Head(self._edge.size, b"", self._edge.root()), events, identities, submissions, made)
        committed = self.commit(batch) or self.commit_locked(build)
        if committed is None:
            return standing
        self._edge = made[-1]
        return list(range(committed.size - len(events) + 1, committed.size + 1))

    def _build(
        self,
        head: Head,
        events: Sequence[StoredEvent],
        identities: Sequence[Identity],
        submissions: int,
        made: list[Edge],
    ) -> Batch:
        """The batch that fits the tree of `head`; our own edge follows it first, and must lead to its root (R6).

        The edge after it goes to `made`, and becomes ours once it is committed.
        """
        if head.size != self._edge.size:
            self._edge, _ = self._edge.extend(self.desk.read_leaf_hashes(self._edge.size, head.size))
        if self._edge.root() != head.root:
            raise Fault("ledger-invalid", "failed", f"the stored leaves lack the root at {head.size}", "holdpoint fsck")
        self._check_versions(events)
        rows = tuple(
            Row(e.state, i.event_id, str(e.originator_id), e.originator_version, e.topic, leaf_hash(e.state))
            for e, i in zip(events, identities, strict=True)
        )
        batch, proofs = make_batch(self._edge, rows, identities[0].recorded_at, submissions)
        made.append(proofs.edge)
        return batch

    def _check_versions(self, events: Sequence[StoredEvent]) -> None:
        """Versions run 1, 2, 3…: read before the swap of the head, which fails if anyone appended since."""
        heads: dict[str, int] = dict(self.desk.query(HEADS, (sorted({str(e.originator_id) for e in events}),)))
        for e in events:
            present = heads.get(str(e.originator_id), 0)
            if e.originator_version != present + 1:
                facts = {"stream": str(e.originator_id), "present": str(present), "asked": str(e.originator_version)}
                raise StreamConflict("version-conflict", facts)
            heads[str(e.originator_id)] = e.originator_version

    def _first_time(self, events: Sequence[StoredEvent], identities: Sequence[Identity]) -> list[int] | None:
        """Idempotence by event id: a batch that stands already, byte for byte, is answered with its first ids."""
        rows: list[Any] = self.desk.query(KNOWN, ([i.event_id for i in identities],))
        known: dict[str, tuple[int, bytes]] = {event_id: (n, state) for event_id, n, state in rows}
        if not known:
            return None
        found = [known.get(i.event_id) for i in identities]
        for event, identity, first in zip(events, identities, found, strict=True):
            if first is None or first[1] != event.state:
                index = "none" if first is None else str(first[0] - 1)
                raise StreamConflict("event-id-conflict", {"event_id": identity.event_id, "index": index})
        return [first[0] for first in found if first is not None]

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """A stream's events by version."""
        low, high = -1 if gt is None else gt, MAX if lte is None else lte
        sql = EVENTS.format("DESC" if desc else "ASC")
        rows = self.desk.query(sql, (str(originator_id), low, high, MAX if limit is None else limit))
        return [StoredEvent(*row) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """The log from `start` on. Ids are index + 1 and commit in order: what was read has nothing missing before it."""
        low = 0 if start is None else start + (not inclusive_of_start)
        wanted = list(topics) or None
        rows = self.desk.query(NOTIFICATIONS, (low, MAX if stop is None else stop, wanted, wanted, limit))
        return [Notification(*row) for row in rows]

    def max_notification_id(self) -> int | None:
        """The tree size, or `None` for an empty log."""
        return self.desk.read_head().size or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> "PollingSubscription":
        """Events after `gt` as they come."""
        return PollingSubscription(self, gt=gt, topics=topics)


class PollingSubscription(Subscription[LedgerRecorder]):
    """Reads, then waits at most half a second or for a hint: no wake-up can be lost, no connection be missed for long.

    A database that is away is asked again with growing pauses; other faults end the iteration by being raised.
    """

    def __init__(self, recorder: LedgerRecorder, gt: int | None = None, topics: Sequence[str] = ()) -> None:
        super().__init__(recorder=recorder, gt=gt, topics=topics)
        self._page: list[Notification] = []
        self._hint = threading.Event()
        recorder._hints.add(self._hint)  # noqa: SLF001  # the two classes are one mechanism

    def stop(self) -> None:
        """End the iteration, also from another thread."""
        super().stop()
        self._hint.set()

    def __next__(self) -> Notification:
        pause = POLL_SECONDS / 8
        while not self._has_been_stopped:
            if self._page:
                return self._page.pop(0)
            self._hint.clear()  # before reading: what commits from here on sets it again
            if self._has_been_stopped:
                break
            try:
                page = self._recorder.select_notifications(
                    self._last_notification_id, PAGE, topics=self._topics, inclusive_of_start=False
                )
            except Fault as err:
                if err.code != "database-unreachable":
                    raise
                pause = min(pause * 2, 8 * POLL_SECONDS)
                self._hint.wait(pause)
                continue
            if page:
                self._page, self._last_notification_id = list(page), page[-1].id
            else:
                self._hint.wait(POLL_SECONDS)
        raise StopIteration


class LedgerTracking(TrackingRecorder):
    """Positions of projections, in `holdpoint.tracking`, as `holdpoint_projector`. Only ever forward."""

    def __init__(self, url: str) -> None:
        self._conn = psycopg.connect(url, autocommit=True, connect_timeout=5)

    def insert_tracking(self, tracking: Tracking) -> None:
        """Move a position forward. Raises eventsourcing's `IntegrityError` where it stands there or beyond."""
        row = self._conn.execute(
            """INSERT INTO holdpoint.tracking AS t VALUES (%s, %s) ON CONFLICT (application_name) DO UPDATE
               SET notification_id = excluded.notification_id WHERE t.notification_id < excluded.notification_id
               RETURNING 1""",
            (tracking.application_name, tracking.notification_id),
        ).fetchone()
        if row is None:
            raise IntegrityError(f"{tracking.application_name} stands at {tracking.notification_id} or beyond")

    def max_tracking_id(self, application_name: str) -> int | None:
        """The position, or `None`."""
        sql = "SELECT notification_id FROM holdpoint.tracking WHERE application_name = %s"
        row = self._conn.execute(sql, (application_name,)).fetchone()
        return row[0] if row else None

    def close(self) -> None:
        """Close the connection."""
        self._conn.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_stop: object) -> None:
        self.close()
