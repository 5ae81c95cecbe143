"""A signed tree read from a host that nobody trusts: each tile is checked against the one above it before anybody sees it.

The partial tiles of the right edge must hash to the signed root; a full tile to the hash that its parent has for it. So whoever
copies or asks has each tile proven at once, in any order, and a lying host is found at the first tile that it bends.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from ledger.checkpoint import Checkpoint
from ledger.entry import leaf_hash
from ledger.errors import Fault, Unverified
from ledger.tile import FULL, WIDTH, Edge, TileReader, parse_bundle, tile_path, tile_root
from ledger.tree import HASH, Node, root_of

Fetch: TypeAlias = Callable[[str], bytes | None]
"""Path of a tile or bundle → its bytes, or `None` where the host has none."""
MEMO: Final = 64
"""Tiles kept in memory, 8 KiB each: the path from any tile to the root is at most eight."""


class ProvenTree:
    """The tree under a checkpoint whose signatures the caller has checked.

    Raises `Fault` `tile-missing`, `Unverified` `tile-mismatch` (its place is the path), and what `fetch` raises.
    """

    def __init__(self, checkpoint: Checkpoint, fetch: Fetch, kept: Fetch = lambda _path: None) -> None:
        """`kept` is asked before `fetch` and believed as little: it may be of another history, or rotten (`refuted`)."""
        self.size, self._fetch, self._kept = checkpoint.size, fetch, kept
        self._memo: dict[tuple[int, int], bytes] = {}
        self.refuted: set[str] = set()
        """Files of `kept` in whose place `fetch` gave the true ones."""
        self.edge = Edge.load(checkpoint.size, self._partial(kept, fetch))
        if self.edge.root() != checkpoint.root:
            self.edge = Edge.load(checkpoint.size, self._partial(fetch))
        if self.edge.root() != checkpoint.root:
            raise Unverified("tree", "tiles of its right edge", "tile-mismatch")

    def count(self, level: int) -> int:
        """How many hashes a level has."""
        return self.size >> 8 * level

    def tile(self, level: int, n: int) -> bytes:
        """A tile as far as the tree fills it: 8,192 bytes, or fewer at the right edge."""
        if n == self.count(level) // WIDTH:
            return self.edge.levels[level]
        found = self._memo.get((level, n))
        if found is None:
            found = self._proven(level, n)
            while len(self._memo) >= MEMO:
                del self._memo[next(iter(self._memo))]
            self._memo[level, n] = found
        return found

    def _proven(self, level: int, n: int) -> bytes:
        path, parent = tile_path(level, n), self.tile(level + 1, n // WIDTH)
        expected = parent[n % WIDTH * HASH :][:HASH]
        held = self._kept(path)
        if held is not None and len(held) == FULL and tile_root(held) == expected:
            return held
        found = self._read(level, n, WIDTH, self._fetch)
        if tile_root(found) != expected:
            raise Unverified("tree", path, "tile-mismatch")
        if held is not None:
            self.refuted.add(path)
        return found

    def node(self) -> Node:
        """A reader of its nodes."""
        return TileReader(self.tile, self.size)

    def root_at(self, size: int) -> bytes:
        """The root of its first `size` leaves."""
        return root_of(size, self.node())

    def bundle(self, n: int) -> tuple[bytes, list[bytes]] | None:
        """Entry bundle `n`, as bytes and as entries, or `None` where the host shows none. A zero-length record stands for a
        suppressed entry, whose leaf the tile has.
        """
        width = min(WIDTH, self.size - n * WIDTH)
        path = tile_path(None, n, width)
        raw = self._fetch(path)
        if raw is None and width < WIDTH and (whole := self._fetch(tile_path(None, n))) is not None:
            raw = _cut(whole, width)
        if raw is None:
            return None
        entries, leaves = parse_bundle(raw, width), self.tile(0, n)
        for at, entry in enumerate(entries):
            if entry and leaf_hash(entry) != leaves[at * HASH : (at + 1) * HASH]:
                raise Unverified("tree", path, "tile-mismatch")
        return raw, entries

    def _partial(self, *places: Fetch) -> Callable[[int, int], bytes]:
        return lambda level, n: self._read(level, n, self.count(level) % WIDTH, *places)

    def _read(self, level: int, n: int, width: int, *places: Fetch) -> bytes:
        """A tile of exactly that width. A host may drop a partial tile once the full one is there: that one is cut."""
        path = tile_path(level, n, width)
        raw = next((found for place in places if (found := place(path)) is not None), None)
        if raw is None and width < WIDTH:
            raw = self._fetch(tile_path(level, n))
            raw = raw[: width * HASH] if raw is not None and len(raw) == FULL else None
        if raw is None:
            detail = f"the host signed a tree of {self.size} entries and has no {path}"
            raise Fault("tile-missing", "failed", detail, "ask again; a log that keeps its tiles back proves nothing")
        if len(raw) != width * HASH:
            raise Unverified("tree", path, "tile-mismatch")
        return raw


def _cut(whole: bytes, width: int) -> bytes:
    """The first `width` entries of a full bundle."""
    at = 0
    for _ in range(width):
        at += 2 + int.from_bytes(whole[at : at + 2], "big")
    return whole[:at]
