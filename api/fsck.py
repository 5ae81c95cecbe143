"""`holdpoint fsck`: recompute everything that is stored beside the entries from the entries, and compare with the anchor."""

from dataclasses import dataclass
from pathlib import Path

from api.wiring import read_config
from ledger.entry import leaf_hash
from ledger.errors import LedgerError
from ledger.replay import Problem, Replay
from ledger.store.anchor import Anchor, AnchoredHead
from ledger.store.desk import Desk
from ledger.store.embedded import EmbeddedPostgres
from ledger.tile import Edge
from policies.rules import RULES


@dataclass(slots=True)
class _Walk:
    """What has been recomputed so far."""

    problems: list[Problem]
    edge: Edge
    roots: dict[int, bytes]
    tiles: dict[tuple[int, int], bytes]

    def no(self, index: int, rule: str, detail: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(index, rule, detail))


def fsck(folder: Path) -> list[Problem]:
    """Problems of the ledger in `folder`; the appender must not be running on it."""
    config = read_config(folder)
    if config.database is not None:
        return _check(Desk(config.database), folder)
    with EmbeddedPostgres(folder / "pg") as server:
        desk = Desk(server.url("holdpoint_reader"))
        try:
            return _check(desk, folder)
        finally:
            desk.close()


def _check(desk: Desk, folder: Path) -> list[Problem]:
    head = desk.read_head()
    walk = _Walk([], Edge.empty(), {}, {})
    wanted = dict(desk.read_checkpoints())
    replay = Replay(RULES)
    try:
        for row in desk.read_entries(0, head.size):
            leaf = leaf_hash(row.entry)
            if leaf != row.leaf:
                walk.no(row.index, "leaf-mismatch", f"entry {row.index}: table event, column leaf_hash is not its hash")
            outcome = replay.step(row.entry)
            if isinstance(outcome, Problem):
                walk.no(row.index, outcome.rule, f"entry {row.index}: table event: {outcome.detail}")
                break
            stored = (row.stream, row.version, row.topic, row.recorded_at)
            if stored != (outcome.stream, outcome.stream_version, outcome.type.topic, outcome.recorded_at):
                walk.no(
                    row.index, "column-mismatch", f"entry {row.index}: table event: a column differs from the entry"
                )
            if desk.find_event_id(outcome.event_id) != row.index:
                walk.no(row.index, "event-id-mismatch", f"entry {row.index}: table event_id does not lead to it")
            walk.edge, full = walk.edge.extend([leaf])
            walk.tiles.update({(t.level, t.n): t.hashes for t in full})
            if walk.edge.size in wanted:
                walk.roots[walk.edge.size] = walk.edge.root()
    except LedgerError as err:
        walk.no(walk.edge.size, err.code, f"entry {walk.edge.size}: {err}")
    if not walk.problems:
        _stored(walk, desk, wanted, head.root, head.frontier)
        _streams(walk, desk, replay)
    _anchor(walk, folder)
    return walk.problems


def _stored(walk: _Walk, desk: Desk, wanted: dict[int, bytes], root: bytes, frontier: bytes) -> None:
    size = walk.edge.size
    if (walk.edge.root(), walk.edge.frontier().to_bytes()) != (root, frontier):
        walk.no(size, "head-mismatch", "table head: root or frontier is not that of the entries")
    for at, stored in wanted.items():
        if walk.roots.get(at) != stored:
            walk.no(at, "checkpoint-mismatch", f"table checkpoint: size {at} has another root")
    if size and size not in wanted:
        walk.no(size, "checkpoint-mismatch", f"table checkpoint: no row for the head's size {size}")
    found = {(level, n): hashes for level, n, hashes in desk.read_tiles()}
    for key in sorted(found.keys() | walk.tiles.keys()):
        if found.get(key) != walk.tiles.get(key):
            walk.no(key[1] * 256, "tile-mismatch", f"table tile: level {key[0]} tile {key[1]} is not of the entries")
    note = desk.latest_note()
    if note is not None and not note[1].startswith(f"{_origin(desk)}\n{note[0]}\n"):
        walk.no(note[0], "note-mismatch", "table note: the newest note is for another size")


def _origin(desk: Desk) -> str:
    note = desk.latest_note()
    return note[1].split("\n", 1)[0] if note else ""


def _streams(walk: _Walk, desk: Desk, replay: Replay) -> None:
    stored = {name: (version, head.hex()) for name, version, head in desk.read_streams()}
    known = {name: (place.version, place.head) for name, place in replay.state.scan("stream")}
    for name in sorted(stored.keys() | known.keys()):
        if stored.get(name) != known.get(name):
            walk.no(walk.edge.size, "stream-mismatch", f"table stream: {name} is not where its entries end")


def _anchor(walk: _Walk, folder: Path) -> None:
    try:
        anchor = Anchor(folder / "anchor")
    except LedgerError as err:
        walk.no(walk.edge.size, err.code, str(err))
        return
    head: AnchoredHead | None = anchor.head
    anchor.close()
    if head is None:
        walk.no(walk.edge.size, "anchor-missing", "the anchor is empty")
    elif head.size != walk.edge.size and walk.problems == []:
        walk.no(walk.edge.size, "diverged", f"anchored size {head.size}, stored size {walk.edge.size}")
    elif walk.problems == [] and head.root != walk.edge.root():
        walk.no(walk.edge.size, "diverged", f"anchored root differs at size {head.size}")
