"""Positions of the log, as asked for: a size, or a time; and the state that stood there, from the states that memory keeps.

No entry is folded again: the state shows any earlier size (docs/adr/0018). The log tells how many entries had been recorded by a
time, and whether a size lies between a cause and what it derives, where no state ever stood.
"""

from ledger.errors import Fault, Malformed
from ledger.positions import has_cause, parse_position, recorded_until
from ledger.store.desk import Desk
from ledger.store.rows import Stored


def parse_at(text: str | None) -> int | str | None:
    """A size or a time, as asked for. Raises `Malformed`, whose place is `at`."""
    if text is None:
        return None
    try:
        return parse_position(text)
    except Malformed as err:
        raise Malformed("position", "at", err.rule) from None


def size_at(desk: Desk, at: str, newest: int) -> int:
    """How many of `newest` entries were recorded up to `at`."""
    return recorded_until(lambda index: _row(desk, index).recorded_at, at, newest)


def stood_at(desk: Desk, size: int) -> str:
    """The recorded time of the last of `size` entries. Raises `Fault` `at-before-start`, `at-inside-group`."""
    if size == 0:
        raise Fault("at-before-start", "failed", "nothing was recorded by then", "ask for a later one")
    found = desk.find(size - 2, 2)
    if len(found) == 2 and has_cause(found[1].entry):
        raise Fault("at-inside-group", "failed", f"size {size} lies inside a derived group", "ask a position later")
    return found[0].recorded_at if found else _row(desk, size - 1).recorded_at


def _row(desk: Desk, index: int) -> Stored:
    rows = desk.find(index - 1, 1)
    if not rows:
        raise Fault("entry-missing", "failed", f"no entry {index} in the database", "run holdpoint fsck")
    return rows[0]
