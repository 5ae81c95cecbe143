"""Reads views: one row, or a page by key. Every answer names the position it holds for, from the same snapshot."""

import threading
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from ledger.errors import Fault, Malformed
from ledger.store.connection import CALL_SECONDS, BoundedConnection, connect
from projections.projection import Projection, Rank
from projections.store.run import Stop
from projections.store.tables import POSITIONS, view_table

MAX_PAGE = 1000
PAGE = """
SELECT coalesce((SELECT t.notification_id FROM holdpoint.tracking AS t WHERE t.application_name = %s), 0),
       found.rank, found.key, found.row
  FROM (SELECT 1) AS one LEFT JOIN (
       SELECT v.rank, v.key, v.row
         FROM unnest(%s::smallint[], %s::text[]) AS b (rank, low) CROSS JOIN LATERAL (
              SELECT w.rank, w.key, w.row FROM holdpoint.{view} AS w
               WHERE w.rank = b.rank AND w.key > b.low AND w.key < %s ORDER BY w.key LIMIT %s) AS v
        ORDER BY v.rank, v.key LIMIT %s) AS found ON true
 ORDER BY found.rank, found.key
"""
ROW = """
SELECT coalesce((SELECT t.notification_id FROM holdpoint.tracking AS t WHERE t.application_name = %s), 0),
       (SELECT w.row FROM holdpoint.{view} AS w WHERE w.key = %s)
"""


@dataclass(frozen=True, slots=True)
class ViewPage:
    """Rows in reading order, (key, row); `position` entries are folded into them; `after` asks for the next page."""

    position: int
    rows: tuple[tuple[str, dict[str, Any]], ...]
    after: str | None


class Views:
    """One connection, as `holdpoint_reader`. Thread-safe. Raises `Fault` `database-unreachable`, `database-error`.

    `views-missing`: the database was made by a release without these views.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._conn: BoundedConnection | None = None
        self._lock = threading.Lock()

    def _rows(self, query: LiteralString | sql.Composed, params: tuple[Any, ...]) -> list[Any]:
        with self._lock:
            try:
                if self._conn is None or self._conn.closed:
                    self._conn = connect(self._url)
                self._conn.allow(CALL_SECONDS)
                return self._conn.execute(query, params).fetchall()
            except psycopg.errors.UndefinedTable as err:
                raise Fault("views-missing", "failed", "a view has no table", "run holdpoint migrate") from err
            except psycopg.OperationalError as err:
                self._drop()
                raise Fault("database-unreachable", "failed", str(err).strip(), "try again; holdpoint doctor") from err
            except psycopg.Error as err:
                raise Fault(
                    "database-error", "failed", str(err).strip(), "holdpoint migrate; holdpoint doctor"
                ) from err

    def row(self, projection: Projection, key: str) -> tuple[int, dict[str, Any] | None]:
        """The view's position, and the row under `key`."""
        query = sql.SQL(ROW).format(view=sql.Identifier(view_table(projection)))
        ((position, value),) = self._rows(query, (projection.title, key))
        return position, value

    def page(
        self, projection: Projection, *, prefix: str = "", after: str | None = None, limit: int = 100,
        details: bool = False,
    ) -> ViewPage:  # fmt: skip
        """Rows whose key starts with `prefix`: first ones first, then by key; with `details`, those too.

        A page is stable while the log grows: `after` of one page is a place in that order, not a count. Raises `Malformed`
        `cursor-form`, `page-limit`.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise Malformed("page", "limit", "page-limit")
        ranks = list(range((Rank.DETAIL if details else Rank.LISTED) + 1))
        low = dict.fromkeys(ranks, prefix)
        if after is not None:
            rank, mark = _cursor(after)
            low = {r: max(prefix, mark) if r == rank else prefix for r in ranks if r >= rank}
        query = sql.SQL(PAGE).format(view=sql.Identifier(view_table(projection)))
        params = (projection.title, list(low), list(low.values()), f"{prefix}\x7f", limit + 1, limit + 1)
        found = self._rows(query, params)
        rows = [r for r in found if r[2] is not None]
        last = rows[limit - 1] if len(rows) > limit else None
        return ViewPage(
            found[0][0],
            tuple((key, value) for _, _, key, value in rows[:limit]),
            None if last is None else f"{last[1]}|{last[2]}",
        )

    def positions(self, *projections: Projection) -> dict[str, int]:
        """How many entries are folded into each view; lag = the log's size minus this."""
        rows = self._rows(POSITIONS, ([p.title for p in projections],))
        return {**{p.title: 0 for p in projections}, **dict(rows)}

    def staleness(self, projection: Projection, size: int, most: int) -> str | None:
        """Why an answer from this view may not be taken for one of a log of `size` entries, or `None` (F25).

        It stands before an event that it can't fold, or more than `most` entries behind.
        """
        for stop in self.stops():
            if stop.view == projection.title:
                return f"view {stop.view} stands before entry {stop.index}: {stop.rule}"
        behind = size - self.positions(projection)[projection.title]
        return f"view {projection.title} is {behind} entries behind" if behind > most else None

    def stops(self) -> tuple[Stop, ...]:
        """Views that stand before an event they can't fold."""
        query = "SELECT application_name, notification_id - 1, rule FROM holdpoint.view_stop ORDER BY application_name"
        return tuple(Stop(*row) for row in self._rows(query, ()))

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        if self._conn is not None:
            self._conn.close()
            self._conn = None


def _cursor(text: str) -> tuple[int, str]:
    rank, bar, mark = text.partition("|")
    if rank not in {str(int(r)) for r in Rank} or not bar or not mark.isascii() or "\0" in mark:
        raise Malformed("page", "after", "cursor-form")
    return int(rank), mark
