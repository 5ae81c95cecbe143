"""C2SP tlog-checkpoint: origin, size, base64 root; no extension lines ever, size ≥ 1 (formats.md §5).

Signed by the log with Ed25519 (0x01) *and* ML-DSA-44 (0x06). Only a tree that is committed and anchored is ever signed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.errors import Malformed, Unverified
from ledger.note import (
    ED25519,
    MLDSA44_COSIGNATURE,
    LogSigner,
    Note,
    Vkey,
    format_note,
    parse_note,
    verified_keys,
)
from ledger.strict import format_base64, parse_base64, parse_uint
from ledger.tree import HASH


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
    """Read a checkpoint's text: three lines. An origin may hold spaces; it is some log's, not necessarily ours."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise Malformed("checkpoint", "text", "checkpoint-lines")
    size = parse_uint(lines[1], bits=63)
    root = parse_base64(lines[2])
    if size < 1 or len(root) != HASH:
        raise Malformed("checkpoint", "root", "checkpoint-head")
    return Checkpoint(lines[0], size, root)


def sign_checkpoint(checkpoint: Checkpoint, log: LogSigner, timestamp: int) -> str:
    """The signed note, with both of the log's signatures. `timestamp` in seconds, never 0."""
    text = format_checkpoint(checkpoint)
    parse_checkpoint(text)
    return format_note(Note(text, log.sign(text, checkpoint, timestamp)))


def read_checkpoint(note: str) -> tuple[Checkpoint, Note]:
    """What a note claims, unverified."""
    parsed = parse_note(note)
    return parse_checkpoint(parsed.text), parsed


def open_checkpoint(note: str, vkeys: Sequence[Vkey]) -> Checkpoint:
    """The checkpoint, once an Ed25519 *and* an ML-DSA-44 key of the log have verified. Raises `Unverified`, `Malformed`."""
    checkpoint, parsed = read_checkpoint(note)
    held = {v.kind for v in verified_keys(parsed, vkeys, checkpoint) if v.name == checkpoint.origin}
    for kind, name in ((ED25519, "Ed25519"), (MLDSA44_COSIGNATURE, "ML-DSA-44")):
        if kind not in held:
            raise Unverified("checkpoint", f"{name} signature", "checkpoint-unsigned")
    return checkpoint
