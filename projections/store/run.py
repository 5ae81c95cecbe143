"""The batched projector: folds entries into view tables, exactly once (log.md §1; the semantics of `eventsourcing`'s Tracking).

A view's rows and its position move in one transaction that holds the position's row `FOR UPDATE`: a second projector waits on
it and takes over from where it then stands, so an event is applied once whoever applies it. Up to a batch of events a
transaction; each entry is decoded once for all views that stand at the same position. In memory: one batch, and the rows that
it looks at, which are loaded from the view and dropped with the transaction. Views commit asynchronously: a crash may take the
last transactions back whole, and they are folded again (R8); evidence never depends on a view.

An event that a fold can't take stops that view *before* it, named in `holdpoint.view_stop`; other views go on (F25).
"""

import random
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from ledger.errors import Fault, LedgerError
from ledger.store.connection import connect
from projections.projection import Projection, Rows
from projections.store.entries import EntryReader, Page
from projections.store.tables import load_rows, read_positions, row_text, view_table

BATCH = 500
POLL_SECONDS = 0.5
BACKOFF_SECONDS = (0.1, 5.0)
CHANNEL = "holdpoint_head"
"""A NOTIFY here is only a hint: views poll at least once a second whatever comes."""
LOCKED = """SELECT t.application_name, t.notification_id, s.application_name IS NOT NULL
    FROM holdpoint.tracking AS t LEFT JOIN holdpoint.view_stop AS s USING (application_name)
    WHERE t.application_name = ANY(%s) ORDER BY t.application_name FOR UPDATE OF t"""
MOVE = """UPDATE holdpoint.tracking AS t SET notification_id = u.position
    FROM unnest(%s::text[], %s::bigint[]) AS u (title, position) WHERE t.application_name = u.title"""
STOP = """INSERT INTO holdpoint.view_stop VALUES (%s, %s, %s) ON CONFLICT (application_name)
    DO UPDATE SET notification_id = excluded.notification_id, rule = excluded.rule"""
Progress = Callable[[str, int, int], None]
"""(view, its position, entries in the log)."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A view stands before entry `index`, which it can't fold: `rule` is a stable code or an exception's name."""

    view: str
    index: int
    rule: str


class Projector:
    """Runs some projections over one log, as `holdpoint_projector`. One thread uses it; any number of them may compete.

    `stops`: views that stand before an entry; `trouble`: why none moves at all, if so. `until`: no view goes beyond that many
    entries, such as those that a signed checkpoint covers. `step`, `catch_up` and `rebuild` raise `psycopg.Error`; `run`
    survives it. Raises `Fault` `views-missing`, `entry-missing`.
    """

    def __init__(
        self,
        url: str,
        projections: Sequence[Projection],
        *,
        batch: int = BATCH,
        until: Callable[[], int] | None = None,
    ) -> None:
        if not projections or not 1 <= batch <= BATCH:
            raise ValueError("some projections, and 1 to 500 events a transaction")
        self._url, self._batch, self._until = url, batch, until
        self._projections = {p.title: p for p in projections}
        self._conn: psycopg.Connection[Any] | None = None
        self._reader: EntryReader | None = None
        self.stops: dict[str, Stop] = {}
        self.positions: dict[str, int] = {}
        self.trouble: str | None = None

    # -- connection --------------------------------------------------------------------------------------------------

    def _open(self) -> "tuple[psycopg.Connection[Any], EntryReader]":
        if self._conn is not None and self._reader is not None and not self._conn.closed:
            return self._conn, self._reader
        self.close()
        conn = self._conn = connect(self._url)
        conn.execute("SET synchronous_commit = off")
        conn.execute(f"LISTEN {CHANNEL}")  # before the first read, or a commit between the two would wake nobody (F)
        with conn.transaction():
            for title, projection in self._projections.items():
                row = conn.execute("SELECT to_regclass(%s)", (f"holdpoint.{view_table(projection)}",)).fetchone()
                if row is None or row[0] is None:
                    raise Fault("views-missing", "failed", f"no table for view {title}", "run holdpoint migrate")
                conn.execute(
                    "INSERT INTO holdpoint.tracking (application_name, notification_id) VALUES (%s, 0)"
                    " ON CONFLICT DO NOTHING",
                    (title,),
                )
        self._reader = EntryReader(self._url, self._batch)
        return conn, self._reader

    def close(self) -> None:
        """Close the connections; the next call opens others."""
        if self._reader is not None:
            self._reader.close()
        if self._conn is not None:
            self._conn.close()
        self._reader = self._conn = None

    # -- work --------------------------------------------------------------------------------------------------------

    def step(self) -> int:
        """One transaction: fold the next events into the views that lag most. Returns how many events; 0 = all are at the end.

        Views that stand further on wait until the others have come to their position, then all move together; a view that
        begins anew is caught up in a projector of its own first, so that the others needn't wait.
        """
        conn, reader = self._open()
        with conn.transaction():
            found = conn.execute(LOCKED, (list(self._projections),)).fetchall()
            self.positions = {title: position for title, position, _ in found}
            going = {t: n for t, n in self.positions.items() if t not in self.stops}
            if not going:
                return 0
            start = min(going.values())
            end = min((n for n in going.values() if n > start), default=start + self._batch)
            end = end if self._until is None else min(end, self._until())
            if end <= start:
                return 0
            page = reader.page(start)
            if len(page.events) > end - start:
                page = Page(start, page.events[: end - start])
            marked = {title for title, _, stopped in found if stopped}
            titles = [t for t in sorted(going) if going[t] == start]
            return self._move(conn, reader, titles, page, marked)

    def _move(
        self, conn: "psycopg.Connection[Any]", reader: EntryReader, titles: Sequence[str], page: Page, marked: set[str]
    ) -> int:
        """Fold a page into views that stand at its start; `marked`: those that are noted as stopped from an earlier run."""
        folded = {title: self._fold(conn, self._projections[title], page) for title in titles}
        moved = {title: page.start + done for title, (done, _) in folded.items() if done}
        mended = [title for title in moved if title in marked and title not in self.stops]
        with conn.pipeline():  # sent together; while the database writes, the next page is read and decoded
            for title, (_, rows) in folded.items():
                _write(conn, self._projections[title], rows)
                if title in self.stops:
                    stop = self.stops[title]
                    conn.execute(STOP, (stop.view, stop.index + 1, stop.rule))
            if moved:
                conn.execute(MOVE, (list(moved), list(moved.values())))
            if mended:
                conn.execute("DELETE FROM holdpoint.view_stop WHERE application_name = ANY(%s)", (mended,))
            if len(page.events) == self._batch and moved:
                reader.read_ahead(page.start + self._batch)
        self.positions |= moved
        return max((done for done, _ in folded.values()), default=0)

    def _fold(self, conn: "psycopg.Connection[Any]", projection: Projection, page: Page) -> tuple[int, Rows]:
        """Fold a page into one view; stop before the first event that can't be folded. Returns how many events it took."""
        rows = self._rows(conn, projection, page)
        done, rule = 0, None
        for event in page.events:
            try:
                projection.fold(rows, event)
            except LedgerError as err:
                rule = err.code
            except psycopg.Error:
                raise
            except Exception as err:  # noqa: BLE001  # whatever a fold raises stops this view alone, and names the event
                rule = type(err).__name__
            if rule is not None:
                break
            done += 1
        rule = rule or page.rule
        if rule is not None:
            self.stops[projection.title] = Stop(projection.title, page.start + done, rule)
        return done, rows

    def _rows(self, conn: "psycopg.Connection[Any]", projection: Projection, page: Page) -> Rows:
        wanted = list(dict.fromkeys(k for e in page.events for k in projection.reads(e)))
        found = load_rows(conn, projection, wanted) if wanted else {}
        return Rows(lambda k: load_rows(conn, projection, [k]).get(k), ((k, found.get(k)) for k in wanted))

    def catch_up(self, progress: Progress | None = None) -> int:
        """Step until every view that goes on is at the head. Returns how many events were folded."""
        total = stopped = 0
        while (moved := self.step()) or len(self.stops) > stopped:
            total, stopped = total + moved, len(self.stops)
            if progress is not None:
                self._tell(progress)
        return total

    def _tell(self, progress: Progress) -> None:
        size = self._open()[1].size()
        for title, position in self.positions.items():
            progress(title, position, size)

    def rebuild(self, progress: Progress | None = None) -> int:
        """Empty the views and fold again from entry 0. Readers see the view's position meanwhile."""
        conn, _ = self._open()
        with conn.transaction():
            read_positions(conn, self._projections, lock=True)
            for title, projection in self._projections.items():
                conn.execute(sql.SQL("TRUNCATE holdpoint.{}").format(sql.Identifier(view_table(projection))))
                conn.execute("UPDATE holdpoint.tracking SET notification_id = 0 WHERE application_name = %s", (title,))
                conn.execute("DELETE FROM holdpoint.view_stop WHERE application_name = %s", (title,))
        self.stops = {}
        return self.catch_up(progress)

    def run(self, stop: threading.Event, *, say: Callable[[str], None] = lambda _text: None) -> None:
        """Follow the log until `stop` is set. A lost connection is opened again, with a capped backoff; nothing is skipped."""
        failures = 0
        while not stop.is_set():
            try:
                known = set(self.stops)
                moved = self.step()
                failures, self.trouble = 0, None
                for title in set(self.stops) - known:
                    at = self.stops[title]
                    say(f"view {title} stopped before entry {at.index}: {at.rule}")
                if not moved and self._conn is not None:
                    for _hint in self._conn.notifies(timeout=POLL_SECONDS, stop_after=1):
                        pass
            except psycopg.errors.LockNotAvailable:
                stop.wait(POLL_SECONDS)  # another projector holds the positions: it does the work
            except (psycopg.OperationalError, psycopg.InterfaceError) as err:
                with suppress(psycopg.Error):
                    self.close()
                low, high = BACKOFF_SECONDS
                pause = min(high, low * 2 ** min(failures, 10))
                failures += 1
                self.trouble = "database-unreachable"
                say(f"the database went away ({type(err).__name__}); again in {pause:.1f} s")
                stop.wait(pause * random.uniform(0.5, 1.0))  # noqa: S311  # spreads retries; not a secret
        self.close()


def _write(conn: "psycopg.Connection[Any]", projection: Projection, rows: Rows) -> None:
    """All rows that a batch set, in one statement. In key order: two writers never wait for each other in a circle."""
    changed = sorted(rows.changed.items())
    if not changed:
        return
    statement = sql.SQL(
        "INSERT INTO holdpoint.{} (key, rank, row) SELECT u.key, u.rank, u.row::json"
        " FROM unnest(%b::text[], %b::smallint[], %b::text[]) AS u (key, rank, row)"
        " ON CONFLICT (key) DO UPDATE SET rank = excluded.rank, row = excluded.row"
    ).format(sql.Identifier(view_table(projection)))
    columns = ([k for k, _ in changed], [int(r.rank) for _, r in changed], [row_text(r) for _, r in changed])
    conn.execute(statement, columns)
