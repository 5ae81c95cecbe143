"""C2SP tlog-tiles: paths, entry bundles, and trees read from or grown by tiles of 256 hashes.

A partial tile is a byte prefix of the full one, so one row or file serves every size ever signed. Full tiles are
stored, insert-only; the right edge of the tree (`Edge`) is what an appender keeps in memory. Normative: spec/tile.md.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ledger.errors import Malformed
from ledger.strict import parse_uint
from ledger.tree import HASH, MAX_SIZE, Frontier, hash_children, root_between, root_of

WIDTH = 256
FULL = WIDTH * HASH
MAX_LEVEL = 63
MAX_N = MAX_SIZE // WIDTH
MAX_ENTRY = 65_535
MAX_MEMO = 4096
"""Nodes that an edge remembers before it forgets; more than the 255 of each of eight open tiles."""
_PATH = re.compile(r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True)
class FullTile:
    """256 hashes of one level: `hashes` is 8,192 bytes."""

    level: int
    n: int
    hashes: bytes


@dataclass(frozen=True, slots=True)
class TilePath:
    """A parsed path; `level` is `None` for an entry bundle. `width` 256 = full."""

    level: int | None
    n: int
    width: int


def _number(n: int) -> str:
    parts = [f"{n % 1000:03d}"]
    while n >= 1000:
        n //= 1000
        parts.append(f"x{n % 1000:03d}")
    return "/".join(reversed(parts))


def tile_path(level: int | None, n: int, width: int = WIDTH) -> str:
    """The path of a tile, or of an entry bundle where `level` is `None`. Raises `Malformed` `tile-path`."""
    if not (0 <= n <= MAX_N and 1 <= width <= WIDTH) or (level is not None and not 0 <= level <= MAX_LEVEL):
        raise Malformed("tile", "path", "tile-path")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{'entries' if level is None else level}/{_number(n)}{partial}"


def parse_tile_path(path: str) -> TilePath:
    """Read a path; exactly what `tile_path` writes."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise Malformed("tile", "path", "tile-path")
    kind, number, partial = found.groups()
    n = _decimal("".join(part.removeprefix("x") for part in number.split("/")))
    width = WIDTH if partial is None else _decimal(partial)
    level = None if kind == "entries" else _decimal(kind)
    if tile_path(level, n, width) != path:
        raise Malformed("tile", "path", "tile-path")
    return TilePath(level, n, width)


def _decimal(digits: str) -> int:
    return parse_uint(digits.lstrip("0") or "0", bits=63)


def format_bundle(entries: Sequence[bytes]) -> bytes:
    """An entry bundle: 1…256 entries, each behind its length as two big-endian bytes. Raises `Malformed`."""
    if not 1 <= len(entries) <= WIDTH:
        raise Malformed("bundle", "width", "bundle-width")
    if any(len(e) > MAX_ENTRY for e in entries):
        raise Malformed("bundle", "entry", "too-large")
    return b"".join(len(e).to_bytes(2, "big") + e for e in entries)


def parse_bundle(raw: bytes, width: int) -> list[bytes]:
    """Read a bundle of exactly `width` entries (1…256). Raises `Malformed` (`bundle-cut`, `bundle-width`)."""
    if not 1 <= width <= WIDTH:
        raise Malformed("bundle", "width", "bundle-width")
    entries: list[bytes] = []
    at = 0
    while at < len(raw) and len(entries) < width:
        end = at + 2 + int.from_bytes(raw[at : at + 2], "big")
        if end > len(raw) or at + 2 > len(raw):
            raise Malformed("bundle", f"entry {len(entries)}", "bundle-cut")
        entries.append(raw[at + 2 : end])
        at = end
    if len(entries) != width or at != len(raw):
        raise Malformed("bundle", "width", "bundle-width")
    return entries


def tiles_of(size: int) -> Iterator[TilePath]:
    """Every hash tile of a tree of `size`, level 0 first, full and partial; one by one, since a size may be a lie."""
    level, count = 0, size
    while count > 0:
        for n in range(-(-count // WIDTH)):
            yield TilePath(level, n, min(WIDTH, count - n * WIDTH))
        level, count = level + 1, count // WIDTH


GetTile = Callable[[int, int], bytes]
"""(level, n) → the tile's hashes, at least as many as the tree's size fills."""


class TileReader:
    """Nodes of a tree of `size`, read from tiles; what was hashed is remembered. Instances are `ledger.tree.Node`s."""

    def __init__(self, get_tile: GetTile, size: int, memo: dict[tuple[int, int], bytes] | None = None) -> None:
        self.size = size
        self._get = get_tile
        self._tiles: dict[tuple[int, int], bytes] = {}
        self._nodes: dict[tuple[int, int], bytes] = {} if memo is None else memo

    def __call__(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree. Raises `Malformed` `tile-short`, and what `get_tile` raises."""
        if level & 7 == 0:
            return self._stored(level >> 3, index)
        key = (level, index)
        found = self._nodes.get(key)
        if found is None:
            found = hash_children(self(level - 1, 2 * index), self(level - 1, 2 * index + 1))
            self._nodes[key] = found
        return found

    def _stored(self, level: int, index: int) -> bytes:
        n, at = divmod(index, WIDTH)
        tile = self._tiles.get((level, n))
        if tile is None:
            tile = self._tiles[level, n] = self._get(level, n)
        found = tile[at * HASH : (at + 1) * HASH]
        if len(found) != HASH:
            raise Malformed("tile", f"{level}/{n}", "tile-short")
        return found


def tile_root(hashes: bytes) -> bytes:
    """The root of a full tile: the node that stands for it one level up. Raises `Malformed` `tile-short`."""
    if len(hashes) != FULL:
        raise Malformed("tile", "hashes", "tile-short")
    nodes = [hashes[i : i + HASH] for i in range(0, len(hashes), HASH)]
    while len(nodes) > 1:
        nodes = [hash_children(a, b) for a, b in zip(nodes[::2], nodes[1::2], strict=True)]
    return nodes[0]


@dataclass(frozen=True, slots=True)
class Edge:
    """The right edge of a tree: at each tile level the hashes of the tile that is not yet full.

    A value: `extend` returns another one. `_memo` holds nodes already hashed and is handed on as a copy, so that a lone
    append costs tens of hashes, not the 255 of each open tile; a complete subtree never changes, so it cannot go stale.
    """

    size: int = 0
    levels: tuple[bytes, ...] = ()
    _memo: dict[tuple[int, int], bytes] = field(default_factory=dict, init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse rows that `size` does not call for. Raises `Malformed` `edge-form`."""
        widths: list[int] = []
        count = self.size
        while count > 0:
            widths.append(count % WIDTH * HASH)
            count //= WIDTH
        if not 0 <= self.size <= MAX_SIZE or [len(row) for row in self.levels] != widths:
            raise Malformed("edge", "levels", "edge-form")

    @staticmethod
    def empty() -> "Edge":
        """The edge of the empty tree."""
        return Edge()

    @staticmethod
    def load(size: int, get_tile: GetTile) -> "Edge":
        """The edge of a stored tree, from its partial tiles. Raises `Malformed` `edge-form` if one is too short."""
        levels: list[bytes] = []
        level, count = 0, size
        while count > 0:
            width = count % WIDTH
            levels.append(get_tile(level, count // WIDTH)[: width * HASH] if width else b"")
            level, count = level + 1, count // WIDTH
        return Edge(size, tuple(levels))

    def extend(self, leaves: Sequence[bytes]) -> "tuple[Edge, tuple[FullTile, ...]]":
        """Append leaf hashes; returns the new edge and the tiles that became full, lower levels first."""
        if any(len(leaf) != HASH for leaf in leaves):
            raise Malformed("edge", "leaf", "hash-length")
        levels = list(self.levels)
        full: list[FullTile] = []
        carry = list(leaves)
        level, before = 0, self.size
        while carry:
            if level == len(levels):
                levels.append(b"")
            row = levels[level] + b"".join(carry)
            whole = len(row) - len(row) % FULL
            new = [
                FullTile(level, before // WIDTH + k, row[at : at + FULL]) for k, at in enumerate(range(0, whole, FULL))
            ]
            full += new
            carry = [tile_root(tile.hashes) for tile in new]
            levels[level] = row[whole:]
            level, before = level + 1, before // WIDTH
        grown = Edge(self.size + len(leaves), tuple(levels))
        grown._memo.update(self._remembered())
        return grown, tuple(full)

    def _remembered(self) -> dict[tuple[int, int], bytes]:
        """A copy of the memo; once it is large, without the nodes under tiles that are full, which no new leaf needs.

        Not at once when a tile fills: the proofs of the leaves that filled it still read them.
        """
        memo = self._memo.copy()
        if len(memo) <= MAX_MEMO:
            return memo
        return {
            (level, index): found
            for (level, index), found in memo.items()
            if (index << (level & 7)) // WIDTH == (self.size >> (level & ~7)) // WIDTH
        }

    def reader(self, full: Sequence[FullTile] = ()) -> TileReader:
        """Nodes of this tree, as far as the edge and `full` tiles reach."""
        tiles = {(t.level, t.n): t.hashes for t in full}

        def get(level: int, n: int) -> bytes:
            found = tiles.get((level, n))
            if found is not None:
                return found
            if level < len(self.levels) and n == (self.size >> 8 * level) // WIDTH:
                return self.levels[level]
            raise Malformed("tile", f"{level}/{n}", "tile-absent")

        return TileReader(get, self.size, self._memo)

    def frontier(self) -> Frontier:
        """The compact frontier: complete subtrees, the largest first."""
        node = self.reader()
        peaks: list[bytes] = []
        start = 0
        for bit in range(self.size.bit_length() - 1, -1, -1):
            if self.size >> bit & 1:
                peaks.append(node(bit, start >> bit))
                start += 1 << bit
        return Frontier(self.size, tuple(peaks))

    def root(self) -> bytes:
        """The root at `size`."""
        return root_of(self.size, self.reader())


class BatchProofs:
    """A tree grown by one batch, and inclusion proofs of the batch's leaves at the new size, from memory alone."""

    def __init__(self, old: Edge, leaves: Sequence[bytes]) -> None:
        self.old = old
        self.edge, self.tiles = old.extend(leaves)
        self._node = self.edge.reader(self.tiles)
        self._paths: dict[tuple[int, int], tuple[bytes, ...]] = {}

    def proof(self, index: int) -> tuple[bytes, ...]:
        """The inclusion path of leaf `index`. Raises `Malformed` `index-range` outside the batch."""
        if not self.old.size <= index < self.edge.size:
            raise Malformed("proof", "index", "index-range")
        return self._above(0, index)

    def _above(self, level: int, k: int) -> tuple[bytes, ...]:
        """The path from node `k` of `level` to the root (RFC 9162 §2.1.3.1, bottom up); a batch shares most of it."""
        last = (self.edge.size - 1) >> level
        if last == 0:
            return ()
        found = self._paths.get((level, k))
        if found is None:
            found = self._above(level + 1, k >> 1)
            beside = k ^ 1
            if beside < last:
                found = (self._node(level, beside), *found)
            elif beside == last:  # the right edge: perhaps not a complete subtree
                found = (root_between(beside << level, self.edge.size, self._node), *found)
            self._paths[level, k] = found
        return found
