"""One head against another of the same log: the same tree, grown, behind, or two histories."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from auditor.heads import Head
from auditor.split_view import format_heads, format_prefix
from ledger.note import Vkey
from ledger.tree import Node, root_of


class Standing(StrEnum):
    """What a head that is shown is to the one that is held."""

    SAME = "same"
    GROWN = "grown"
    BEHIND = "behind"
    DIVERGED = "diverged"


@dataclass(frozen=True, slots=True)
class Compared:
    """`evidence` is a file that convicts alone, where the reader's keys signed both of two histories."""

    standing: Standing
    evidence: bytes | None = None


def compare(held: Head, shown: Head, larger: Callable[[], Node], keys: Sequence[Vkey]) -> Compared:
    """Compare two heads of one origin; `larger` gives proven nodes of the larger tree, and is called where sizes differ.

    Raises what reading those nodes raises: without them nothing is said.
    """
    small, large = sorted((held, shown), key=lambda h: h.checkpoint.size)
    both = bool(held.vouched and shown.vouched)
    if small.checkpoint.size == large.checkpoint.size:
        if held.checkpoint.root == shown.checkpoint.root:
            return Compared(Standing.SAME)
        return Compared(Standing.DIVERGED, format_heads(held, shown, keys) if both else None)
    node = larger()
    if root_of(small.checkpoint.size, node) != small.checkpoint.root:
        return Compared(Standing.DIVERGED, format_prefix(small, large, node, keys) if both else None)
    return Compared(Standing.GROWN if shown is large else Standing.BEHIND)
