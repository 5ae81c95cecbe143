"""Re-hash the stored bytes against the tree that we sign for (R6): at start and hourly, in slices that hold nobody up.

On a mismatch appends stop, everything is kept as it is, and the place is named. No self-repair.
"""

from ledger.entry import leaf_hash
from ledger.errors import Fault
from ledger.store.desk import Desk
from ledger.tile import WIDTH, Edge
from ledger.tree import HASH

SLICE = 256


class Scrub:
    """One pass over the entries of the tree `goal`, from entry 0."""

    def __init__(self, goal: Edge) -> None:
        self._goal, self._seen = goal, Edge.empty()

    @property
    def done(self) -> bool:
        """All entries were read, and they hash to the tree."""
        return self._seen.size == self._goal.size

    def step(self, desk: Desk) -> None:
        """Check the next slice. Raises `Fault` `leaf-mismatch`, `tile-mismatch`, `entry-missing`, naming the entry."""
        start = self._seen.size
        leaves: list[bytes] = []
        for row in desk.read_entries(start, min(start + SLICE, self._goal.size)):
            leaf = leaf_hash(row.entry)
            if leaf != row.leaf:
                raise _mismatch("leaf", f"entry {row.index}: the stored bytes are not those of its stored leaf hash")
            leaves.append(leaf)
        self._seen, full = self._seen.extend(leaves)
        for tile in full:
            stored = desk.read_tile(tile.level, tile.n)
            if stored != tile.hashes:
                place = f"tile {tile.level}/{tile.n}, entries from {tile.n * WIDTH ** (tile.level + 1)}"
                raise _mismatch("tile", f"{place}: the stored entries do not hash to the stored tile")
        if self.done and self._seen != self._goal:
            raise _mismatch(
                "leaf", f"entry {self._first_difference()}: the stored entries are not those of the signed tree"
            )

    def _first_difference(self) -> int:
        """The first entry of the open tile that differs, or the first of the log where only the full tiles do."""
        ours, theirs = self._goal.levels[0], self._seen.levels[0]
        start = self._goal.size - len(ours) // HASH
        for n in range(0, len(ours), HASH):
            if ours[n : n + HASH] != theirs[n : n + HASH]:
                return start + n // HASH
        return 0


def _mismatch(what: str, detail: str) -> Fault:
    return Fault(f"{what}-mismatch", "failed", detail, "keep everything as it is; run holdpoint fsck")
