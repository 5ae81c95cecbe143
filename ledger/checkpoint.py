"""C2SP tlog-checkpoint: origin, size, base64 root; no extension lines ever, size ≥ 1 (formats.md §5).

Signed by the log with Ed25519 (0x01) *and* ML-DSA-44 (0x06). Only a tree that is committed and anchored is ever signed.
Normative text: spec/checkpoint.md.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.errors import Fault, Malformed, Unverified
from ledger.note import (
    ED25519,
    MAX_NAME,
    MLDSA44_COSIGNATURE,
    CheckpointSigner,
    Note,
    Vkey,
    format_note,
    parse_note,
    verified_keys,
)
from ledger.strict import format_base64, parse_base64, parse_uint
from ledger.tree import HASH

_ORIGIN = re.compile(r"[^\x00-\x1f\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: the log's origin line, number of leaves, root hash (32 bytes)."""

    origin: str
    size: int
    root: bytes


def format_checkpoint(checkpoint: Checkpoint) -> str:
    """The checkpoint's text."""
    return f"{checkpoint.origin}\n{checkpoint.size}\n{format_base64(checkpoint.root)}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a checkpoint's text: three lines. An origin may hold spaces; it is some log's, not necessarily ours.

    Raises `Malformed`: a fourth line (`checkpoint-lines`), size 0 or a root of another length (`checkpoint-head`), …
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise Malformed("checkpoint", "text", "checkpoint-lines")
    origin = lines[0]
    if _ORIGIN.fullmatch(origin) is None or len(origin.encode()) > MAX_NAME:
        raise Malformed("checkpoint", "origin", "checkpoint-origin")
    size = parse_uint(lines[1], bits=63)
    root = parse_base64(lines[2])
    if size < 1 or len(root) != HASH:
        raise Malformed("checkpoint", "root", "checkpoint-head")
    return Checkpoint(origin, size, root)


def sign_checkpoint(
    checkpoint: Checkpoint, log: CheckpointSigner, timestamp: int, *overlapping: CheckpointSigner
) -> str:
    """The signed note, with both of the log's signatures; during an overlap of keys, with those of each pair.

    `timestamp` in whole seconds, never 0. What a signer returns is verified before anybody sees it. Raises `Malformed`
    for what no reader would accept, `Fault` `log-key-unavailable` for signatures that do not hold.
    """
    text = format_checkpoint(checkpoint)
    if parse_checkpoint(text) != checkpoint:
        raise Malformed("checkpoint", "text", "checkpoint-lines")
    signers = (log, *overlapping)
    vkeys = tuple(vkey for signer in signers for vkey in signer.vkeys)
    if any(vkey.name != checkpoint.origin for vkey in vkeys):
        raise Malformed("checkpoint", "origin", "origin-mismatch")
    note = Note(text, tuple(line for signer in signers for line in signer.sign(text, checkpoint, timestamp)))
    try:
        held = verified_keys(note, vkeys, checkpoint)
    except Unverified:
        held = ()
    if held != vkeys or len(note.signatures) != len(vkeys):
        raise Fault("log-key-unavailable", "failed", "a log signature does not verify", "replace the signer")
    return format_note(note)


def read_checkpoint(note: str) -> tuple[Checkpoint, Note]:
    """What a note claims, unverified."""
    parsed = parse_note(note)
    return parse_checkpoint(parsed.text), parsed


def list_verified(note: str, vkeys: Sequence[Vkey]) -> tuple[Vkey, ...]:
    """Which of the given log and witness keys signed this checkpoint. Raises `Unverified`, `Malformed`."""
    checkpoint, parsed = read_checkpoint(note)
    return verified_keys(parsed, vkeys, checkpoint)


def open_checkpoint(note: str, vkeys: Sequence[Vkey]) -> Checkpoint:
    """The checkpoint, once an Ed25519 *and* an ML-DSA-44 key of the log, named by its origin, have verified.

    Raises `Unverified` (`checkpoint-unsigned`, its place names the missing one; `note-signature-invalid`), `Malformed`.
    """
    checkpoint, parsed = read_checkpoint(note)
    held = {v.kind for v in verified_keys(parsed, vkeys, checkpoint) if v.name == checkpoint.origin}
    for kind, name in ((ED25519, "Ed25519"), (MLDSA44_COSIGNATURE, "ML-DSA-44")):
        if kind not in held:
            raise Unverified("checkpoint", f"{name} signature", "checkpoint-unsigned")
    return checkpoint
