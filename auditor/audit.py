"""An audit in progress: the entries streamed bundle by bundle, hashed, compared with the tiles, admitted and derived again."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from auditor.pin import Pin
from auditor.reader import Read, get_tile
from auditor.seen import Seen, seen_in
from auditor.signatures import Signatures
from auditor.suppressed import checks_of, suppressions
from auditor.verdict import Check, VerifyVerdict
from auditor.working_file import WorkingFile
from ledger.checkpoint import Checkpoint
from ledger.entry import leaf_hash
from ledger.errors import Malformed
from ledger.events import entry
from ledger.keys import PublicKey
from ledger.replay import Problem
from ledger.state import State
from ledger.suppressed import SuppressedReplay
from ledger.tile import WIDTH, Edge, parse_bundle, tile_path
from ledger.tree import HASH
from policies.rules import RULES

Progress: TypeAlias = Callable[[int, int], None]
Work: TypeAlias = Callable[[int], WorkingFile | None]
"""Size of the log → the working file of its audit, if it needs one."""
MARK_EVERY = 256
"""Bundles between two marks in a working file: 65,536 entries."""
V = VerifyVerdict


@dataclass(slots=True)
class Audit:
    """A verification in progress."""

    read: Read
    pin: Pin | None
    progress: Progress
    signatures: Signatures
    checks: list[Check] = field(default_factory=list)
    edge: Edge = field(default_factory=Edge)
    pinned_root: bytes | None = None
    seen: list[Seen] = field(default_factory=list)
    work: WorkingFile | None = None
    resumed: int = 0
    replay: SuppressedReplay = field(init=False)
    suppressed: dict[int, entry.Suppressed] | None = None

    def __post_init__(self) -> None:
        elsewhere = {} if self.work is None else self.work.tables
        self.replay = SuppressedReplay(RULES, self._later, State.of((0, {}, {}), elsewhere))

    def said(self, index: int, size: int) -> entry.Suppressed | None:
        """The suppression further on that names entry `index`; looked for where a first record is missing."""
        if self.suppressed is None:
            self.suppressed = suppressions(self.read, size, index)
        return self.suppressed.get(index)

    def _later(self, public: PublicKey, alg: str, message: bytes, signature: bytes) -> bool:
        """Signatures are checked by the workers; the replay goes on meanwhile and is not believed until they are done."""
        self.signatures.add(self.replay.size, public, alg, message, signature)
        return True

    @property
    def failed(self) -> bool:
        """Whether something is false or undecidable so far."""
        return any(c.verdict in (V.INVALID, V.ERROR) for c in self.checks)

    def add(
        self, name: str, verdict: VerifyVerdict, code: str, detail: str, index: int | None = None, **shown: str
    ) -> None:
        """Note a check's result, and the bytes that show it."""
        self.checks.append(Check(name, verdict, code, detail, index, tuple(shown.items())))


def stream_entries(audit: Audit, claimed: Checkpoint) -> None:
    """Stream the bundles: hash, compare with level-0 tiles, replay. With a working file, from its last mark."""
    about = _about(audit, claimed)
    _resume(audit, claimed, about)
    for n in range(audit.edge.size // WIDTH, -(-claimed.size // WIDTH)):
        width = min(WIDTH, claimed.size - n * WIDTH)
        path = tile_path(None, n, width)
        raw = audit.read(path)
        if raw is None:
            audit.add("entries", V.INVALID, "entries-missing", f"no file {path}", n * WIDTH)
            return
        try:
            entries = parse_bundle(raw, width)
        except Malformed as err:
            audit.add("entries", V.INVALID, err.code, f"{path}: {err}", n * WIDTH)
            return
        if not _bundle(audit, entries, claimed.size):
            return
        audit.progress(audit.replay.size, claimed.size)
        due = width == WIDTH and n % MARK_EVERY == MARK_EVERY - 1
        # Behind a suppressed entry no mark is set: what rests on it is not in the file, and a later run goes on from before it.
        if audit.work is not None and audit.work.kept and due and not audit.replay.absent:
            audit.signatures.settle()
            if audit.signatures.lowest_bad is None:
                audit.work.mark(about, audit.replay, audit.edge, audit.pinned_root, audit.seen)
    _replayed(audit, claimed.size)


def _replayed(audit: Audit, size: int) -> None:
    """What stands at the end: nothing is owed, and what is missing was suppressed."""
    replay = audit.replay
    if replay.owed and replay.absent:
        replay.drop_owed()
    unsaid = replay.unsaid()
    if unsaid is not None:
        audit.add("replay", V.INVALID, unsaid.rule, f"entry {unsaid.index}: {unsaid.detail}", unsaid.index)
    elif replay.owed:
        audit.add("replay", V.INVALID, "derived-missing", "the log ends inside a derived group", replay.size)
    else:
        held = size - len({*replay.absent, *replay.unjudged})
        audit.add("replay", V.VALID_UNWITNESSED, "ok", f"{held} entries admitted and derived again")
        audit.checks.extend(checks_of(replay))


def _about(audit: Audit, claimed: Checkpoint) -> str:
    """What an audit is of: another log, pin or rules version begins anew."""
    pin = audit.pin
    pinned = () if pin is None else (pin.origin, pin.founding, pin.checkpoint.size, pin.checkpoint.root.hex())
    return " ".join(map(str, (RULES.version, claimed.origin, *pinned)))


def _resume(audit: Audit, claimed: Checkpoint, about: str) -> None:
    """Go on from the working file's last mark."""
    if audit.work is None:
        return
    kept = audit.work.last(about, claimed.size, get_tile(audit.read, claimed.size))
    if kept is not None:
        audit.work.resume(kept, audit.replay)
        audit.edge, audit.pinned_root, audit.seen = kept.edge, kept.pinned_root, kept.seen
        audit.resumed = kept.edge.size
        audit.progress(audit.replay.size, claimed.size)


def _bundle(audit: Audit, entries: list[bytes], size: int) -> bool:
    """One bundle. A suppressed entry's leaf comes from the hash tile, which the tree above it is compared with in the end."""
    start = audit.edge.size
    hashes = audit.read(tile_path(0, start // WIDTH, len(entries))) or b""
    leaves = [leaf_hash(e) if e else hashes[i * HASH : (i + 1) * HASH] for i, e in enumerate(entries)]
    if not _level_zero(audit, leaves):
        return False
    for leaf, raw in zip(leaves, entries, strict=True):
        index = audit.replay.size
        outcome = audit.replay.step(raw) if raw else audit.replay.skip(leaf.hex(), audit.said(index, size))
        if isinstance(outcome, Problem):
            verdict = V.ERROR if outcome.undecidable else V.INVALID
            audit.add("replay", verdict, outcome.rule, f"entry {outcome.index}: {outcome.detail}", outcome.index)
            return False
        seen = None if outcome is None else seen_in(outcome)
        if seen is not None:
            audit.seen.append(seen)
    cut = 0 if audit.pin is None else audit.pin.checkpoint.size - audit.edge.size
    if 0 < cut <= len(leaves):
        audit.pinned_root = audit.edge.extend(leaves[:cut])[0].root()
    n, before = audit.edge.size // WIDTH, audit.edge
    audit.edge, full = before.extend(leaves)
    for tile in full:
        if audit.read(tile_path(tile.level, tile.n)) != tile.hashes:
            detail = f"tile {tile.level}/{tile.n} is not the hash of its entries"
            audit.add("tiles", V.INVALID, "tile-mismatch", detail, n * WIDTH)
            return False
    return True


def _level_zero(audit: Audit, leaves: list[bytes]) -> bool:
    """Hash before reading: altered bytes are named as such, whatever they would have meant."""
    start = audit.edge.size
    name = tile_path(0, start // WIDTH, len(leaves))
    tile = audit.read(name)
    if tile == b"".join(leaves):
        return True
    if tile is None:
        audit.add("tiles", V.INVALID, "tile-missing", f"no file {name}", start)
        return False
    wrong = next((i for i, leaf in enumerate(leaves) if tile[i * HASH : (i + 1) * HASH] != leaf), len(leaves) - 1)
    detail = f"entry {start + wrong}: its hash is not the one in {name}"
    shown = tile[wrong * HASH : (wrong + 1) * HASH].hex()
    audit.add("tiles", V.INVALID, "leaf-mismatch", detail, start + wrong, tile_hash=shown)
    return False
