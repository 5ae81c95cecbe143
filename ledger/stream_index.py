"""The tree over the heads of all streams: where a stream ends, and that one does not exist (spec/stream-index.md, formats.md §4).

A chain makes a stream's last entry commit to all before it; that it is the last, only this shows. Leaves are RFC 8785 of
`{"head", "stream", "version"}`, ordered bytewise by name; the tree is RFC 6962's, the very code of the log's own.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ledger.canonical import decode_canonical, encode
from ledger.errors import LedgerError, Malformed, Unverified
from ledger.fields import Closed, Hex32, StreamName, Version
from ledger.tree import check_inclusion, hash_children, hash_leaf, prove_inclusion, root_of


class Head(Closed, frozen=True):
    """A stream's end: the leaf hash of its last entry (hex), and how many entries it has."""

    head: Hex32
    stream: StreamName
    version: Version


@dataclass(frozen=True, slots=True)
class Placed:
    """A leaf of the index with its position and inclusion path; nothing verified yet."""

    head: Head
    position: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """The neighbours between which a name would stand; `None` at an edge."""

    left: Placed | None
    right: Placed | None


def parse_head(datum: bytes) -> Head:
    """A leaf's datum. Raises `Malformed`."""
    return decode_canonical(datum, Head)


class StreamIndex:
    """The index over some heads, which may come in any order. Raises `Malformed` `stream-index` for a name twice or for none."""

    def __init__(self, heads: Iterable[Head]) -> None:
        self.heads = sorted(heads, key=lambda h: h.stream)
        self._names = [h.stream for h in self.heads]
        if not self.heads or len(set(self._names)) != len(self._names):
            raise Malformed("stream-index", "streams", "stream-index")

    @property
    def streams(self) -> int:
        """Number of leaves."""
        return len(self.heads)

    @cached_property
    def _levels(self) -> list[list[bytes]]:
        """Complete subtrees, level by level."""
        levels = [[hash_leaf(encode(h)) for h in self.heads]]
        while len(levels[-1]) > 1:
            row = levels[-1]
            levels.append([hash_children(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)])
        return levels

    def _node(self, level: int, index: int) -> bytes:
        return self._levels[level][index]

    @cached_property
    def root(self) -> bytes:
        """Its RFC 6962 root."""
        return root_of(self.streams, self._node)

    def _placed(self, position: int) -> Placed:
        path = prove_inclusion(self._node, position, self.streams)
        return Placed(self.heads[position], position, tuple(path))

    def _position(self, stream: str) -> int:
        return bisect_left(self._names, stream)

    def prove(self, stream: str) -> Placed | None:
        """Where the stream ends, with its proof; `None` if it does not exist."""
        at = self._position(stream)
        return self._placed(at) if at < self.streams and self._names[at] == stream else None

    def prove_absent(self, stream: str) -> Gap | None:
        """That no such stream exists; `None` if it does."""
        at = self._position(stream)
        if at < self.streams and self._names[at] == stream:
            return None
        return Gap(
            self._placed(at - 1) if at > 0 else None,
            self._placed(at) if at < self.streams else None,
        )


def check_head(placed: Placed, streams: int, root: bytes) -> None:
    """That this stream ends there, in an index of `streams` leaves. Raises `Malformed`, `Unverified`."""
    check_inclusion(hash_leaf(encode(placed.head)), placed.position, streams, placed.path, root)


def check_absent(stream: str, gap: Gap, streams: int, root: bytes) -> None:
    """That no stream of this name exists. Raises `Unverified`: `absent-datum` where a neighbour is no leaf of the index,
    `absent-edge`, `absent-adjacent`, `absent-order`.

    The neighbours are adjacent, or one stands at the edge; the verifier checks their order himself: an index that was not in
    order would be refused by whoever recomputes it.
    """
    left, right = gap.left, gap.right
    sides: Sequence[Placed] = [p for p in (left, right) if p is not None]
    for placed in sides:
        try:
            check_head(placed, streams, root)
        except LedgerError as err:
            raise Unverified("stream-index", stream, "absent-datum") from err
    at_left_edge = left is None and right is not None and right.position == 0
    at_right_edge = right is None and left is not None and left.position == streams - 1
    adjacent = left is not None and right is not None and right.position == left.position + 1
    in_order = (left is None or left.head.stream < stream) and (right is None or stream < right.head.stream)
    if len(sides) < 2 and not (at_left_edge or at_right_edge):
        raise Unverified("stream-index", stream, "absent-edge")
    if len(sides) == 2 and not adjacent:
        raise Unverified("stream-index", stream, "absent-adjacent")
    if not in_order:
        raise Unverified("stream-index", stream, "absent-order")
