"""Witnesses of tests: keys that follow from their names, and cosignature lines over any checkpoint (C2SP tlog-cosignature)."""

from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from ledger.checkpoint import read_checkpoint
from ledger.note import (
    ED25519_COSIGNATURE,
    MLDSA44_COSIGNATURE,
    Note,
    NoteSignature,
    Vkey,
    cosigned_message,
    format_note,
)


def _seed(name: str) -> bytes:
    return sha256(f"test-only witness {name}".encode()).digest()


def witness_vkey(name: str, kind: int = ED25519_COSIGNATURE) -> Vkey:
    """The witness's verifier key."""
    if kind == MLDSA44_COSIGNATURE:
        return Vkey(name, kind, mldsa.MLDSA44PrivateKey.from_seed_bytes(_seed(name)).public_key().public_bytes_raw())
    key = ed25519.Ed25519PrivateKey.from_private_bytes(_seed(name))
    return Vkey(name, ED25519_COSIGNATURE, key.public_key().public_bytes_raw())


def cosigned(note: str, *names: str, kind: int = ED25519_COSIGNATURE, at: int = 1_780_000_000) -> str:
    """The note with a cosignature of each of these witnesses."""
    checkpoint, parsed = read_checkpoint(note)
    lines = list(parsed.signatures)
    for name in names:
        vkey = witness_vkey(name, kind)
        if kind == MLDSA44_COSIGNATURE:
            message = cosigned_message(name, at, checkpoint.origin, checkpoint.size, checkpoint.root)
            signature = mldsa.MLDSA44PrivateKey.from_seed_bytes(_seed(name)).sign(message)
        else:
            message = f"cosignature/v1\ntime {at}\n{parsed.text}".encode()
            signature = ed25519.Ed25519PrivateKey.from_private_bytes(_seed(name)).sign(message)
        lines.append(NoteSignature(name, vkey.key_id, at.to_bytes(8, "big") + signature))
    return format_note(Note(parsed.text, tuple(lines)))


def policy(*lines: str, quorum: str = "none", log: Vkey | None = None) -> bytes:
    """A policy file."""
    return "".join(f"{line}\n" for line in (*([f"log {log}"] if log else []), *lines, f"quorum {quorum}")).encode()


def witness_line(name: str, kind: int = ED25519_COSIGNATURE) -> str:
    """A witness by its own name."""
    return f"witness {name.rpartition('/')[2]} {witness_vkey(name, kind)}"
