"""The log's own keys over its life: entry 0 names the first pair, the root's quorum every later one (access.md §4, spec/root.md).

A verifier who holds the digest of entry 0 holds the root keys, and with them every rotation that a replay admitted: a pin from
before any number of rotations is enough, and a thief of the log's keys alone can make none (T42).
"""

from collections.abc import Sequence
from typing import TypeAlias

from ledger.checkpoint import Checkpoint, open_checkpoint, read_checkpoint
from ledger.errors import Unverified
from ledger.note import Vkey, parse_vkey, verified_keys

History: TypeAlias = Sequence[tuple[int, Sequence[str], int | None]]
"""`meta.vkeys_history` of a replayed state: (first size that they sign, verifier keys as text, `last_good_size`), ascending."""


def vkeys_at(history: History, size: int) -> tuple[Vkey, ...]:
    """The keys that sign a checkpoint of `size` entries: two, or four in an overlap. Raises `Unverified` `log-keys` for none."""
    found: tuple[Vkey, ...] = ()
    for since, vkeys, _ in history:
        if since <= size:
            found = tuple(parse_vkey(v) for v in vkeys)
    if not found:
        raise Unverified("checkpoint", "log keys", "log-keys")
    return found


def open_by_all(note: str, vkeys: Sequence[Vkey]) -> Checkpoint:
    """The checkpoint, once *each* of the log's keys in force has signed it: of two pairs, a half of each is not enough.

    Raises `Unverified` (`checkpoint-unsigned`, `note-signature-invalid`), `Malformed`.
    """
    checkpoint = open_checkpoint(note, vkeys)
    _, parsed = read_checkpoint(note)
    missing = set(vkeys) - set(verified_keys(parsed, vkeys, checkpoint))
    if missing:
        ids = ", ".join(sorted(v.key_id.hex() for v in missing))
        raise Unverified("checkpoint", f"signature of log key {ids}", "checkpoint-unsigned")
    return checkpoint
