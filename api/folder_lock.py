"""One process at a time on a folder: a witness's, a monitor's, a mirror's."""

import fcntl
import os
from pathlib import Path

from ledger.errors import Fault


def lock_folder(folder: Path, detail: str, remedy: str, name: str = "lock") -> int:
    """Lock a folder by its file `name`, made if absent; closing the descriptor gives it back. Raises `Fault` `folder-in-use`."""
    lock = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as err:
        os.close(lock)
        raise Fault("folder-in-use", "failed", detail, remedy) from err
    return lock
