"""Positions of the log, as asked for: a size, or a time; and the state that stood there, from the states that memory keeps.

No entry is folded again: the state shows any earlier size (docs/adr/0018). The log tells how many entries had been recorded by a
time, and whether a size lies between a cause and what it derives, where no state ever stood.
"""

from ledger.entry import read_entry
from ledger.errors import Fault, Malformed
from ledger.events import index, threshold
from ledger.registry import BY_TOPIC
from ledger.statement import parse_statement
from ledger.store.desk import Desk
from ledger.store.rows import Stored
from ledger.strict import parse_time, parse_uint


def parse_at(text: str | None) -> int | str | None:
    """A size or a time, as asked for. Raises `Malformed`, whose place is `at`."""
    if text is None:
        return None
    try:
        return parse_uint(text) if text.isascii() and text.isdigit() else parse_time(text)
    except Malformed as err:
        raise Malformed("position", "at", err.rule) from None


def size_at(desk: Desk, at: str, newest: int) -> int:
    """How many of `newest` entries were recorded up to `at`: recorded times never fall, so halving finds it."""
    low, high = 0, newest
    while low < high:
        middle = (low + high) // 2
        if _row(desk, middle).recorded_at <= at:
            low = middle + 1
        else:
            high = middle
    return low


def stood_at(desk: Desk, size: int) -> str:
    """The recorded time of the last of `size` entries. Raises `Fault` `at-before-start`, `at-inside-group`."""
    if size == 0:
        raise Fault("at-before-start", "failed", "nothing was recorded by then", "ask for a later one")
    found = desk.find(size - 2, 2)
    if len(found) == 2 and _is_derived(found[1]):
        raise Fault("at-inside-group", "failed", f"size {size} lies inside a derived group", "ask a position later")
    return found[0].recorded_at if found else _row(desk, size - 1).recorded_at


def _row(desk: Desk, index: int) -> Stored:
    rows = desk.find(index - 1, 1)
    if not rows:
        raise Fault("entry-missing", "failed", f"no entry {index} in the database", "run holdpoint fsck")
    return rows[0]


def _is_derived(row: Stored) -> bool:
    """Whether an entry follows from the one before it: always so for its type, or a determination made by rule. A commitment
    to the stream index has no cause: it follows from all."""
    body_type = BY_TOPIC[row.topic]
    if body_type is index.Committed:
        return False
    if body_type is not threshold.Determined:
        return body_type.event.derived
    _, envelope = read_entry(row.entry)
    return bool(parse_statement(envelope.payload, threshold.Determined).predicate.body.made == "rule")
