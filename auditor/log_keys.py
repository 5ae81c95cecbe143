"""The log's own keys over its life: entry 0 names the first pair, the root's quorum every later one (access.md §4, spec/root.md).

A verifier who holds the digest of entry 0 holds the root keys, and with them every rotation that a replay admitted: a pin from
before any number of rotations is enough, and a thief of the log's keys alone can make none (T42).
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from ledger.checkpoint import Checkpoint, open_checkpoint, read_checkpoint
from ledger.errors import LedgerError, Unverified
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


def discounted(history: History, size: int) -> int | None:
    """The last good size of a compromise that keys in force at `size` fell to, where it lies below; else `None`.

    A checkpoint of such a size could have been signed by the thief. It counts for whoever pinned it, or had it witnessed,
    before he knew (spec/checkpoint.md); for anybody else it says nothing.
    """
    later = [good for since, _, good in history if good is not None and good < size < since]
    return min(later, default=None)


def check_bridge(note: str, history: History, root_at: Callable[[int], bytes]) -> int:
    """The size of a bridge: the last good size of a compromise, signed again by keys that the root named then or since.

    Raises `Unverified`: `bridge-size`, `bridge-differs` (another root at that size: a second history), the signatures' own.
    """
    claimed, _ = read_checkpoint(note)
    at = next((n for n, (_, _, good) in enumerate(history) if good == claimed.size), None)
    if at is None:
        raise Unverified("checkpoint", f"bridge of size {claimed.size}", "bridge-size")
    failed: LedgerError | None = None
    for _, vkeys, _ in history[at:]:
        try:
            found = open_by_all(note, [parse_vkey(v) for v in vkeys])
        except LedgerError as err:
            failed = failed or err
            continue
        if root_at(found.size) != found.root:
            raise Unverified("checkpoint", f"bridge of size {found.size}", "bridge-differs")
        return found.size
    raise failed or Unverified("checkpoint", "bridge", "checkpoint-unsigned")


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
