"""The Merkle tree of RFC 6962 §2.1 / RFC 9162 §2.1: hashes, proofs, and the compact frontier. No home-made proofs.

`prove_…` and `check_…` come in pairs. Proving reads complete subtrees through one small function, `Node`, so that the
tree math never sees a disk. Hashes are 32 bytes; sizes lie below 2^63 (a database column); larger ones are refused,
never wrapped. Normative text: spec/tree.md.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

from ledger.errors import Malformed, Unverified

MAX_SIZE = 2**63 - 1
HASH = 32
EMPTY_ROOT = sha256(b"").digest()
Node: TypeAlias = Callable[[int, int], bytes]
"""(level, index) → hash of the complete subtree over the 2^level leaves from index·2^level on."""


def hash_leaf(data: bytes) -> bytes:
    """SHA-256(0x00 ‖ data)."""
    return sha256(b"\x00" + data).digest()


def hash_children(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


def _split(count: int) -> int:
    """The largest power of two below `count` (count > 1)."""
    return 1 << (count - 1).bit_length() - 1


def root_between(start: int, stop: int, node: Node) -> bytes:
    """Root of the leaves `start` up to, not including, `stop`; a power of two ≥ their number divides `start`."""
    count = stop - start
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return node(level, start >> level)
    k = _split(count)
    return hash_children(root_between(start, start + k, node), root_between(start + k, stop, node))


def root_of(size: int, node: Node) -> bytes:
    """The root of the first `size` leaves."""
    return root_between(0, size, node) if size else EMPTY_ROOT


def prove_inclusion(node: Node, index: int, size: int) -> list[bytes]:
    """Path from leaf `index` to the root of `size`, the leaf's sibling first (RFC 6962 §2.1.1)."""
    if not 0 <= index < size <= MAX_SIZE:
        raise Malformed("proof", "index", "index-range")
    path: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(root_between(middle, stop, node))
            stop = middle
        else:
            path.append(root_between(start, middle, node))
            start = middle
    path.reverse()
    return path


def prove_consistency(node: Node, old: int, new: int) -> list[bytes]:
    """That the tree of `new` grew from the one of `old` (RFC 6962 §2.1.2); empty where they are equal."""
    if not 0 < old <= new <= MAX_SIZE:
        raise Malformed("proof", "size", "size-range")
    path: list[bytes] = []
    start, stop, known = 0, new, True
    while stop != old:
        middle = start + _split(stop - start)
        if old <= middle:
            path.append(root_between(middle, stop, node))
            stop = middle
        else:
            path.append(root_between(start, middle, node))
            start, known = middle, False
    if not known:
        path.append(root_between(start, stop, node))
    path.reverse()
    return path


def _lengths(place: str, *hashes: bytes) -> None:
    if any(len(h) != HASH for h in hashes):
        raise Malformed(place, "hash", "hash-length")


def _sides(what: str, inner: int, last: int, count: int) -> list[bool]:
    """For each of `count` siblings whether it stands on the left: the walk of RFC 9162, fn = `inner`, sn = `last`.

    The number of siblings is fixed by the two sizes; that it is right is known here, before anything is hashed.
    """
    sides: list[bool] = []
    for _ in range(count):
        if last == 0:
            raise Unverified(what, "path", "proof-too-long")
        left = inner & 1 == 1 or inner == last
        while left and inner and not inner & 1:
            inner >>= 1
            last >>= 1
        sides.append(left)
        inner >>= 1
        last >>= 1
    if last != 0:
        raise Unverified(what, "path", "proof-too-short")
    return sides


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """That the leaf hash stands at `index` in the tree of `size` with `root` (RFC 9162 §2.1.3.2).

    Raises `Unverified` (`proof-too-long`, `proof-too-short`, `root-mismatch`),
    `Malformed` (`hash-length`, `index-range`).
    """
    _lengths("proof", root)
    if inclusion_root(leaf, index, size, proof) != root:
        raise Unverified("inclusion", "root", "root-mismatch")


def inclusion_root(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root of the one tree of `size` in which the leaf hash is at `index` beside the hashes of `proof`. Raises as above."""
    _lengths("proof", leaf, *proof)
    if not 0 <= index < size <= MAX_SIZE:
        raise Malformed("proof", "index", "index-range")
    found = leaf
    for left, sibling in zip(_sides("inclusion", index, size - 1, len(proof)), proof, strict=True):
        found = hash_children(sibling, found) if left else hash_children(found, sibling)
    return found


def check_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """That the tree of `new` leaves begins with the tree of `old` leaves (RFC 9162 §2.1.4.2).

    Old size 0 is refused: it would prove nothing. Callers that speak the witness protocol handle it before.
    Raises `Unverified` (`proof-too-long`, `proof-too-short`, `root-mismatch`),
    `Malformed` (`hash-length`, `size-range`).
    """
    _lengths("proof", old_root, new_root, *proof)
    if not 0 < old <= new <= MAX_SIZE:
        raise Malformed("proof", "size", "size-range")
    if old == new:
        if proof:
            raise Unverified("consistency", "path", "proof-too-long")
        if old_root != new_root:
            raise Unverified("consistency", "root", "root-mismatch")
        return
    # An old tree that is one complete subtree is its own first node, which the proof leaves out.
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if prefix_roots(old, new, path) != (old_root, new_root):
        raise Unverified("consistency", "root", "root-mismatch")


def prefix_roots(old: int, new: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots at sizes `old` < `new` of the one tree that the nodes of `path` belong to: a consistency proof whose first node
    is always there, also where the old tree is one complete subtree (`prefix_path` makes it).

    Whatever the second root is, the first is that of its own first `old` leaves: no other nodes hash to it. Raises `Unverified`
    (`proof-too-long`, `proof-too-short`), `Malformed` (`hash-length`, `size-range`).
    """
    _lengths("proof", *path)
    if not 0 < old < new <= MAX_SIZE:
        raise Malformed("proof", "size", "size-range")
    if not path:
        raise Unverified("consistency", "path", "proof-too-short")
    level = (old & -old).bit_length() - 1
    sides = _sides("consistency", (old - 1) >> level, (new - 1) >> level, len(path) - 1)
    first = second = path[0]
    for left, sibling in zip(sides, path[1:], strict=True):
        if left:
            first, second = hash_children(sibling, first), hash_children(sibling, second)
        else:
            second = hash_children(second, sibling)
    return first, second


def prefix_path(node: Node, old: int, new: int) -> list[bytes]:
    """The path that `prefix_roots` reads, from the nodes of the tree of `new` leaves."""
    path = prove_consistency(node, old, new)
    return [root_of(old, node), *path] if old & (old - 1) == 0 else path


@dataclass(frozen=True, slots=True)
class Frontier:
    """The compact form of a tree: its complete subtrees, the largest first. `len(peaks)` = set bits of `size`."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a size that the peaks do not fit. Raises `Malformed`."""
        if not 0 <= self.size <= MAX_SIZE or len(self.peaks) != self.size.bit_count():
            raise Malformed("frontier", "peaks", "frontier-length")
        _lengths("frontier", *self.peaks)

    def append(self, leaf: bytes) -> "Frontier":
        """The frontier with one leaf hash appended."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> "Frontier":
        """The frontier with leaf hashes appended."""
        size, peaks = self.size, list(self.peaks)
        for leaf in leaves:
            _lengths("frontier", leaf)
            found = leaf
            rest = size
            while rest & 1:
                found = hash_children(peaks.pop(), found)
                rest >>= 1
            peaks.append(found)
            size += 1
        return Frontier(size, tuple(peaks))

    def root(self) -> bytes:
        """The root at `size`."""
        if not self.peaks:
            return EMPTY_ROOT
        found = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            found = hash_children(peak, found)
        return found

    def to_bytes(self) -> bytes:
        """The peaks, concatenated, the largest first; the size is kept beside them."""
        return b"".join(self.peaks)

    @staticmethod
    def from_bytes(size: int, raw: bytes) -> "Frontier":
        """Read `to_bytes` of a frontier of `size`. Raises `Malformed` (`frontier-length`, `hash-length`)."""
        return Frontier(size, tuple(raw[i : i + HASH] for i in range(0, len(raw), HASH)))
