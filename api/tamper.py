"""Tampering on purpose, on what a reader sees of an export or on a copy of it: to show that verification finds it."""

import shutil
from pathlib import Path

from auditor.reader import Read
from auditor.source import folder_reader
from ledger.checkpoint import read_checkpoint
from ledger.errors import Fault
from ledger.tile import WIDTH, format_bundle, parse_bundle, tile_path


def _bundle_path(read: Read) -> tuple[str, int]:
    raw = read("checkpoint") or b""
    size = read_checkpoint(raw.decode())[0].size
    width = min(WIDTH, size)
    return tile_path(None, 0, width), width


def _replaced(read: Read, name: str, content: bytes) -> Read:
    return lambda path: content if path == name else read(path)


def flip_byte(folder: Path, at: int | None = None) -> Read:
    """One bit of the first bundle flipped, in the middle or at byte `at`."""
    read = folder_reader(folder)
    name, _ = _bundle_path(read)
    raw = bytearray(read(name) or b"")
    raw[len(raw) // 2 if at is None else at] ^= 1
    return _replaced(read, name, bytes(raw))


def swap_rows(folder: Path) -> Read:
    """The last two entries of the first bundle swapped."""
    read = folder_reader(folder)
    name, width = _bundle_path(read)
    entries = parse_bundle(read(name) or b"", width)
    entries[-1], entries[-2] = entries[-2], entries[-1]
    return _replaced(read, name, format_bundle(entries))


KINDS = ("byte", "swap", "tail")


def tampered_copy(data: Path, kind: str) -> Path:
    """A tampered copy of a demo's export, beside it; the export itself is left alone. Raises `Fault` `export-missing`.

    A cut tail is no forgery of bytes: it is what the lab honestly exported earlier, shown again as if nothing had followed.
    """
    export, earlier, target = data / "export", data / "export-earlier", data / f"tampered-{kind}"
    source = earlier if kind == "tail" else export
    if not (source / "checkpoint").is_file():
        raise Fault("export-missing", "failed", f"no demo's export in {data}", f"holdpoint demo --data {data}")
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    if kind != "tail":
        bent = flip_byte(export) if kind == "byte" else swap_rows(export)
        name, _ = _bundle_path(folder_reader(export))
        (target / name).write_bytes(bent(name) or b"")
    return target
