"""`holdpoint fsck`: recompute all that is stored beside the entries from the entries, and compare with the anchor.

Each entry is re-hashed, its signatures verified, its admission and derivation replayed; then tree, tiles, checkpoints, notes,
event ids, streams, encrypted fields and views must be what the entries give. A problem names index and table; nothing is mended.
"""

from dataclasses import dataclass, field
from pathlib import Path

from api.config import read_config
from api.database import open_database
from api.stored_fields import check_fields
from api.stored_tables import check_tables
from api.stored_views import check_views
from ledger.entry import leaf_hash
from ledger.errors import Fault, LedgerError
from ledger.replay import Problem, Replay
from ledger.store.anchor import Anchor, AnchoredHead
from ledger.store.desk import Desk
from ledger.store.folding import Progress, refused, silent
from ledger.store.rows import Stored
from ledger.tile import WIDTH, Edge, FullTile
from policies.rules import RULES


@dataclass(slots=True)
class Walk:
    """What has been recomputed so far. `wanted`: sizes at which something stored claims a root; `roots`: what they are."""

    wanted: set[int]
    problems: list[Problem] = field(default_factory=list)
    edge: Edge = field(default_factory=Edge.empty)
    roots: dict[int, bytes] = field(default_factory=dict)
    tiles: list[FullTile] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    replay: Replay = field(default_factory=lambda: Replay(RULES))
    admitted: bool = True
    undecided: Fault | None = None

    @property
    def size(self) -> int:
        """Entries hashed so far."""
        return self.edge.size + len(self.leaves)

    def no(self, index: int, rule: str, detail: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(index, rule, detail))

    def take(self, row: Stored) -> None:
        """Hash, replay and compare one stored entry."""
        at = f"entry {row.index}: table event"
        leaf = leaf_hash(row.entry)
        if leaf != row.leaf:
            self.no(row.index, "leaf-mismatch", f"{at}, column leaf_hash: it is not the hash of column state")
        if self.admitted:
            outcome = self.replay.step(row.entry)
            if isinstance(outcome, Problem) and outcome.undecidable:
                self.admitted, self.undecided = False, refused(outcome)
            elif isinstance(outcome, Problem):
                self.admitted = False
                self.no(row.index, outcome.rule, f"{at}, column state: {outcome.detail}")
            else:
                told = (outcome.stream, outcome.stream_version, outcome.type.topic, outcome.recorded_at)
                stored = (row.stream, row.version, row.topic, row.recorded_at)
                names = ("stream", "stream_version", "topic", "recorded_at")
                for name, is_, should in zip(names, stored, told, strict=True):
                    if is_ != should:
                        self.no(row.index, "column-mismatch", f"{at}, column {name}: it differs from the entry")
        self.leaves.append(leaf)
        if len(self.leaves) == WIDTH or self.size in self.wanted:
            self.integrate()

    def integrate(self) -> None:
        """Grow the tree by what was hashed."""
        self.edge, full = self.edge.extend(self.leaves)
        self.leaves = []
        self.tiles += full
        if self.edge.size in self.wanted:
            self.roots[self.edge.size] = self.edge.root()


def fsck(folder: Path, *, progress: Progress = silent) -> list[Problem]:
    """Problems of the ledger in `folder`. Holds the anchor's lock meanwhile, so that no appender runs beside it.

    Raises `Fault` where it can't look: `folder-in-use`, `anchor-in-use`, `data-missing`, `database-unreachable`, …; and
    `rules-unknown`, where nothing else is wrong.
    """
    config = read_config(folder)
    with open_database(folder, config.database) as database:
        anchor, problem = _anchor(folder)
        desk = Desk(database.url("holdpoint_reader"), revive=database.revive, unsafe_unchecked=True)
        try:
            found = [] if problem is None else [problem]
            found += _schema(desk)
            try:
                found += _walk(desk, None if anchor is None else anchor.head, progress)
            except Fault as err:
                if not found or err.code != "database-error":
                    raise
                found.append(Problem(0, err.code, err.detail))  # a table that is gone, as the line before said
            return found or [*check_fields(database, folder), *check_views(database.url("holdpoint_reader"))]
        finally:
            desk.close()
            if anchor is not None:
                anchor.close()


def _anchor(folder: Path) -> tuple[Anchor | None, Problem | None]:
    try:
        anchor = Anchor(folder / "anchor")
    except Fault as err:
        if err.code == "anchor-in-use":
            raise
        return None, Problem(0, err.code, f"the anchor: {err.detail}")
    if anchor.head is None:
        return anchor, Problem(0, "anchor-missing", "the anchor is empty")
    return anchor, None


def _schema(desk: Desk) -> list[Problem]:
    """Fences that are down, a function replaced, a setting that loses what was acknowledged (T45, hazard M)."""
    try:
        desk.check_settings()
    except Fault as err:
        if err.code in ("schema-changed", "durability-off"):
            return [Problem(0, err.code, f"schema holdpoint: {err.detail}")]
        raise
    return []


def _walk(desk: Desk, anchored: AnchoredHead | None, progress: Progress) -> list[Problem]:
    head = desk.read_head()
    wanted = {size for size, _ in desk.read_checkpoints()} | {size for size, _ in desk.read_notes()} | {head.size}
    walk = Walk(wanted if anchored is None else wanted | {anchored.size})
    try:
        for row in desk.read_entries(0, head.size):
            walk.take(row)
            if row.index % 1000 == 0:
                progress(row.index, head.size)
    except LedgerError as err:
        missing = f"entry {walk.size}: table event: no such row, though table head says {head.size} entries"
        walk.no(walk.size, err.code, missing if err.code == "entry-missing" else str(err))
        return walk.problems
    walk.integrate()
    if walk.replay.owed and walk.admitted:
        walk.no(walk.size, "derived-missing", f"entry {walk.size}: table event: the log ends inside a derived group")
    for problem in check_tables(desk, walk.replay if walk.admitted else None, walk.edge, walk.roots, walk.tiles):
        walk.problems.append(problem)
    if anchored is not None:
        _compare(walk, anchored)
    if walk.undecided is not None and not walk.problems:
        raise walk.undecided  # all that can be told without the rules holds; what they say, another release can tell
    return walk.problems


def _compare(walk: Walk, anchored: AnchoredHead) -> None:
    size = walk.edge.size
    sizes = f"anchored size {anchored.size}, stored size {size}"
    if anchored.size > size:
        walk.no(size, "diverged", f"{sizes}: entries {size} to {anchored.size - 1} are missing")
    elif walk.roots[anchored.size] != anchored.root:
        walk.no(anchored.size, "diverged", f"{sizes}: another root at the anchored size {anchored.size}")
    elif walk.admitted and walk.replay.state.get("meta", "origin") != anchored.origin:
        walk.no(0, "diverged", f"the anchor is of {anchored.origin}, entry 0 of another ledger")
