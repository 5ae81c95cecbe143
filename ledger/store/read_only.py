"""Standing still: the head is behind the anchor after a restore or a failover (log.md §4, faults.md F14, F20, T41).

Nothing is signed then: a tree of a size that was signed before is never signed again, since it may be another one. What was
signed and kept still stands, so reads go on under the newest stored note that fits the stored entries.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from ledger.checkpoint import open_checkpoint
from ledger.errors import LedgerError
from ledger.note import Vkey
from ledger.store.anchor import AnchoredHead
from ledger.store.desk import Desk
from ledger.store.folding import root_at
from ledger.store.position import Position
from ledger.store.rows import Head

NOTES = "SELECT size, text FROM holdpoint.note WHERE size <= %s ORDER BY size DESC LIMIT 8"


def kept_note(desk: Desk, position: Position, vkeys: Sequence[Vkey]) -> tuple[int, str]:
    """The newest stored note of the log's own keys that fits the stored tree, or (0, "")."""
    for at, text in desk.query(NOTES, (position.size,)):
        try:
            checkpoint = open_checkpoint(text, vkeys)
        except LedgerError:
            continue  # a note that does not verify is none; fsck names it
        if (checkpoint.origin, checkpoint.size) == (position.origin, at) and checkpoint.root == root_at(desk, at):
            return at, text
    return 0, ""


def write_evidence(folder: Path, anchored: AnchoredHead, head: Head) -> Path:
    """Keep what contradicts what, beside the anchor: a restore must not wash it away. Never overwrites."""
    path = folder / f"diverged-{anchored.size}-{head.size}.json"
    value = {
        "schema": "holdpoint.diverged/1",
        "origin": anchored.origin,
        "anchored": {"size": anchored.size, "root": anchored.root.hex()},
        "stored": {"size": head.size, "root": head.root.hex()},
    }
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError:  # there already, or a disk that takes nothing: the refusal itself does not depend on it
        return path
    with os.fdopen(file, "w") as stream:
        stream.write(json.dumps(value, indent=1, sort_keys=True) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    return path
