"""Where a mirror or a monitor keeps what it found against a log: files named by what they hold, never replaced, never removed."""

from hashlib import sha256
from pathlib import Path
from typing import Final

from api.handing_over import write_synced
from auditor.heads import Head
from ledger.note import format_note

MOST: Final = 100
"""Files of a kind: a host that shows something else at every look fills no disk, and the first of them say enough."""


def keep_split(folder: Path, held: Head, shown: Head, evidence: bytes) -> Path:
    """A file that convicts alone: `holdpoint verify` reads it anywhere."""
    small, large = sorted(h.checkpoint.size for h in (held, shown))
    path = folder / f"{small}-{large}-{sha256(evidence).hexdigest()[:12]}.split.json"
    if path.exists():
        return path
    held_already = sorted(folder.glob("*.split.json"))
    if len(held_already) >= MOST:
        return held_already[0]
    write_synced(path, evidence)
    return path


def keep_heads(folder: Path, held: Head, shown: Head) -> Path:
    """Two heads that don't fit together, where nothing that was shown proves it yet; returns the folder of both."""
    notes = {name: format_note(head.note).encode() for name, head in (("held", held), ("shown", shown))}
    digest = sha256(b"".join(notes.values())).hexdigest()[:12]
    place = folder / f"{held.checkpoint.size}-{shown.checkpoint.size}-{digest}"
    if not place.exists() and len(list(folder.glob("*/held.checkpoint"))) >= MOST:
        return folder
    for name, note in notes.items():
        if not (place / f"{name}.checkpoint").exists():
            write_synced(place / f"{name}.checkpoint", note)
    return place
