"""Verify an export offline: no server, no database, no network, and no trust but in the pin that the auditor brings.

It streams bundle by bundle: tree, tiles, admission and derivation replayed, every signature; then the checkpoint's two
signatures, the pin, and the claims refolded. The first problem is named with index and rule.
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from auditor.as_of import answers_at, position
from auditor.bridge import bridge_of, of_pin
from auditor.compare import difference
from auditor.failing import with_bytes
from auditor.log_keys import open_by_all, vkeys_at
from auditor.pin import Pin
from auditor.seen import Seen, first_contradiction, seen_in, width_at
from auditor.signatures import Signatures
from auditor.suppressed import checks_of, suppressions
from auditor.verdict import Check, Report, VerifyVerdict
from auditor.working_file import WorkingFile
from disclosures.alerts import alert_lines, break_glass_of
from disclosures.claims import claims_of, open_claims
from ledger.admit import unknown_rules
from ledger.checkpoint import Checkpoint, read_checkpoint
from ledger.entry import leaf_hash
from ledger.errors import LedgerError, Malformed
from ledger.events import entry
from ledger.keys import PublicKey
from ledger.replay import Problem
from ledger.state import State
from ledger.strict import parse_time
from ledger.suppressed import SuppressedReplay
from ledger.tile import WIDTH, Edge, GetTile, parse_bundle, tile_path, tiles_of
from ledger.tree import HASH
from policies.answer import AsOf
from policies.rules import RULES

Read: TypeAlias = Callable[[str], bytes | None]
"""Path inside the export → its bytes, or `None` where there is no such file."""
Progress: TypeAlias = Callable[[int, int], None]
Work: TypeAlias = Callable[[int], WorkingFile | None]
"""Size of the log → the working file of its audit, if it needs one."""
MARK_EVERY = 256
"""Bundles between two marks in a working file: 65,536 entries."""
V = VerifyVerdict
UNWITNESSED = "that others were shown the same history: no witness cosigned it"
LIMITS = (
    "that everything that happened was recorded: a ledger is silent about what nobody submitted",
    "that a claim is true: a signature says who claimed it, and when it was recorded",
    UNWITNESSED,
)


@dataclass(slots=True)
class _Audit:
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

    def add(
        self, name: str, verdict: VerifyVerdict, code: str, detail: str, index: int | None = None, **shown: str
    ) -> None:
        """Note a check's result, and the bytes that show it."""
        self.checks.append(Check(name, verdict, code, detail, index, tuple(shown.items())))


def verify_export(
    read: Read,
    pin: Pin | None = None,
    *,
    progress: Progress = lambda _d, _n: None,
    workers: int = 2,
    work: Work = lambda _size: None,
    as_of: str | None = None,
) -> Report:
    """Verify the export that `read` gives access to; with `as_of` (a size or a time) also what held then. Never raises for what
    it reads: that is a verdict.
    """
    raw = read("checkpoint")
    if raw is None:
        detail = "there is no checkpoint: nothing is shown, so nothing is proven"
        return Report((Check("checkpoint", V.UNANCHORED, "empty", detail),))
    try:
        note = raw.decode("utf-8")
        claimed, _ = read_checkpoint(note)
    except (LedgerError, UnicodeDecodeError) as err:
        detail = f"the checkpoint can't be read: {err}"
        return Report((Check("checkpoint", V.INVALID, "checkpoint-malformed", detail),))
    with work(claimed.size) or nullcontext() as working, Signatures(workers, claimed.size) as signatures:
        audit = _Audit(read, pin, progress, signatures, work=working)
        _entries(audit, claimed)
        signatures.settle()
        return with_bytes(_judged(audit, claimed, note, as_of), entry_of(read, claimed.size))


def _judged(audit: _Audit, claimed: Checkpoint, note: str, as_of: str | None) -> Report:
    """What the replayed entries say of the rest: tiles, checkpoint, pin, what signers saw, claims."""
    bad = audit.signatures.lowest_bad
    if bad is not None:
        audit.add("signatures", V.INVALID, "signature-invalid", f"entry {bad}: a signature does not verify", bad)
    elif not _failed(audit):
        audit.add("signatures", V.VALID_UNWITNESSED, "ok", f"every envelope of {claimed.size} entries verifies")
    if not _failed(audit):
        _tiles(audit, claimed)
        _checkpoint(audit, claimed, note)
    _pin(audit, claimed)
    unproven = _bridge(audit, claimed)
    if not _failed(audit):
        _seen(audit, claimed)
        _claims(audit)
    answers = None if as_of is None or _failed(audit) else _past(audit, claimed.size, as_of)
    development = bool(audit.replay.state.get("meta", "development"))
    notes = (*LIMITS, *unproven, *(("the clock: a dev/ ledger may simulate it",) if development else ()))
    if audit.resumed:
        notes = (
            *notes,
            f"that the files of the first {audit.resumed} entries are still as an earlier run of this audit read them",
        )
    alerts = () if _failed(audit) else tuple(alert_lines(break_glass_of(audit.replay.state)))
    head = (claimed.origin, claimed.size, claimed.root)
    return Report(tuple(audit.checks), *head, development, notes, alerts, note, answers)


def _past(audit: _Audit, size: int, as_of: str) -> dict[str, Any] | None:
    """What held at an earlier position."""
    find = entry_of(audit.read, size)
    try:
        then = position(as_of, size, lambda index: _nearest(find, index))
    except LedgerError as err:
        audit.add("as-of", V.ERROR, err.code, f"there is no answer as of {as_of}: {err}")
        return None
    audit.add("as-of", V.VALID_UNWITNESSED, "ok", f"the answers as of size {then.size}, folded by this copy")
    return answers_at(audit.replay.state, then)


def _nearest(find: Callable[[int], bytes | None], index: int) -> bytes:
    """An entry, or where it is suppressed the one before it: recorded times never fall."""
    while not (found := find(index)) and index > 0:
        index -= 1
    return found or b""


def _failed(audit: _Audit) -> bool:
    return any(c.verdict in (V.INVALID, V.ERROR) for c in audit.checks)


def _entries(audit: _Audit, claimed: Checkpoint) -> None:
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


def _replayed(audit: _Audit, size: int) -> None:
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


def _about(audit: _Audit, claimed: Checkpoint) -> str:
    """What an audit is of: another log, pin or rules version begins anew."""
    pin = audit.pin
    pinned = () if pin is None else (pin.origin, pin.founding, pin.checkpoint.size, pin.checkpoint.root.hex())
    return " ".join(map(str, (RULES.version, claimed.origin, *pinned)))


def _resume(audit: _Audit, claimed: Checkpoint, about: str) -> None:
    """Go on from the working file's last mark."""
    if audit.work is None:
        return
    kept = audit.work.last(about, claimed.size, get_tile(audit.read, claimed.size))
    if kept is not None:
        audit.work.resume(kept, audit.replay)
        audit.edge, audit.pinned_root, audit.seen = kept.edge, kept.pinned_root, kept.seen
        audit.resumed = kept.edge.size
        audit.progress(audit.replay.size, claimed.size)


def get_tile(read: Read, size: int) -> GetTile:
    """The hash tiles of a tree of `size` entries, empty where there is none."""
    return lambda level, n: read(tile_path(level, n, width_at(size, level, n))) or b""


def entry_of(read: Read, size: int) -> Callable[[int], bytes | None]:
    """An entry of a log of `size` by its index, `None` where it is not shown."""

    def entry(index: int) -> bytes | None:
        n, at = divmod(index, WIDTH)
        width = min(WIDTH, size - n * WIDTH)
        raw = read(tile_path(None, n, width)) if at < width else None
        try:
            return None if raw is None else parse_bundle(raw, width)[at]
        except Malformed:
            return None

    return entry


def _bundle(audit: _Audit, entries: list[bytes], size: int) -> bool:
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


def _level_zero(audit: _Audit, leaves: list[bytes]) -> bool:
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


def _tiles(audit: _Audit, claimed: Checkpoint) -> None:
    """The partial tiles of the right edge; full ones were compared while streaming."""
    for path in tiles_of(claimed.size):
        level = path.level or 0
        if path.width < WIDTH:
            name = tile_path(level, path.n, path.width)
            if audit.read(name) != audit.edge.levels[level][: path.width * HASH]:
                audit.add("tiles", V.INVALID, "tile-mismatch", f"{name} is not the hash of its entries", path.n * WIDTH)
                return
    audit.add("tiles", V.VALID_UNWITNESSED, "ok", "every tile is the hash of the entries")


def _checkpoint(audit: _Audit, claimed: Checkpoint, note: str) -> None:
    state = audit.replay.state
    if audit.edge.root() != claimed.root:
        detail = "the entries do not hash to the checkpoint's root"
        roots = {"computed_root": audit.edge.root().hex(), "checkpoint_root": claimed.root.hex()}
        audit.add("checkpoint", V.INVALID, "root-mismatch", detail, None, **roots)
        return
    if claimed.origin != state.get("meta", "origin"):
        audit.add(
            "checkpoint", V.INVALID, "origin-mismatch", "the checkpoint's origin is not the one that entry 0 founded"
        )
        return
    # A pin of another ledger says nothing of this one's keys; `_pin` says which ledger it is for.
    pin = audit.pin
    ours = pin is not None and (pin.origin, pin.founding) == (claimed.origin, state.get("meta", "founding"))
    history = state.get("meta", "vkeys_history")
    try:
        if pin is not None and ours and pin.checkpoint.size <= claimed.size:
            strange = set(pin.vkeys) - set(vkeys_at(history, pin.checkpoint.size))
            if strange:
                detail = f"the pin's log keys are none that entry 0 or a rotation names at size {pin.checkpoint.size}"
                audit.add("checkpoint", V.INVALID, "keys-mismatch", detail)
                return
        open_by_all(note, vkeys_at(history, claimed.size))
    except LedgerError as err:
        audit.add("checkpoint", V.INVALID, err.code, f"the checkpoint's signatures: {err}", checkpoint=note)
        return
    whose = "the keys that the pinned entry 0 and the root name" if ours else "the keys that the log itself names"
    audit.add("checkpoint", V.VALID_UNWITNESSED, "ok", f"Ed25519 and ML-DSA-44 signatures verify under {whose}")


def _pin(audit: _Audit, claimed: Checkpoint) -> None:
    pin = audit.pin
    if pin is None:
        audit.add(
            "pin", V.UNANCHORED, "no-pin", "nothing from outside says that this is the history others saw; get a pin"
        )
        return
    if claimed.origin != pin.origin:
        audit.add("pin", V.DIVERGED, "other-ledger", f"the pin is for {pin.origin}, this is {claimed.origin}")
        return
    founding = audit.replay.state.get("meta", "founding")
    if founding is not None and founding != pin.founding:
        audit.add(
            "pin", V.DIVERGED, "founded-anew", "entry 0 is not the one pinned: another ledger under the same name", 0
        )
        return
    if claimed.size < pin.checkpoint.size:
        detail = f"pinned size {pin.checkpoint.size}, shown size {claimed.size}: first missing index {claimed.size}"
        audit.add("pin", V.DIVERGED, "truncated", detail, claimed.size)
        return
    if audit.pinned_root is None:
        if not _failed(audit):
            audit.add("pin", V.ERROR, "pin-unreached", "the pinned size was not reached")
        return
    if audit.pinned_root != pin.checkpoint.root:
        detail = f"at size {pin.checkpoint.size} the root is another than the one pinned"
        roots = {"computed_root": audit.pinned_root.hex(), "pinned_root": pin.checkpoint.root.hex()}
        audit.add("pin", V.DIVERGED, "root-differs", detail, None, **roots)
        return
    detail = f"it contains the {pin.checkpoint.size} entries pinned; no witness cosigned it"
    audit.add("pin", V.VALID_UNWITNESSED, "ok", detail)


def _bridge(audit: _Audit, claimed: Checkpoint) -> tuple[str, ...]:
    """What the new keys sign of the past, and what is not proven of a pin that the old ones signed."""
    history = audit.replay.state.get("meta", "vkeys_history")
    if _failed(audit) or history is None:
        return ()
    check, unproven = bridge_of(audit.read, history, claimed.size, get_tile(audit.read, claimed.size))
    if check is not None:
        audit.checks.append(check)
    pinned = "" if audit.pin is None else of_pin(history, audit.pin.checkpoint.size)
    return tuple(note for note in (unproven, pinned) if note)


def _seen(audit: _Audit, claimed: Checkpoint) -> None:
    """Every approval names the checkpoint that its signer looked at: this history has that root at that size."""
    try:
        wrong = first_contradiction(audit.seen, claimed.size, get_tile(audit.read, claimed.size))
    except LedgerError as err:
        audit.add("seen", V.ERROR, err.code, f"the roots that signers saw could not be computed: {err}")
        return
    if wrong is not None:
        detail = (
            f"entry {wrong.index}: {', '.join(wrong.principals)} signed another root at size {wrong.size}: a split view"
        )
        audit.add("seen", V.DIVERGED, "seen-differs", detail, wrong.index)
        return
    audit.add("seen", V.VALID_UNWITNESSED, "ok", f"{len(audit.seen)} entries name checkpoints, all of this history")


def _claims(audit: _Audit) -> None:
    raw, signature = audit.read("claims.json"), audit.read("claims.sig")
    if raw is None or signature is None:
        audit.add("claims", V.INCOMPLETE, "claims-missing", "the export claims no answers, so none were compared")
        return
    try:
        claims = open_claims(raw, signature, audit.replay.state)
        as_of = claims.get("as_of")
        if (
            not isinstance(as_of, dict)
            or as_of.get("size") != audit.replay.size
            or not isinstance(as_of.get("time"), str)
            or parse_time(as_of["time"]) < audit.replay.recorded_at
        ):
            audit.add("claims", V.INVALID, "claims-as-of", "the claims are for another position than the checkpoint's")
            return
        found = claims_of(audit.replay.state, AsOf(audit.replay.size, as_of["time"]))
    except LedgerError as err:
        audit.add("claims", V.INVALID, err.code, f"claims.json: {err}")
        return
    wrong = difference(found, claims)
    unknown = unknown_rules(audit.replay.state, RULES)
    if wrong is not None and unknown is not None:  # the answers are those of the rules that the last entry adopted
        audit.add("claims", V.ERROR, unknown.reason, f"{wrong} differs, and {unknown.detail}")
        return
    if wrong is not None and audit.replay.absent:
        detail = f"{wrong} is not what the entries that are shown add up to; what is suppressed may explain it"
        audit.add("claims", V.INCOMPLETE, "rests-on-suppressed", detail)
        return
    if wrong is not None:
        audit.add("claims", V.INVALID, "claims-mismatch", f"{wrong} is not what the entries say when folded again")
        return
    audit.add(
        "claims", V.VALID_UNWITNESSED, "ok", f"{len(claims['models'])} models: the same answers when folded again"
    )
