"""Where an auditor's bytes come from: the files of an exported folder. The only reading that this room does."""

from pathlib import Path

from auditor.verify import Read


def folder_reader(folder: Path) -> Read:
    """A reader of the files below `folder`; no link is followed out of it, no other path is read."""
    root = folder.resolve()

    def read(name: str) -> bytes | None:
        path = (root / name).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            return None
        return path.read_bytes()

    return read
