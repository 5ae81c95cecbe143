"""Views compared with fresh folds of the entries that they stand at (T43): a view is a cache, and may have been edited."""

from collections.abc import Iterator
from typing import Any

from ledger.replay import Problem
from ledger.store.desk import Desk
from projections.decisions import DECISIONS
from projections.decode import Decoder
from projections.history import HISTORY
from projections.keys import KEYS
from projections.model_status import MODEL_STATUS
from projections.projection import Projection, Rows
from projections.store.tables import POSITIONS, view_table

VIEWS = (DECISIONS, HISTORY, KEYS, MODEL_STATUS)
PAGE = 2000
Line = tuple[str, int, Any]


def check_views(desk: Desk) -> Iterator[Problem]:
    """Problems of the views, after the entries themselves were found good. Views that do not exist are none."""
    size = desk.read_head().size
    held = [v for v in VIEWS if desk.query("SELECT to_regclass(%s)::text", (f"holdpoint.{view_table(v)}",))[0][0]]
    positions: dict[str, int] = {v.title: 0 for v in held}
    positions |= dict(desk.query(POSITIONS, (list(positions),)))
    for title, position in positions.items():
        if position > size:
            yield Problem(
                position, "projection-mismatch", f"table tracking: {title} stands beyond the log's end {size}"
            )
    folded = _fold(desk, held, positions)
    for view in held:
        yield from _compare(desk, view, positions[view.title], folded[view.title])


def _fold(desk: Desk, views: list[Projection], positions: dict[str, int]) -> dict[str, Rows]:
    """Every view folded afresh, up to its own position."""
    states = {v.title: v.initial() for v in views}
    decoder = Decoder()
    last = min(max(positions.values(), default=0), desk.read_head().size)
    for row in desk.read_entries(0, last):
        event = decoder.decode(row.index, row.entry)
        for view in views:
            if row.index < positions[view.title]:
                states[view.title] = view.fold(states[view.title], event)
    return states


def _compare(desk: Desk, view: Projection, position: int, rows: Rows) -> Iterator[Problem]:
    expected = {key: (int(row.rank), row.value) for key, row in rows.changed.items()}
    table = view_table(view)
    for key, rank, value in _lines(desk, table):
        fresh = expected.pop(key, None)
        if fresh != (rank, value):
            what = "differs from" if fresh is not None else "is not in"
            detail = f"table {table}: row {key!r} {what} the fold of {position} entries"
            yield Problem(position, "projection-mismatch", detail)
    for key in sorted(expected):
        yield Problem(position, "projection-mismatch", f"table {table}: row {key!r} is missing")


def _lines(desk: Desk, table: str) -> Iterator[Line]:
    after = ""
    query = f"SELECT key, rank, row FROM holdpoint.{table} WHERE key > %s ORDER BY key LIMIT {PAGE}"  # noqa: S608  # a name of ours
    while page := desk.query(query, (after,)):
        yield from page
        after = page[-1][0]
