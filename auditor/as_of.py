"""What held at an earlier position: the answers that a verified log gives of a day in its past, folded by the auditor himself."""

from collections.abc import Callable
from typing import Any, TypeAlias

from disclosures.claims import claims_of
from ledger.entry import read_entry
from ledger.errors import Malformed
from ledger.registry import BODIES
from ledger.state import State
from ledger.statement import peek_type
from ledger.strict import parse_time, parse_uint
from policies.answer import AsOf

EntryAt: TypeAlias = Callable[[int], bytes]
"""Index → entry. Raises `Malformed` where it is not shown."""
DERIVED = frozenset(body.event.topic for body in BODIES if body.event.derived)


def position(text: str, size: int, entry_at: EntryAt) -> AsOf:
    """The position that `text` names in a log of `size` entries: a size, or a time, for which all recorded until then counts.
    Raises `Malformed` `as-of-form`, `as-of-range`, and `as-of-inside` for a size that parts an entry from what it caused.
    """
    wanted = _size(text)
    if wanted is not None:
        if not 1 <= wanted <= size:
            raise Malformed("as-of", f"the log has {size} entries", "as-of-range")
        if wanted < size and peek_type(read_entry(entry_at(wanted))[1].payload) in DERIVED:
            raise Malformed("as-of", f"entry {wanted} was caused by an entry before it", "as-of-inside")
        return AsOf(wanted, read_entry(entry_at(wanted - 1))[0].recorded_at)
    try:
        time = parse_time(text)
    except Malformed:
        raise Malformed("as-of", "a size, or a time as 2026-04-07T09:00:00.000000Z", "as-of-form") from None
    low, high = 0, size  # the first entry recorded later lies in low…high
    while low < high:
        middle = (low + high) // 2
        if read_entry(entry_at(middle))[0].recorded_at <= time:
            low = middle + 1
        else:
            high = middle
    if low == 0:
        raise Malformed("as-of", "nothing was recorded by then", "as-of-range")
    return AsOf(low, time)


def _size(text: str) -> int | None:
    try:
        return parse_uint(text)
    except Malformed:
        return None


def answers_at(state: State, as_of: AsOf) -> dict[str, Any]:
    """All that an export of that day would have claimed (`disclosures.claims`)."""
    return claims_of(state.at(as_of.size), as_of)
