"""Witnesses of tests: keys that follow from their names, cosignatures over any checkpoint, and lines of a policy."""

from functools import lru_cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from ledger.checkpoint import read_checkpoint
from ledger.cosigner import Cosigner
from ledger.note import ED25519_COSIGNATURE, Note, Vkey, format_note


@lru_cache(maxsize=64)
def cosigner(name: str) -> Cosigner:
    """A witness that anybody can make: its seed is a hash of its name."""
    seed = sha256(f"test-only witness {name}".encode()).digest()
    quantum = mldsa.MLDSA44PrivateKey.from_seed_bytes(seed)
    return Cosigner(name, ed25519.Ed25519PrivateKey.from_private_bytes(seed), quantum)


def witness_vkey(name: str, kind: int = ED25519_COSIGNATURE) -> Vkey:
    """The witness's verifier key of a type."""
    return next(v for v in cosigner(name).vkeys if v.kind == kind)


def cosigned(note: str, *names: str, kind: int = ED25519_COSIGNATURE, at: int = 1_780_000_000) -> str:
    """The note with a cosignature of each of these witnesses, by its key of that type."""
    checkpoint, parsed = read_checkpoint(note)
    lines = list(parsed.signatures)
    for name in names:
        made = zip(cosigner(name).vkeys, cosigner(name).cosign(parsed.text, checkpoint, at), strict=True)
        lines += [line for vkey, line in made if vkey.kind == kind]
    return format_note(Note(parsed.text, tuple(lines)))


def policy(*lines: str, quorum: str = "none", log: Vkey | None = None) -> bytes:
    """A policy file."""
    return "".join(f"{line}\n" for line in (*([f"log {log}"] if log else []), *lines, f"quorum {quorum}")).encode()


def witness_line(name: str, kind: int = ED25519_COSIGNATURE) -> str:
    """A witness by its own name."""
    return f"witness {name.rpartition('/')[2]} {witness_vkey(name, kind)}"
