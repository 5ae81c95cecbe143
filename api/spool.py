"""The spool: a signed statement lies on disk before it is sent, and until its receipt is here (interface.md §5).

A crash, a lost connection or a time-out then costs nothing: the same bytes are sent again under the same event id, and the
ledger answers with the first receipt. A full or unwritable spool is an error of the run, before anything was sent.
"""

from pathlib import Path

from api.handing_over import write_synced
from ledger.errors import Fault


class Spool:
    """Files `NAME.json` of one folder, each a normalised envelope, mode 0600."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """Where the statement of that name waits."""
        return self.folder / f"{name}.json"

    def keep(self, name: str, envelope: bytes) -> Path:
        """Write a statement, synced. Raises `Fault` `spool-unwritable`."""
        path = self.path(name)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_synced(path, envelope, mode=0o600)
        except OSError as err:
            detail = f"{path}: {err.strerror}; nothing was sent"
            raise Fault("spool-unwritable", "failed", detail, "free space, or mend the folder's rights") from err
        return path

    def drop(self, name: str) -> None:
        """Forget a statement: its receipt is kept, or the ledger refused it."""
        self.path(name).unlink(missing_ok=True)

    def waiting(self) -> list[Path]:
        """Statements that no receipt answered yet."""
        return sorted(self.folder.glob("*.json"))
