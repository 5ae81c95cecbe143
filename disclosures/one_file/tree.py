"""RFC 6962 trees: leaves, inclusion, consistency."""

from __future__ import annotations

from hashlib import sha256

from disclosures.one_file.strict import need


def leaf_of(data: bytes) -> bytes:
    """RFC 6962 leaf hash."""
    return sha256(b"\0" + data).digest()


def join(left: bytes, right: bytes) -> bytes:
    """RFC 6962 node hash."""
    return sha256(b"\1" + left + right).digest()


def included(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that an inclusion path leads to (RFC 6962 §2.1.1, by its own recursion)."""
    if size == 1:
        need(not path, "proof-too-long", "the path is longer than the tree is high")
        return leaf
    need(path, "proof-too-short", "the path is shorter than the tree is high")
    k = 1 << (size - 1).bit_length() - 1
    if index < k:
        return join(included(leaf, index, k, path[:-1]), path[-1])
    return join(path[-1], included(leaf, index - k, size - k, path[:-1]))


def grown(old: int, new: int, path: list[bytes], root: bytes, *, whole: bool = True) -> tuple[bytes, bytes]:
    """The old and the new root that a consistency proof leads to (RFC 6962 §2.1.2, by its own recursion)."""
    if old == new:
        need(len(path) == (0 if whole else 1), "consistency-form", "the proof is of another length")
        return (root, root) if whole else (path[0], path[0])
    need(path, "consistency-form", "the proof is too short")
    k = 1 << (new - 1).bit_length() - 1
    if old <= k:
        one, two = grown(old, k, path[:-1], root, whole=whole)
        return one, join(two, path[-1])
    one, two = grown(old - k, new - k, path[:-1], root, whole=False)
    return join(path[-1], one), join(path[-1], two)
