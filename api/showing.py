"""A folder that shows a log: files written once, a head that moves in one rename, partial tiles cleared up (ADR 0009).

Shared by whoever writes such folders, the keeper's export and a stranger's mirror. What stands there is never replaced: it may
have been cached for ever.
"""

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from api.handing_over import write_synced
from ledger.errors import Fault

File = tuple[str, bytes]
TOGETHER = ("claims.json", "claims.sig", "checkpoint")


def sync_folder(folder: Path) -> None:
    """Make renames below `folder` durable."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


class Showing:
    """The folder. `keep` the head before the newest, and its partial tiles, for readers who are in the middle of it."""

    def __init__(self, folder: Path, *, keep: bool = False) -> None:
        self._folder, self._keep = folder, keep
        self._kept: set[str] = set()
        self._there: set[str] | None = None
        self._touched: set[Path] = set()

    def resume(self, partial: set[str]) -> None:
        """`partial` tiles belong to the head that is shown now."""
        self._kept = partial if self._keep else set()

    def forget(self) -> None:
        """After an error: look anew at what is there."""
        self._there = None

    def put(
        self,
        name: str,
        content: bytes,
        may_replace: Callable[[str, bytes, bytes], bool] = lambda _name, _old, _new: False,
    ) -> None:
        """Write a file, or find it there. What stands there with other bytes is not replaced, but where `may_replace` says so."""
        path = self._folder / name
        try:
            found = path.read_bytes()
        except FileNotFoundError:
            write_synced(path, content)
            self._touched.update(p for p in (path.parent, *path.parent.parents) if p.is_relative_to(self._folder))
            return
        if found == content:
            return
        if not may_replace(name, found, content):
            detail = f"{name} stands there already, with other bytes"
            raise Fault(
                "export-conflict", "failed", detail, "find who changed it; remove the file to have it written again"
            )
        write_synced(path, content)

    def show(self, size: int, files: list[File]) -> None:
        """Claims, if there are any, and checkpoint, once what was put is durable. Into an empty folder as plain files, the
        checkpoint last; else all in one rename.
        """
        for folder in sorted(self._touched, key=lambda p: len(p.parts), reverse=True):
            sync_folder(folder)
        self._touched = set()
        if not (self._folder / "checkpoint").exists():
            for name, content in files:
                write_synced(self._folder / name, content)
            sync_folder(self._folder)
            return
        if not all((self._folder / name).is_symlink() for name in TOGETHER):
            self._adopt()
        self._switch(f"{size}-{sha256(files[-1][1]).hexdigest()[:12]}", files)

    def _adopt(self) -> None:
        """The plain files of a first export become the first head; at each step the same three files are read."""
        old = [(name, (self._folder / name).read_bytes()) for name in TOGETHER if (self._folder / name).exists()]
        self._switch("first", old)
        for name in TOGETHER:
            self._link(self._folder / name, Path("current") / name)
        sync_folder(self._folder)

    def _switch(self, head: str, files: list[File]) -> None:
        place = self._folder / "heads" / head
        for name, content in files:
            write_synced(place / name, content)
        for folder in (place, place.parent, self._folder):
            sync_folder(folder)
        self._link(self._folder / "current", Path("heads") / head)
        sync_folder(self._folder)

    @staticmethod
    def _link(path: Path, target: Path) -> None:
        fresh = path.with_name(path.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target)
        fresh.rename(path)

    def prune(self, partial: set[str]) -> None:
        """Remove partial tiles that a wider one has replaced, and heads before the last. A crash leaves some: harmless."""
        keep = partial | self._kept
        if self._there is None:
            self._there = {str(p.relative_to(self._folder)) for p in self._folder.glob("tile/**/*.p/*")}
        for name in sorted(self._there - keep):
            path = self._folder / name
            path.unlink(missing_ok=True)
            if not any(path.parent.iterdir()):
                path.parent.rmdir()
        self._there = keep
        shown = (self._folder / "current").resolve()
        others = [p for p in (self._folder / "heads").glob("*") if p.resolve() != shown]
        others.sort(key=lambda p: p.stat().st_mtime_ns)
        for head in others[:-1] if self._keep else others:
            for name in (*TOGETHER, *(f"{n}.new" for n in TOGETHER)):
                (head / name).unlink(missing_ok=True)
            head.rmdir()
        self._kept = partial if self._keep else set()
