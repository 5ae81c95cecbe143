"""`holdpoint mirror`: a verified copy of a log as static files, which any web server can serve (spec/export.md).

Every tile is proven against the signed root before it is written, from the top level down, so a kill at any moment leaves true
tiles under the checkpoint of before; the next run takes up what is there. The checkpoint comes last. A full tile is never
replaced. A log that shows another history than the copy holds is refused, and both heads are kept.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from api.evidence_kept import keep_heads, keep_split
from api.folder_lock import lock_folder
from api.showing import File, Showing
from auditor.growth import Compared, Standing, compare
from auditor.heads import Head, read_head
from auditor.pin import Pin
from auditor.proven_tree import ProvenTree
from ledger.canonical import loads_canonical
from ledger.errors import Fault, LedgerError, Malformed, Unverified
from ledger.note import Vkey, decode_note, format_note
from ledger.tile import WIDTH, tile_path
from ledger.tree import HASH, Node

Read = Callable[[str], bytes | None]
Progress = Callable[[int, int], None]
EVIDENCE = "evidence"


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What a run left. `before`: the size that was held, 0 for none. `bundles`: entry bundles held of those there are.
    `suppressed`: records of zero length among those fetched now. `claims`: whether the log's claims of this head are held.
    """

    origin: str
    size: int
    root: bytes
    before: int
    tiles: int
    bundles: tuple[int, int]
    suppressed: int
    claims: bool


class Mirror:
    """One folder that follows one log. `read` gives the host's bytes; `keys` are the caller's, with those of his pin.

    Raises `Fault` (`flags-missing`, `folder-in-use`, `checkpoint-missing`, `tile-missing`, `behind`, `diverged`,
    `export-conflict`), `Unverified` (`checkpoint-unsigned`, `origin-mismatch`, `tile-mismatch`), `Malformed`, `OSError`.
    """

    def __init__(self, folder: Path, read: Read, keys: Sequence[Vkey], pin: Pin | None, progress: Progress) -> None:
        if not keys:
            raise Fault(
                "flags-missing", "failed", "whose log it is must come from you", "give --pin FILE, or --key VKEY"
            )
        self._folder, self._read, self._keys, self._pin, self._progress = folder, read, tuple(keys), pin, progress
        self._showing = Showing(folder, keep=True)
        self._tiles = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = lock_folder(folder, f"another mirror writes {folder}", "let it end", ".lock")

    def close(self) -> None:
        """Let the folder go."""
        os.close(self._lock)

    def bring(self, *, entries: bool = True) -> Mirrored:
        """Bring the copy to the head that the host shows now."""
        raw = self._read("checkpoint")
        if raw is None:
            raise Fault("checkpoint-missing", "failed", "the host shows no checkpoint", "is the URL that of a log?")
        shown = opened_head(raw, self._keys, self._pin)
        held = self._held()
        tree = self._standing(held, shown)
        self._write_tiles(tree, 0 if held is None else held.checkpoint.size)
        bundles, suppressed = self._write_bundles(tree) if entries else (self._there(tree.size), 0)
        if tree.refuted:
            detail = f"{', '.join(sorted(tree.refuted))} in {self._folder}: not the tile of this tree; altered, or the disk fails"
            raise Fault("export-conflict", "failed", detail, "find out why; remove it to have it fetched again")
        claims = self._claims(shown.checkpoint.size)
        if held is None or format_note(held.note).encode() != raw or (claims and not self._has_claims()):
            self._showing.show(tree.size, [*claims, ("checkpoint", raw)])
            self._showing.prune(set(_partials(tree.size)))
        head, before = shown.checkpoint, 0 if held is None else held.checkpoint.size
        count = -(-head.size // WIDTH)
        return Mirrored(
            head.origin, head.size, head.root, before, self._tiles, (bundles, count), suppressed, bool(claims)
        )

    def _held(self) -> Head | None:
        """What the folder shows. It was verified when it was written: keys that have gone since don't unsay it."""
        try:
            head = read_head(decode_note((self._folder / "checkpoint").read_bytes()), self._keys)
        except FileNotFoundError:
            return None
        self._showing.resume(set(_partials(head.checkpoint.size)))
        return head

    # -- one history ---------------------------------------------------------------------------------------------------

    def _standing(self, held: Head | None, shown: Head) -> ProvenTree:
        """The tree of the shown head, once it is the one of the held head, or that one grown; and so of the pin's."""
        bases = [head for head in (held, pinned_head(self._pin)) if head is not None]
        for base in bases:
            if base.checkpoint.origin != shown.checkpoint.origin:
                detail = f"{self._folder} holds {base.checkpoint.origin}, the host shows {shown.checkpoint.origin}"
                raise Fault("diverged", "failed", detail, "give each log a folder of its own")
        found: list[ProvenTree] = []

        def larger(base: Head) -> Node:
            if base.checkpoint.size > shown.checkpoint.size:
                return ProvenTree(base.checkpoint, self._fetch, self._kept).node()
            if not found:
                found.append(ProvenTree(shown.checkpoint, self._fetch, self._kept))
            return found[0].node()

        for base in bases:
            try:
                result = compare(base, shown, lambda base=base: larger(base), self._keys)  # type: ignore[misc]  # bound now
            except (Unverified, Malformed, Fault) as err:
                if (
                    base.checkpoint.size > shown.checkpoint.size
                ):  # nobody has the larger tree any more: it was taken back
                    result = Compared(Standing.BEHIND)
                else:
                    self._unproven(base, shown, err)
                    raise
            self._judge(base, shown, result)
        return found[0] if found else ProvenTree(shown.checkpoint, self._fetch, self._kept)

    def _judge(self, base: Head, shown: Head, result: Compared) -> None:
        sizes = f"held: size {base.checkpoint.size}, shown: size {shown.checkpoint.size}"
        if result.standing is Standing.BEHIND:
            kept = keep_heads(self._folder / EVIDENCE, base, shown)
            detail = f"the host shows less than is held; {sizes}; kept: {kept}"
            raise Fault("behind", "failed", detail, "ask again; a host that stays behind was set back, or is stale")
        if result.standing is not Standing.DIVERGED:
            return
        place = self._folder / EVIDENCE
        if result.evidence is None:
            kept = keep_heads(place, base, shown)
            remedy = "your keys don't reach both heads, so nothing convicts yet: keep both, get the keys, tell others"
        else:
            kept = keep_split(place, base, shown, result.evidence)
            remedy = f"the log signed both: holdpoint verify {kept} --pin FILE; send that file to others"
        raise Fault("diverged", "failed", f"another history; {sizes}; kept: {kept}", remedy)

    def _unproven(self, base: Head, shown: Head, err: LedgerError) -> None:
        """Tiles that don't lead to a signed head, or are kept back, convict nobody; both heads stay, for who gets better ones."""
        if not isinstance(err, Fault) or err.code == "tile-missing":  # any other fault says nothing of the log
            keep_heads(self._folder / EVIDENCE, base, shown)

    # -- files ---------------------------------------------------------------------------------------------------------

    def _kept(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def _fetch(self, name: str) -> bytes | None:
        self._tiles += not name.startswith("tile/entries/")
        return self._read(name)

    def _write_tiles(self, tree: ProvenTree, before: int) -> None:
        """From the top down: each parent is proven, and written, before its children."""
        for level in range(len(tree.edge.levels) - 1, -1, -1):
            for n in range(tree.count(level) // WIDTH):
                path = tile_path(level, n)
                if n < (before >> 8 * level) // WIDTH and (self._folder / path).exists():
                    continue
                self._showing.put(path, tree.tile(level, n))
                if level == 0:
                    self._progress(n * WIDTH, tree.size)
            row = tree.edge.levels[level]
            if row:
                self._showing.put(tile_path(level, tree.count(level) // WIDTH, len(row) // HASH), row)

    def _write_bundles(self, tree: ProvenTree) -> tuple[int, int]:
        """Bundles that are not here yet; a log may keep its entries behind a token, and then there are fewer, or none."""
        suppressed = 0
        for n in range(-(-tree.size // WIDTH)):
            path = tile_path(None, n, min(WIDTH, tree.size - n * WIDTH))
            if (self._folder / path).exists():
                continue
            found = tree.bundle(n)
            if found is None:
                break
            raw, entries = found
            suppressed += sum(not entry for entry in entries)
            self._showing.put(path, raw)
            self._progress(n * WIDTH, tree.size)
        return self._there(tree.size), suppressed

    def _there(self, size: int) -> int:
        return sum(
            (self._folder / tile_path(None, n, min(WIDTH, size - n * WIDTH))).exists() for n in range(-(-size // WIDTH))
        )

    def _claims(self, size: int) -> list[File]:
        """The log's claims, where the host has those of this very head; they are checked by `holdpoint verify`."""
        found = [(name, self._read(name)) for name in ("claims.json", "claims.sig")]
        try:
            said = loads_canonical(found[0][1] or b"", max_bytes=len(found[0][1] or b""))
            fits = said["as_of"]["size"] == size
        except (Malformed, KeyError, TypeError):
            return []
        return [(name, raw) for name, raw in found if raw is not None] if fits and found[1][1] is not None else []

    def _has_claims(self) -> bool:
        return (self._folder / "claims.json").exists()


def opened_head(raw: bytes, keys: Sequence[Vkey], pin: Pin | None) -> Head:
    """A head that the log signed, by the caller's keys. Raises `Unverified`, `Malformed`."""
    head = read_head(decode_note(raw), keys)
    if pin is not None and head.checkpoint.origin != pin.origin:
        raise Unverified("checkpoint", "origin", "origin-mismatch")
    if not head.vouched:
        known = "half of the log's key pair" if head.half else "keys that you gave"
        raise Unverified("checkpoint", f"signatures ({known})", "checkpoint-unsigned")
    return head


def pinned_head(pin: Pin | None) -> Head | None:
    """The checkpoint of a trust file."""
    return None if pin is None else read_head(pin.note, pin.vkeys)


def _partials(size: int) -> list[str]:
    """The partial tiles and the partial bundle of a tree."""
    names: list[str] = []
    level, count = 0, size
    while count > 0:
        if count % WIDTH:
            names.append(tile_path(level, count // WIDTH, count % WIDTH))
        level, count = level + 1, count // WIDTH
    return [*names, tile_path(None, size // WIDTH, size % WIDTH)] if size % WIDTH else names
