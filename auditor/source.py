"""Where an auditor's bytes come from: an exported folder, a bundle's zip or folder. The only reading that this room does."""

import os
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from auditor.reader import Read
from disclosures.stored_zip import MAX_BYTES, MAX_FILE, MAX_FILES
from ledger.errors import Malformed

ROOMS = Path(__file__).resolve().parents[1]


def folder_reader(folder: Path) -> Read:
    """A reader of the files below `folder`; no link is followed out of it, no other path is read."""
    root = folder.resolve()

    def read(name: str) -> bytes | None:
        path = (root / name).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            return None
        return path.read_bytes()

    return read


@lru_cache(maxsize=1)
def release() -> str:
    """The digest of the rules and of the verifier in this copy: what another copy has checked is not believed."""
    digest = sha256()
    for room in ("ledger", "policies", "auditor"):
        for path in sorted((ROOMS / room).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def is_bag(folder: Path) -> bool:
    """Whether a folder is a bundle's rather than an export's."""
    return (folder / "bagit.txt").is_file() or (folder / "bundle.json").is_file()


def read_zip(path: Path) -> bytes:
    """A file's bytes; one that is larger than any bundle is not read. Raises `Malformed` `zip-limits`."""
    if path.stat().st_size > MAX_BYTES:
        raise Malformed("bundle", "zip", "zip-limits")
    return path.read_bytes()


def read_bag(folder: Path) -> dict[str, bytes]:
    """Every file below a bundle's folder, by path. Raises `Malformed`: `bag-path` for a link or whatever is no plain file,
    `zip-limits`. Nothing outside the folder is opened: a link is refused, not followed.
    """
    files: dict[str, bytes] = {}
    total, waiting, folders = 0, [folder], 0
    while waiting:
        folders += 1
        for entry in sorted(os.scandir(waiting.pop()), key=lambda e: e.name):
            if entry.is_dir(follow_symlinks=False):
                waiting.append(Path(entry.path))
                continue
            if not entry.is_file(follow_symlinks=False):
                raise Malformed("bundle", "folder", "bag-path")
            size = entry.stat(follow_symlinks=False).st_size
            total += size
            if size > MAX_FILE or total > MAX_BYTES or len(files) >= MAX_FILES or folders > MAX_FILES:
                raise Malformed("bundle", "folder", "zip-limits")
            files[Path(entry.path).relative_to(folder).as_posix()] = Path(entry.path).read_bytes()
    return files
