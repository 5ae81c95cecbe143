"""Who stands behind a checkpoint, of the keys that a reader brings: the log itself, or witnesses that he trusts.

A log with an Ed25519 and an ML-DSA-44 key signs with both. One alone of a pair is not the log's word: whoever broke or stole the
one could speak for it. Keys pair up in the order in which they are given, the n-th Ed25519 key with the n-th ML-DSA-44 key, as in
entry 0, `log.rotated` and a pin; so two halves of two pairs are no pair.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.note import (
    ED25519,
    ED25519_COSIGNATURE,
    MLDSA44_COSIGNATURE,
    Note,
    NoteSignature,
    Vkey,
    cosigned_at,
    parse_note,
    verified_keys,
)

SIGNATURE_BYTES = {64: ED25519, 8 + 2420: MLDSA44_COSIGNATURE}


@dataclass(frozen=True, slots=True)
class Head:
    """A checkpoint and what its lines amount to under the reader's keys.

    `signers`: the log's keys that make it the log's word, empty where there are none. `half`: log keys whose other half is
    missing. `cosigners`: witnesses' keys. `strangers`: lines under the origin's name by keys that the reader does not know.
    `known`: whether the reader brought any key of the log.
    """

    checkpoint: Checkpoint
    note: Note
    signers: tuple[Vkey, ...]
    half: tuple[Vkey, ...]
    cosigners: tuple[Vkey, ...]
    strangers: tuple[NoteSignature, ...]
    known: bool

    @property
    def vouched(self) -> tuple[Vkey, ...]:
        """The keys by which the reader may take it: the log's own; witnesses' only where he knows no key of the log."""
        return self.signers or (() if self.known else self.cosigners)

    @property
    def signed_at(self) -> int | None:
        """The newest second since 1970 that the log itself signed over this head, where its keys sign a time."""
        times = [
            cosigned_at(vkey, line.signature)
            for vkey in self.signers
            for line in self.note.signatures
            if vkey.kind == MLDSA44_COSIGNATURE and (vkey.name, vkey.key_id) == (line.name, line.key_id)
        ]
        return max(times, default=None)


def log_keys(keys: Sequence[Vkey], origin: str) -> tuple[Vkey, ...]:
    """Those of `keys` by which the log of this origin may be known: the ones named by it.

    Some logs (the Go checksum database) sign under another name. Their key counts where the reader gave the keys of one log
    alone: else whoever holds the key of one of his logs could speak for another.
    """
    logs = tuple(k for k in keys if k.kind == ED25519 or (k.kind == MLDSA44_COSIGNATURE and k.name == origin))
    own = tuple(k for k in logs if k.name == origin)
    return own or (logs if len({k.name for k in logs}) == 1 else ())


def pairs_of(keys: Sequence[Vkey]) -> tuple[tuple[Vkey, ...], ...]:
    """The keys of one log as it signs with them: pairs, or single Ed25519 keys where it has no ML-DSA-44 key at all."""
    classic = [k for k in keys if k.kind == ED25519]
    quantum = [k for k in keys if k.kind == MLDSA44_COSIGNATURE]
    if not quantum:
        return tuple((k,) for k in classic)
    return tuple(zip(classic, quantum, strict=False))


def read_head(note: str, keys: Sequence[Vkey]) -> Head:
    """Read a signed checkpoint. Raises `Malformed`, `Unverified` `note-signature-invalid`; unsigned is no error here."""
    parsed = parse_note(note)
    checkpoint = parse_checkpoint(parsed.text)
    logs = log_keys(keys, checkpoint.origin)
    held = verified_keys(parsed, keys, checkpoint)
    whole = [pair for pair in pairs_of(logs) if set(pair) <= set(held)]
    signers = tuple(k for pair in whole for k in pair)
    half = tuple(k for k in held if k in logs and k not in signers)
    witnesses = tuple(
        k
        for k in held
        if k.kind == ED25519_COSIGNATURE or (k.kind == MLDSA44_COSIGNATURE and k.name != checkpoint.origin)
    )
    known = {(k.name, k.key_id) for k in keys}
    names = {checkpoint.origin, *(k.name for k in logs)}
    strangers = tuple(s for s in parsed.signatures if s.name in names and (s.name, s.key_id) not in known)
    return Head(checkpoint, parsed, signers, half, witnesses, strangers, bool(logs))


def kept_lines(head: Head) -> Note:
    """The note with the lines that the reader's keys verified alone: what is handed on says nothing that nobody checked."""
    keys = {(k.name, k.key_id) for k in (*head.signers, *head.half, *head.cosigners)}
    return Note(head.note.text, tuple(s for s in head.note.signatures if (s.name, s.key_id) in keys))
