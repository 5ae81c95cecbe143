"""Views compared with fresh folds of the entries that they stand at (T43): a view is a cache, and may have been edited."""

from collections.abc import Iterator

from ledger.replay import Problem
from projections.questions import QUESTIONS
from projections.store.compare import Mismatch, Progress, compare_views

RULE = "projection-mismatch"
SAYS = {
    "entry-unreadable": "an entry before its position can't be folded",
    "position-beyond-log": "it claims a position beyond the log's end",
    "row-differs": "it differs from the fold",
    "row-missing": "it is missing",
    "row-unknown": "it is not in the fold",
}
UNMADE = "view-missing"
"""A ledger that lacks a view is whole: `holdpoint migrate` makes its table, `holdpoint serve` fills it."""


def check_views(url: str, progress: Progress | None = None) -> Iterator[Problem]:
    """Problems of the views, read as `holdpoint_reader`, after the entries themselves were found good."""
    for found in compare_views(url, QUESTIONS, progress):
        if found.rule != UNMADE:
            yield Problem(found.position, RULE, describe(found))


def describe(found: Mismatch) -> str:
    """Which view, which row, and how it is wrong; never the row's text."""
    row = f"row {found.key!r}" if found.key else "the view"
    return f"table view_{found.view.replace('/', '_')} at {found.position} entries: {row}: {SAYS[found.rule]}"
