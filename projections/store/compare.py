"""Compare views with a fresh fold, row by row (T43): whoever edits a view row makes the next audit name it.

Each view is compared at the position it claims, so the comparison can run beside a projector: rows and position are read
in one snapshot, and the entries up to it never change.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from ledger.errors import Fault, LedgerError
from projections.decode import Decoder
from projections.projection import Projection, Row, Rows
from projections.store.tables import read_positions, row_text, view_table

ROWS = "SELECT key, rank, row::text FROM holdpoint.{} ORDER BY key"
ENTRIES = """SELECT notification_id - 1, state FROM holdpoint.event WHERE notification_id > %s AND notification_id <= %s
    ORDER BY notification_id"""
PAGE = 2000
Progress = Callable[[int, int], None]
"""(entries folded, entries to fold)."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A row that is not what the entries before `position` fold to. `rule`: `row-missing`, `row-unknown`, `row-differs`,
    `view-missing`, `position-beyond-log`, `entry-unreadable`. Never the row's text."""

    view: str
    key: str
    rule: str
    position: int

    def __str__(self) -> str:
        """One line for people."""
        return f"projection-mismatch: {self.rule}: {self.view} at {self.position}: {self.key or 'the view'}"


def compare_views(url: str, projections: Sequence[Projection], progress: Progress | None = None) -> list[Mismatch]:
    """Mismatches of the stored views, read as `holdpoint_reader`, in the order of views and keys.

    Memory: the rows of the views, folded. Raises `Fault` `database-unreachable`, `entry-missing`.
    """
    try:
        with psycopg.connect(url, connect_timeout=5) as conn:
            conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            conn.read_only = True
            return list(_compare(conn, projections, progress))
    except psycopg.OperationalError as err:
        raise Fault("database-unreachable", "failed", str(err).strip(), "try again; holdpoint doctor") from err


def _compare(
    conn: "psycopg.Connection[Any]", projections: Sequence[Projection], progress: Progress | None
) -> Iterator[Mismatch]:
    standing: list[Projection] = []
    for projection in projections:
        row = conn.execute("SELECT to_regclass(%s)", (f"holdpoint.{view_table(projection)}",)).fetchone()
        if row is None or row[0] is None:
            yield Mismatch(projection.title, "", "view-missing", 0)
        else:
            standing.append(projection)
    positions = {**{p.title: 0 for p in standing}, **read_positions(conn, [p.title for p in standing])}
    size = _one(conn, "SELECT coalesce(max(notification_id), 0) FROM holdpoint.event")
    for projection in standing:
        if positions[projection.title] > size:
            yield Mismatch(projection.title, "", "position-beyond-log", positions[projection.title])
    states = {p.title: p.initial() for p in standing}
    broken = _fold(conn, standing, states, {t: min(n, size) for t, n in positions.items()}, progress)
    for projection in standing:
        if projection.title in broken:
            yield Mismatch(projection.title, "", "entry-unreadable", broken[projection.title])
        else:
            yield from _rows(conn, projection, states[projection.title], positions[projection.title])


def _one(conn: "psycopg.Connection[Any]", query: str) -> int:
    row = conn.execute(query).fetchone()
    return 0 if row is None else int(row[0])


def _fold(
    conn: "psycopg.Connection[Any]", standing: Iterable[Projection], states: dict[str, Rows], positions: dict[str, int],
    progress: Progress | None,
) -> dict[str, int]:  # fmt: skip
    """Fold every view up to its own position, each entry decoded once. Returns where views could not go on."""
    decoder, end, broken = Decoder(), max(positions.values(), default=0), dict[str, int]()
    for start in range(0, end, PAGE):
        found = conn.execute(ENTRIES, (start, min(end, start + PAGE)), binary=True).fetchall()
        for expected, (index, raw) in enumerate(found, start):
            if index != expected:
                raise Fault("entry-missing", "failed", f"no entry {expected} in the database", "run holdpoint fsck")
            going = [p for p in standing if positions[p.title] > index and p.title not in broken]
            try:
                event = decoder.decode(index, raw)
            except LedgerError:
                return broken | {p.title: index for p in going}
            for projection in going:
                try:
                    projection.fold(states[projection.title], event)
                except LedgerError:
                    broken[projection.title] = index
        if start + len(found) < min(end, start + PAGE):
            detail = f"no entry {start + len(found)} in the database"
            raise Fault("entry-missing", "failed", detail, "run holdpoint fsck")
        if progress is not None:
            progress(min(end, start + PAGE), end)
    return broken


def _rows(conn: "psycopg.Connection[Any]", projection: Projection, state: Rows, position: int) -> Iterator[Mismatch]:
    """Both sides in key order, merged."""
    wanted: dict[str, Row] = dict(state.changed)
    found = conn.execute(sql.SQL(ROWS).format(sql.Identifier(view_table(projection))))
    for key, rank, text in found:
        row = wanted.pop(key, None)
        if row is None:
            yield Mismatch(projection.title, key, "row-unknown", position)
        elif (rank, text) != (int(row.rank), row_text(row)):  # R8: byte for byte
            yield Mismatch(projection.title, key, "row-differs", position)
    for key in sorted(wanted):
        yield Mismatch(projection.title, key, "row-missing", position)
