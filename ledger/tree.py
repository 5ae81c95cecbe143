"""The Merkle tree of RFC 6962 §2.1 / RFC 9162 §2.1: hashes, proofs, and the compact frontier. No home-made proofs.

`prove_…` and `check_…` come in pairs. Proving reads complete subtrees through one small function, `Node`, so that the tree
math never sees a disk. Hashes are 32 bytes; sizes lie below 2^63 (a database column), larger ones are refused, not wrapped.
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
"""(level, index) → hash of the complete subtree over leaves index·2^level … (index+1)·2^level − 1."""


def hash_leaf(data: bytes) -> bytes:
    """SHA-256(0x00 ‖ data)."""
    return sha256(b"\x00" + data).digest()


def hash_children(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


def _split(count: int) -> int:
    """The largest power of two below `count` (count > 1)."""
    return 1 << (count - 1).bit_length() - 1


def _peaks(start: int, stop: int, node: Node) -> bytes:
    """Root of leaves start…stop−1, where `start` is aligned to the subtree that holds them."""
    count = stop - start
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return node(level, start >> level)
    k = _split(count)
    return hash_children(_peaks(start, start + k, node), _peaks(start + k, stop, node))


def root_of(size: int, node: Node) -> bytes:
    """The root of the first `size` leaves."""
    return _peaks(0, size, node) if size else EMPTY_ROOT


def prove_inclusion(node: Node, index: int, size: int) -> list[bytes]:
    """Path from leaf `index` to the root of `size`, the leaf's sibling first (RFC 6962 §2.1.1)."""
    if not 0 <= index < size <= MAX_SIZE:
        raise Malformed("proof", "index", "index-range")
    path: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(_peaks(middle, stop, node))
            stop = middle
        else:
            path.append(_peaks(start, middle, node))
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
            path.append(_peaks(middle, stop, node))
            stop = middle
        else:
            path.append(_peaks(start, middle, node))
            start, known = middle, False
    if not known:
        path.append(_peaks(start, stop, node))
    path.reverse()
    return path


def _sizes(*hashes: bytes) -> None:
    if any(len(h) != HASH for h in hashes):
        raise Malformed("proof", "hash", "hash-length")


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """RFC 9162 §2.1.3.2. Raises `Unverified` (`inclusion-…`) or `Malformed`."""
    _sizes(leaf, root, *proof)
    if not 0 <= index < size <= MAX_SIZE:
        raise Malformed("proof", "index", "index-range")
    inner, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise Unverified("inclusion", "path", "proof-too-long")
        if inner & 1 or inner == last:
            found = hash_children(sibling, found)
            while inner and not inner & 1:
                inner >>= 1
                last >>= 1
        else:
            found = hash_children(found, sibling)
        inner >>= 1
        last >>= 1
    if last != 0:
        raise Unverified("inclusion", "path", "proof-too-short")
    if found != root:
        raise Unverified("inclusion", "root", "root-mismatch")


def check_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """RFC 9162 §2.1.4.2. Old size 0 is refused: nothing is consistent with nothing. Raises `Unverified`, `Malformed`."""
    _sizes(old_root, new_root, *proof)
    if not 0 < old <= new <= MAX_SIZE:
        raise Malformed("proof", "size", "size-range")
    if old == new:
        if proof or old_root != new_root:
            raise Unverified("consistency", "root", "root-mismatch")
        return
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise Unverified("consistency", "path", "proof-too-short")
    inner, last = old - 1, new - 1
    while inner & 1:
        inner >>= 1
        last >>= 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise Unverified("consistency", "path", "proof-too-long")
        if inner & 1 or inner == last:
            first, second = hash_children(sibling, first), hash_children(sibling, second)
            while inner and not inner & 1:
                inner >>= 1
                last >>= 1
        else:
            second = hash_children(second, sibling)
        inner >>= 1
        last >>= 1
    if last != 0:
        raise Unverified("consistency", "path", "proof-too-short")
    if first != old_root or second != new_root:
        raise Unverified("consistency", "root", "root-mismatch")


@dataclass(frozen=True, slots=True)
class Frontier:
    """The compact form of a tree: its complete subtrees, the largest first. `len(peaks)` = set bits of `size`."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def extend(self, leaves: Iterable[bytes]) -> "Frontier":
        """The frontier with leaf hashes appended."""
        size, peaks = self.size, list(self.peaks)
        for leaf in leaves:
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
        """The peaks, concatenated."""
        return b"".join(self.peaks)

    @staticmethod
    def from_bytes(size: int, raw: bytes) -> "Frontier":
        """Read `to_bytes` of a frontier of `size`."""
        if not 0 <= size <= MAX_SIZE or len(raw) != HASH * size.bit_count():
            raise Malformed("frontier", "peaks", "frontier-length")
        return Frontier(size, tuple(raw[i : i + HASH] for i in range(0, len(raw), HASH)))
