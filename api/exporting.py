"""Keep an export current: only what is new, resumable, and whole at every moment (log.md §5, spec/export.md).

Bundles, tiles from level 0 up, claims, checkpoint last; each file written, synced, renamed; folders synced before it shows.
Full tiles and bundles are written once. A folder that shows a checkpoint already goes from one to the next in one rename: the
three files that belong together, checkpoint and claims, then stand in `heads/NAME` and are reached through the link `current`.
So whoever reads, or whoever pulls the plug, finds an export that verifies.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from api.cosigning import cosigned_note
from api.embargo import shown
from api.handing_over import write_synced
from api.showing import Showing, sync_folder
from api.timestamping import tokens_up_to
from api.wiring import Ledger
from auditor.bridge import BRIDGE
from auditor.log_keys import open_by_all, vkeys_at
from disclosures.claims import claims_of, sign_claims
from disclosures.export import Shown, added_files, claim_files
from ledger.checkpoint import Checkpoint, read_checkpoint
from ledger.errors import Fault, LedgerError
from ledger.keys import Signer
from ledger.state import StateAt
from ledger.store.folding import root_at
from ledger.strict import parse_uint
from ledger.tile import WIDTH, Edge, format_bundle, parse_bundle, parse_tile_path, tile_path, tiles_of

Progress = Callable[[int, int], None]
"""(entries written, entries in the log)."""
ENTRIES = "tile/entries/"
OTHER = "choose an empty folder; this one is kept as it is"


def _silent(_done: int, _of: int) -> None:
    return


class Export:
    """One folder that shows the log. Raises `Fault`: `empty`, `export-foreign`, `export-ahead`, `export-conflict`; `OSError`.

    After an error the next `bring` goes on from what stands in the folder.
    """

    def __init__(self, ledger: Ledger, folder: Path, engine: Signer | None = None, *, keep: bool = False) -> None:
        """`keep` the head before the newest, and its partial tiles, for readers who are in the middle of it."""
        self._ledger, self._folder, self._engine = ledger, folder, engine
        self._showing = Showing(folder, keep=keep)
        self._edge: Edge | None = None
        self._note = ""

    def bring(self, progress: Progress = _silent) -> int:
        """Bring the folder to the log's newest checkpoint; returns its size."""
        size, note = self._newest()
        if size == 0:
            raise Fault("empty", "failed", "the ledger holds no entries", "record something first")
        try:
            if self._edge is None:
                self._edge = self._resume(size)
            if note != self._note:
                self._edge = self._grow(self._edge, progress)
            self._show_witnessed()
            self._show_bridge()
            self._show_tokens()
        except BaseException:
            self._edge = None
            self._showing.forget()
            raise
        return self._edge.size

    def _newest(self) -> tuple[int, str]:
        """Size and note of the newest checkpoint, with the cosignatures that have arrived."""
        size, note = self._ledger.appender.published
        return size, cosigned_note(self._ledger, size, note) if size else note

    # -- what stands there -------------------------------------------------------------------------------------------

    def _resume(self, size: int) -> Edge:
        """The edge of the tree that the folder shows; the empty one where it shows none, or where files are missing."""
        path = self._folder / "checkpoint"
        try:
            note = path.read_text()
        except FileNotFoundError:
            return Edge.empty()
        shown = self._opened(note)
        if shown.size > size:
            detail = f"the export shows size {shown.size}, the log stands at {size}"
            raise Fault(
                "export-ahead", "failed", detail, "holdpoint restore --from it: docs/how-to/refusals/diverged.md"
            )
        if root_at(self._ledger.desk, shown.size) != shown.root:
            raise Fault("export-foreign", "failed", f"another history stands in {self._folder}", OTHER)
        names = [*(tile_path(p.level, p.n, p.width) for p in tiles_of(shown.size)), *_bundles(shown.size)]
        if not all((self._folder / name).is_file() for name in names):
            return Edge.empty()  # written again from the entries; what stands there is compared, not replaced
        self._note = note if (self._folder / "claims.sig").is_file() else ""
        self._showing.resume({n for n in names if ".p/" in n})
        return Edge.load(shown.size, lambda level, n: self._ledger.tile(level, n, shown.size))

    def _opened(self, note: str) -> Checkpoint:
        history = self._ledger.appender.state.get("meta", "vkeys_history")
        try:
            return open_by_all(note, vkeys_at(history, read_checkpoint(note)[0].size))
        except LedgerError as err:
            detail = f"{self._folder} shows the checkpoint of another log: {err}"
            raise Fault("export-foreign", "failed", detail, OTHER) from err

    # -- growing -----------------------------------------------------------------------------------------------------

    def _grow(self, edge: Edge, progress: Progress) -> Edge:
        with self._ledger.view() as view:
            size, note = self._newest()
            state, as_of = view.state.at(size), view.as_of
        claims = sign_claims(claims_of(state, as_of), self._engine or self._ledger.engine)
        start = edge.size // WIDTH * WIDTH
        rows = shown(state, self._ledger.desk.read_entries(start, size))
        entries = ((row.entry, row.leaf) for row in rows)
        files = added_files(edge, self._counted(entries, start, size, progress), size)
        partial: set[str] = set()
        while True:
            try:
                name, content = next(files)
            except StopIteration as end:
                edge = end.value
                break
            if ".p/" in name:
                partial.add(name)
            self._showing.put(name, content, _emptied)
        if edge.root() != self._opened(note).root:
            detail = f"the stored entries do not hash to the signed root at size {size}"
            raise Fault(
                "ledger-invalid", "failed", detail, "run holdpoint fsck; the export stays at its last checkpoint"
            )
        self._showing.show(size, [*claim_files(claims), ("checkpoint", note.encode())])
        self._blank(state, size)
        self._showing.prune(partial)
        self._note = note
        return edge

    @staticmethod
    def _counted(entries: Iterator[Shown], start: int, size: int, progress: Progress) -> Iterator[Shown]:
        for index, entry in enumerate(entries, start):
            if index % WIDTH == 0:
                progress(index, size)
            yield entry
        progress(size, size)

    def _blank(self, state: StateAt, size: int) -> None:
        """Take suppressed entries out of bundles that had them, once the checkpoint that says so is shown: never before, or
        a reader would meet a record that nothing explains.
        """
        for key, _ in state.scan("suppressed"):
            n, at = divmod(parse_uint(key), WIDTH)
            whole = self._folder / tile_path(None, n)
            names = [whole] if (n + 1) * WIDTH <= size else []
            for path in (*names, *sorted(whole.with_name(f"{whole.name}.p").glob("*"))):
                entries = _entries_of(path)
                if len(entries) > at and entries[at]:
                    entries[at] = b""
                    write_synced(path, format_bundle(entries))
                    sync_folder(path.parent)

    def _show_witnessed(self) -> None:
        """The newest witnessed checkpoint, which may be an earlier one: the tiles that stand here hold its tree too."""
        told = self._ledger.witnessed
        size, note = (0, "") if told is None else told.newest()
        path = self._folder / "checkpoint.witnessed"
        if 0 < size <= (self._edge or Edge.empty()).size and (not path.exists() or path.read_text() != note):
            write_synced(path, note.encode())

    def _show_bridge(self) -> None:
        """After a compromise of the log's keys: the last good size again, by the keys in force."""
        size, note = self._ledger.appender.bridge
        path = self._folder / BRIDGE
        if 0 < size <= (self._edge or Edge.empty()).size and (not path.exists() or path.read_text() != note):
            write_synced(path, note.encode())

    def _show_tokens(self) -> None:
        """Timestamp tokens over checkpoints whose tree these tiles hold; the list of them last (spec/timestamp.md)."""
        tokens = tokens_up_to(self._ledger, (self._edge or Edge.empty()).size)
        listed = "".join(f"{path}\n" for path in tokens).encode()
        path = self._folder / "timestamps" / "list"
        if not tokens or (path.exists() and path.read_bytes() == listed):
            return
        for name, token in tokens.items():
            write_synced(self._folder / name, token)
        write_synced(path, listed)


def _entries_of(path: Path) -> list[bytes]:
    """A written bundle's entries; none where it is gone, or is no bundle."""
    try:
        width = parse_uint(path.name) if path.parent.suffix == ".p" else WIDTH
        return parse_bundle(path.read_bytes(), width)
    except (OSError, LedgerError):
        return []


def _emptied(name: str, found: bytes, content: bytes) -> bool:
    """Whether the bundle `content` is `found` with entries taken out, and nothing else: they were suppressed since an export that
    was cut short.
    """
    if not name.startswith(ENTRIES):
        return False
    try:
        width = parse_tile_path(name).width
        pairs = zip(parse_bundle(found, width), parse_bundle(content, width), strict=True)
    except LedgerError:
        return False
    return all(new in (b"", old) for old, new in pairs)


def _bundles(size: int) -> Iterator[str]:
    return (tile_path(None, n, min(WIDTH, size - n * WIDTH)) for n in range(-(-size // WIDTH)))


def export(ledger: Ledger, folder: Path, engine: Signer, progress: Progress = _silent) -> int:
    """Export the log as of now into `folder`, or bring what stands there to now; returns its size."""
    return Export(ledger, folder, engine).bring(progress)
