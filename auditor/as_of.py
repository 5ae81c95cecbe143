"""What held at an earlier position: the answers that a verified log gives of a day in its past, folded by the auditor himself."""

from collections.abc import Callable
from typing import Any, TypeAlias

from disclosures.claims import claims_of
from ledger.entry import read_entry
from ledger.errors import Malformed
from ledger.positions import has_cause, parse_position, recorded_until
from ledger.state import State
from policies.answer import AsOf

EntryAt: TypeAlias = Callable[[int], bytes | None]
"""Index → entry; nothing for one that is suppressed."""


def position(text: str, size: int, entry_at: EntryAt) -> AsOf:
    """The position that `text` names in a log of `size` entries: a size, or a time, for which all recorded until then counts.
    Raises `Malformed` `as-of-form`, `as-of-range`, and `as-of-inside` for a size that parts an entry from what it caused.
    """
    try:
        wanted = parse_position(text)
    except Malformed:
        raise Malformed("as-of", "a size, or a time as 2026-04-07T09:00:00.000000Z", "as-of-form") from None
    if isinstance(wanted, str):
        held = recorded_until(lambda index: _recorded_at(entry_at, index), wanted, size)
        if held == 0:
            raise Malformed("as-of", "nothing was recorded by then", "as-of-range")
        return AsOf(held, wanted)
    if not 1 <= wanted <= size:
        raise Malformed("as-of", f"the log has {size} entries", "as-of-range")
    following = entry_at(wanted) if wanted < size else None
    if following and has_cause(following):
        raise Malformed("as-of", f"entry {wanted} was caused by an entry before it", "as-of-inside")
    return AsOf(wanted, _recorded_at(entry_at, wanted - 1))


def _recorded_at(entry_at: EntryAt, index: int) -> str:
    """When an entry was recorded; of a suppressed one, the one before it tells: recorded times never fall."""
    while not (raw := entry_at(index)):
        if index == 0:
            raise Malformed("as-of", "no entry is shown", "as-of-range")
        index -= 1
    return read_entry(raw)[0].recorded_at


def answers_at(state: State, as_of: AsOf) -> dict[str, Any]:
    """All that an export of that day would have claimed (`disclosures.claims`)."""
    return claims_of(state.at(as_of.size), as_of)
