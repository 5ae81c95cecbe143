"""Positions of a log as people ask for them: a size, or a time; and where none can be: between a cause and what it derives."""

from collections.abc import Callable

from ledger.entry import read_entry
from ledger.events import index
from ledger.registry import BY_TOPIC
from ledger.statement import parse_statement, peek_type
from ledger.strict import parse_time, parse_uint


def parse_position(text: str) -> int | str:
    """A size or a time. Raises `Malformed`."""
    return parse_uint(text) if text.isascii() and text.isdigit() else parse_time(text)


def recorded_until(recorded_at: Callable[[int], str], time: str, size: int) -> int:
    """How many of `size` entries were recorded up to `time`: recorded times never fall, so halving finds it."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if recorded_at(middle) <= time:
            low = middle + 1
        else:
            high = middle
    return low


def has_cause(raw: bytes) -> bool:
    """Whether an entry follows from the one before it, so that no position lies in between. A commitment to the stream index
    has no cause: it follows from all. Raises `Malformed` for what is no entry.
    """
    payload = read_entry(raw)[1].payload
    body = parse_statement(payload, BY_TOPIC[peek_type(payload)]).predicate.body
    return bool(body.derived and not isinstance(body, index.Committed))
