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

EntryAt: TypeAlias = Callable[[int], bytes | None]
"""Index → entry; nothing for one that is suppressed."""
DERIVED = frozenset(body.event.topic for body in BODIES if body.event.derived)


def position(text: str, size: int, entry_at: EntryAt) -> AsOf:
    """The position that `text` names in a log of `size` entries: a size, or a time, for which all recorded until then counts.
    Raises `Malformed` `as-of-form`, `as-of-range`, and `as-of-inside` for a size that parts an entry from what it caused.
    """
    wanted = _size(text)
    if wanted is not None:
        if not 1 <= wanted <= size:
            raise Malformed("as-of", f"the log has {size} entries", "as-of-range")
        if wanted < size and _is_derived(entry_at(wanted)):
            raise Malformed("as-of", f"entry {wanted} was caused by an entry before it", "as-of-inside")
        return AsOf(wanted, _recorded_at(entry_at, wanted - 1))
    try:
        time = parse_time(text)
    except Malformed:
        raise Malformed("as-of", "a size, or a time as 2026-04-07T09:00:00.000000Z", "as-of-form") from None
    low, high = 0, size  # the first entry recorded later lies in low…high
    while low < high:
        middle = (low + high) // 2
        if _recorded_at(entry_at, middle) <= time:
            low = middle + 1
        else:
            high = middle
    if low == 0:
        raise Malformed("as-of", "nothing was recorded by then", "as-of-range")
    return AsOf(low, time)


def _is_derived(raw: bytes | None) -> bool:
    """Whether an entry follows from the one before it. What the root may suppress was submitted (spec/root.md)."""
    return raw is not None and raw != b"" and peek_type(read_entry(raw)[1].payload) in DERIVED


def _recorded_at(entry_at: EntryAt, index: int) -> str:
    """When an entry was recorded; of a suppressed one, the one before it tells: recorded times never fall."""
    while not (raw := entry_at(index)):
        if index == 0:
            raise Malformed("as-of", "no entry is shown", "as-of-range")
        index -= 1
    return read_entry(raw)[0].recorded_at


def _size(text: str) -> int | None:
    try:
        return parse_uint(text)
    except Malformed:
        return None


def answers_at(state: State, as_of: AsOf) -> dict[str, Any]:
    """All that an export of that day would have claimed (`disclosures.claims`)."""
    return claims_of(state.at(as_of.size), as_of)
