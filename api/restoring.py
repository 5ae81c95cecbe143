"""`holdpoint restore`: bring entries back that the database has lost, from an export or a mirror (log.md §4, T41, F14).

Nothing is believed because it comes from our own exporter: the export's checkpoint must be signed by the log's keys, its entries
must lead from what is stored to the anchor's root at the anchor's size, and each is admitted and derived again as an auditor
would, signatures included. All of the tree is compared *before* the first entry is written, since nothing written is taken back.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from api.config import read_config
from api.database import open_database
from api.keyring import load_log_pairs
from auditor.audit import Progress
from auditor.reader import Read
from ledger.admit import unsafe_unchecked
from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.entry import leaf_hash, parse_entry
from ledger.errors import Fault, LedgerError
from ledger.event import Event
from ledger.keys import verify
from ledger.note import Vkey
from ledger.replay import Problem, Replay
from ledger.store.anchor import Anchor, AnchoredHead
from ledger.store.desk import Desk
from ledger.store.folding import fold_stored, root_at, silent
from ledger.store.rows import Batch, Row
from ledger.tile import WIDTH, Edge, parse_bundle, tile_path
from policies.rules import RULES

MAX_SUBMISSIONS = 500
OTHER = "this is not the export of this ledger's history; keep everything as it is: docs/how-to/refusals/diverged.md"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was there, and what is there now."""

    before: int
    after: int


def restore(folder: Path, read: Read, *, progress: Progress = silent) -> Restored:
    """Import what is missing in the ledger of `folder` from the export that `read` gives access to.

    Raises `Fault`: `anchor-missing`, `export-unusable`, `export-short`, `nothing-missing`, `diverged`, `ledger-invalid`.
    It may be killed at any point and run again.
    """
    config = read_config(folder)
    vkeys = tuple(v for pair in load_log_pairs(folder / "keys", config.origin) for v in pair.vkeys)
    shown, note = _shown(read, vkeys)
    embedded = config.database is None
    with open_database(folder, config.database, create=embedded) as database:
        if embedded:
            database.migrate()  # made anew where it was gone; a kill in between leaves it for the next run
        anchor = Anchor(folder / "anchor")
        desk = Desk(database.url("holdpoint_appender"), revive=database.revive)
        try:
            return _restore(_Import(desk, read, shown, progress), anchor, note)
        finally:
            desk.close()
            anchor.close()


def _shown(read: Read, vkeys: tuple[Vkey, ...]) -> tuple[Checkpoint, str]:
    """The export's checkpoint, once the log's own keys have verified."""
    raw = read("checkpoint")
    if raw is None:
        raise Fault(
            "export-unusable", "failed", "there is no checkpoint file: this is no export", "name another folder"
        )
    try:
        note = raw.decode()
        return open_checkpoint(note, vkeys), note
    except (LedgerError, UnicodeDecodeError) as err:
        raise Fault("export-unusable", "failed", f"its checkpoint is not signed by this log: {err}", OTHER) from err


@dataclass(slots=True)
class _Import:
    """An import under way: the replay stands where the database does."""

    desk: Desk
    read: Read
    shown: Checkpoint
    progress: Progress
    replay: Replay = field(default_factory=lambda: Replay(RULES, unsafe_unchecked))
    edge: Edge = field(default_factory=Edge.empty)

    def entries(self, start: int) -> Iterator[list[bytes]]:
        """The export's entries from index `start` on, bundle by bundle."""
        for n in range(start // WIDTH, -(-self.shown.size // WIDTH)):
            name = tile_path(None, n, width := min(WIDTH, self.shown.size - n * WIDTH))
            raw = self.read(name)
            if raw is None:
                raise Fault("export-unusable", "failed", f"no file {name}", "name a complete export")
            entries = parse_bundle(raw, width)[max(0, start - n * WIDTH) :]
            gone = next((i for i, entry in enumerate(entries, max(start, n * WIDTH)) if not entry), None)
            if gone is not None:
                detail = f"entry {gone} is suppressed, so the export does not hold it, and the database has lost it"
                remedy = "restore a backup of the database that holds it, or name an export from before its suppression"
                raise Fault("entry-suppressed", "failed", detail, remedy)
            yield entries


def _restore(work: _Import, anchor: Anchor, note: str) -> Restored:
    anchored, shown = anchor.head, work.shown
    if anchored is None:
        raise Fault("anchor-missing", "failed", "the anchor is empty", "holdpoint anchor --from-pin FILE, then again")
    if anchored.origin != shown.origin:
        raise Fault("diverged", "failed", f"the anchor is of {anchored.origin}, the export of {shown.origin}", OTHER)
    if shown.size < anchored.size:
        detail = f"the export ends at size {shown.size}, the anchor stands at {anchored.size}"
        raise Fault("export-short", "failed", detail, "find a newer export or mirror; nothing was written")
    work.edge = fold_stored(work.desk, work.replay, work.edge)
    before = work.replay.size
    if before >= shown.size:
        detail = f"stored size {before}, anchored size {anchored.size}, export of size {shown.size}"
        raise Fault("nothing-missing", "failed", detail, "start the service")
    _compare(work, anchored)
    # Raised before the first entry is written: a crash in the middle must not leave a head that looks complete.
    anchor.raise_to(AnchoredHead(shown.origin, shown.size, shown.root))
    work.replay.check = verify
    for batch in _batches(work):
        if work.desk.append(batch) is None:
            raise Fault("stale-head", "failed", "someone else moved the head", "stop the service, then again")
        work.progress(work.replay.size, shown.size)
    work.desk.put_note(shown.size, note)
    return Restored(before, shown.size)


def _compare(work: _Import, anchored: AnchoredHead) -> None:
    """The stored entries and the export's give the anchored root and the export's, before anything is written."""
    edge, found = work.edge, dict[int, bytes]()
    if anchored.size <= edge.size:
        found[anchored.size] = root_at(work.desk, anchored.size)
    for entries in work.entries(edge.size):
        leaves = [leaf_hash(entry) for entry in entries]
        if 0 < anchored.size - edge.size <= len(leaves):
            found[anchored.size] = edge.extend(leaves[: anchored.size - edge.size])[0].root()
        edge, _ = edge.extend(leaves)
    found[edge.size] = edge.root()
    for what, size, root in (("anchor", anchored.size, anchored.root), ("export", work.shown.size, work.shown.root)):
        if found.get(size) != root:
            detail = f"the stored entries and the export's do not hash to the {what}'s root at size {size}"
            raise Fault("diverged", "failed", detail, OTHER)


def _batches(work: _Import) -> Iterator[Batch]:
    """Commits again: one recorded time each, never ending inside a derived group."""
    events: list[tuple[Event, bytes]] = []
    causes = 0
    for entries in work.entries(work.replay.size):
        for entry in entries:
            starts = not work.replay.owed
            full = causes == MAX_SUBMISSIONS
            if starts and events and (full or parse_entry(entry).recorded_at != events[0][0].recorded_at):
                yield _batch(work, events, causes)
                events, causes = [], 0
            outcome = work.replay.step(entry)
            if isinstance(outcome, Problem):
                detail = f"entry {outcome.index} of the export: {outcome.rule} ({outcome.detail})"
                raise Fault("ledger-invalid", "failed", detail, OTHER)
            events.append((outcome, entry))
            causes += starts
    if work.replay.owed:
        raise Fault("ledger-invalid", "failed", "the export ends inside a derived group", OTHER)
    if events:
        yield _batch(work, events, causes)


def _batch(work: _Import, events: list[tuple[Event, bytes]], causes: int) -> Batch:
    leaves = [bytes.fromhex(event.leaf) for event, _ in events]
    old = work.edge.size
    work.edge, tiles = work.edge.extend(leaves)
    rows = tuple(
        Row(entry, event.event_id, event.stream, event.stream_version, event.type.topic, leaf)
        for (event, entry), leaf in zip(events, leaves, strict=True)
    )
    frontier = work.edge.frontier().to_bytes()
    return Batch(old, rows, events[0][0].recorded_at, tiles, frontier, work.edge.root(), causes)
