"""The anchor: the last committed head, in a file outside the database, synced before anything is signed (log.md §2.5).

Two preallocated slots of 1,024 bytes, each with its own checksum; the older one is overwritten, then one `fdatasync`.
A torn write destroys at most the slot being written, so the head before it survives. It only ever moves upward.

Trust: whoever can write this file can hide a truncation from *this* service; keep a copy of it, or a pin, elsewhere.
"""

import fcntl
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ledger.errors import Fault, LedgerError
from ledger.strict import parse_hex, parse_origin, parse_uint

SLOT = 1024
MAGIC = "holdpoint-anchor/1"


@dataclass(frozen=True, slots=True)
class AnchoredHead:
    """Origin, tree size and root (32 bytes) as anchored."""

    origin: str
    size: int
    root: bytes


def format_slot(sequence: int, head: AnchoredHead) -> bytes:
    """One slot: five lines, their SHA-256 in hex, zero padding."""
    text = f"{MAGIC}\n{sequence}\n{head.origin}\n{head.size}\n{head.root.hex()}\n"
    return (text + sha256(text.encode()).hexdigest() + "\n").encode().ljust(SLOT, b"\0")


def parse_slot(raw: bytes) -> tuple[int, AnchoredHead] | None:
    """The slot's sequence number and head, or `None` for a torn or empty slot."""
    lines = raw.rstrip(b"\0").split(b"\n")
    if len(lines) != 7 or lines[6] or lines[0] != MAGIC.encode():  # five lines, checksum, end
        return None
    body = b"\n".join(lines[:5]) + b"\n"
    if sha256(body).hexdigest().encode() != lines[5]:
        return None
    try:
        sequence, size = parse_uint(lines[1].decode()), parse_uint(lines[3].decode())
        origin, root = parse_origin(lines[2].decode()), bytes.fromhex(parse_hex(lines[4].decode(), 32))
    except (LedgerError, UnicodeDecodeError):
        return None
    head = AnchoredHead(origin, size, root)
    return (sequence, head) if format_slot(sequence, head) == raw else None


class Anchor:
    """An open, locked anchor file. Raises `Fault`: `anchor-in-use`, `anchor-torn`, `anchor-ahead`, `anchor-unwritable`."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0)
        try:
            self._file = os.open(path, flags, 0o600)
        except OSError as err:
            remedy = "bring it back, or holdpoint anchor --from-pin FILE (docs/how-to/refusals/anchor-missing.md)"
            raise Fault("anchor-missing", "failed", f"cannot open {path.name}: {err.strerror}", remedy) from err
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            os.close(self._file)
            raise Fault("anchor-in-use", "failed", "another appender holds this anchor", "stop it first") from err
        if os.fstat(self._file).st_size < 2 * SLOT:
            os.posix_fallocate(self._file, 0, 2 * SLOT)
            os.fsync(self._file)
            folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)  # or a power cut takes the file's name away again
            finally:
                os.close(folder)
        slots = [parse_slot(os.pread(self._file, SLOT, n * SLOT)) for n in (0, 1)]
        written = [s for s in slots if s is not None]
        self.head: AnchoredHead | None = None
        self._sequence = 0
        if written:
            self._sequence, self.head = max(written, key=lambda s: s[0])
        elif any(os.pread(self._file, 2 * SLOT, 0)):
            os.close(self._file)
            raise Fault("anchor-torn", "failed", "neither slot of the anchor is readable", "restore it from a copy")

    def raise_to(self, head: AnchoredHead) -> None:
        """Anchor `head` durably. Never downward, and never another root for the same size."""
        now = self.head
        if now is not None and (head.origin != now.origin or head.size < now.size):
            raise Fault("anchor-ahead", "failed", f"anchored size {now.size}, asked {head.size}", "see DIVERGED")
        if now is not None and head.size == now.size:
            if head.root != now.root:
                raise Fault("anchor-ahead", "failed", f"two roots for size {head.size}", "see DIVERGED")
            return
        raw = format_slot(self._sequence + 1, head)
        try:
            written = os.pwrite(self._file, raw, ((self._sequence + 1) % 2) * SLOT)
            if written != SLOT:
                raise Fault("anchor-unwritable", "unknown", "short write", "free space on the anchor's disk")
            os.fdatasync(self._file)
        except OSError as err:
            # Never retry a failed sync: the pages may be gone and a second call would report success.
            raise Fault("anchor-unwritable", "unknown", f"{err.strerror}", "check the anchor's disk, restart") from err
        self._sequence += 1
        self.head = head

    def close(self) -> None:
        """Release the lock."""
        os.close(self._file)
