"""The checkpoints that approvers, disclosers, auditors and the root signed as seen: admission bounds the size, the auditor
checks the root.

Whoever was shown another history than this one has signed the proof of it: a split view, found without any witness.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ledger.errors import Malformed
from ledger.event import Event
from ledger.events import approval, disclosure, ledger, replay
from ledger.tile import WIDTH, GetTile, TileReader
from ledger.tree import root_of


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry at `index`: its signers say that they saw a tree of `size` entries with this root (hex)."""

    index: int
    size: int
    root: str
    principals: tuple[str, ...]


def seen_in(event: Event) -> Seen | None:
    """What the signers of an approval or refusal, of what was handed over, of a replay or of a restore say that they saw."""
    said = event.body
    match said:
        case approval.Given() | approval.Refused() | disclosure.Made():
            return Seen(event.index, said.checkpoint.size, said.checkpoint.root, event.principals)
        case replay.Performed() | ledger.Restored():
            return Seen(event.index, said.size, said.root, event.principals)
        case _:
            return None


def first_contradiction(seen: Iterable[Seen], size: int, get_tile: GetTile) -> Seen | None:
    """The first of `seen` whose root is not the one at its size, in a tree of `size` entries. Raises `Malformed` where the
    tiles do not reach.
    """
    node = TileReader(get_tile, size)
    roots: dict[int, str] = {}
    for one in seen:
        if one.size > size:
            raise Malformed("event", "checkpoint", "index-range")
        if one.size not in roots:
            roots[one.size] = root_of(one.size, node).hex()
        if roots[one.size] != one.root:
            return one
    return None


def width_at(size: int, level: int, n: int) -> int:
    """How many hashes tile (`level`, `n`) holds in a tree of `size` entries."""
    return min(WIDTH, (size >> 8 * level) - n * WIDTH)
