"""Where the log stands in memory, and how it follows what is stored. The same way at a start, after a doubtful commit, and when
another appender was faster: recovery has no code of its own (R8).
"""

from dataclasses import dataclass

from ledger.admit import Rules, unsafe_unchecked
from ledger.errors import Fault
from ledger.keys import verify
from ledger.replay import Problem, Replay
from ledger.state import State
from ledger.store.anchor import AnchoredHead
from ledger.store.desk import Desk
from ledger.store.folding import PAGE, Progress, refused, silent
from ledger.store.rows import Head
from ledger.tile import Edge


@dataclass(frozen=True, slots=True)
class Position:
    """The state after all entries, the tree's right edge, and the last recorded time (empty for an empty log)."""

    state: State
    edge: Edge
    recorded_at: str

    @property
    def size(self) -> int:
        """Entries up to here."""
        return self.edge.size

    @property
    def origin(self) -> str:
        """The log's origin, as entry 0 says it."""
        found: str = self.state.get("meta", "origin") or ""
        return found

    @property
    def head(self) -> AnchoredHead:
        """What is anchored, then signed."""
        return AnchoredHead(self.origin, self.size, self.edge.root())


def follow(
    base: Position,
    head: Head,
    desk: Desk,
    rules: Rules,
    anchored: AnchoredHead | None,
    *,
    progress: Progress = silent,
) -> Position:
    """Fold the stored entries from `base` to `head` on a layer; `base` itself is not touched.

    The root over the re-hashed bytes must be the head's, and pass through the anchored one (R6). Entries up to the anchor were
    checked before they were anchored; the signatures of those behind it are verified here, since we shall sign over them.
    Raises `Fault`: `diverged`, `anchor-missing`, `ledger-invalid`, `entry-missing`.
    """
    _check_sizes(base, head, anchored)
    state = base.state.layer() if base.size else State()  # a whole log needs no layer: there is nothing beneath to keep
    replay = Replay(rules, unsafe_unchecked, state, base.size, base.recorded_at)
    edge, leaves = base.edge, list[bytes]()
    root = edge.root() if anchored is not None and anchored.size == base.size else b""
    for row in desk.read_entries(base.size, head.size):
        replay.check = unsafe_unchecked if anchored is not None and replay.size < anchored.size else verify
        outcome = replay.step(row.entry)
        if isinstance(outcome, Problem):
            raise refused(outcome)
        leaf = bytes.fromhex(outcome.leaf)
        if leaf != row.leaf:
            raise _invalid(f"entry {row.index}: table event, column leaf_hash: it is not the hash of the entry")
        leaves.append(leaf)
        reached = anchored is not None and replay.size == anchored.size
        if len(leaves) == PAGE:
            progress(replay.size, head.size)
        if reached or len(leaves) == PAGE:
            edge, leaves = edge.extend(leaves)[0], []
        if reached:
            root = edge.root()
    edge, _ = edge.extend(leaves)
    if edge.size != head.size or replay.owed or (head.size and edge.root() != head.root):
        raise _invalid(f"the stored entries do not hash to the head's root at size {head.size}")
    reached_position = Position(replay.state, edge, replay.recorded_at)
    if anchored is not None and (root != anchored.root or reached_position.origin != anchored.origin):
        detail = f"the stored tree has another root at the anchored size {anchored.size}"
        raise Fault("diverged", "failed", detail, "keep everything as it is: docs/how-to/refusals/diverged.md")
    return reached_position


def _check_sizes(base: Position, head: Head, anchored: AnchoredHead | None) -> None:
    if head.size < base.size or (head.size == base.size and base.size and head.root != base.edge.root()):
        detail = f"the head is at {head.size}, memory at {base.size}, and they do not agree"
        raise Fault("diverged", "failed", detail, "keep everything as it is: docs/how-to/refusals/diverged.md")
    if anchored is None:
        if head.size and not base.size:
            raise Fault("anchor-missing", "failed", "the ledger is not empty and its anchor is",
                        "bring it back: holdpoint anchor --from-pin FILE (docs/how-to/refusals/anchor-missing.md)")  # fmt: skip
    elif anchored.size > head.size or anchored.size < base.size or anchored.size == 0:
        detail = f"anchored size {anchored.size}, stored size {head.size}"
        remedy = "bring the missing entries back: holdpoint restore --from EXPORT (docs/how-to/refusals/diverged.md)"
        raise Fault("diverged", "failed", detail, remedy)


def _invalid(detail: str) -> Fault:
    return Fault("ledger-invalid", "failed", detail, "run holdpoint fsck")
