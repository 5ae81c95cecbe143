"""Fold what is stored: re-hashed, replayed, and compared with the head's root (log.md §4, R6)."""

from collections.abc import Callable

from ledger.entry import leaf_hash
from ledger.errors import Fault
from ledger.replay import Problem, Replay
from ledger.store.desk import Desk
from ledger.tile import Edge

PAGE = 4096
Progress = Callable[[int, int], None]
"""(entries folded, entries stored)."""


def silent(_done: int, _of: int) -> None:
    """No progress."""


def fold_stored(desk: Desk, replay: Replay, edge: Edge, *, progress: Progress = silent) -> Edge:
    """Fold stored entries from `replay.size` to the head into `replay`; returns the tree's edge there.

    The root over the re-hashed bytes must be the head's. Raises `Fault` `ledger-invalid`, `entry-missing`, `rules-unknown`.
    """
    head = desk.read_head()
    leaves: list[bytes] = []
    for row in desk.read_entries(replay.size, head.size):
        outcome = replay.step(row.entry)
        if isinstance(outcome, Problem):
            raise refused(outcome)
        leaves.append(leaf_hash(row.entry))
        if len(leaves) == PAGE:
            edge, leaves = edge.extend(leaves)[0], []
            progress(replay.size, head.size)
    edge, _ = edge.extend(leaves)
    if edge.size != head.size or edge.root() != head.root or replay.owed:
        detail = f"the stored entries do not hash to the head's root at size {head.size}"
        raise Fault("ledger-invalid", "failed", detail, "run holdpoint fsck")
    return edge


def refused(found: Problem) -> Fault:
    """Why a stored entry can't be followed: it is not what the rules admit, or this release can't tell."""
    detail = f"entry {found.index}: {found.rule} ({found.detail})"
    if found.undecidable:
        return unknown_release(detail)
    return Fault("ledger-invalid", "failed", detail, "run holdpoint fsck")


def unknown_release(detail: str) -> Fault:
    """The log is under rules, or holds an event type, that this release does not know."""
    return Fault(
        "rules-unknown", "failed", detail, "start a release that knows them: docs/how-to/refusals/rules-unknown.md"
    )


def root_at(desk: Desk, size: int) -> bytes:
    """The root at an earlier size, from the stored leaf hashes."""
    edge = Edge.empty()
    for start in range(0, size, 65_536):
        edge, _ = edge.extend(desk.read_leaf_hashes(start, min(size, start + 65_536)))
    return edge.root()
