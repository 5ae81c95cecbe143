"""C2SP signed notes and verifier keys: type 0x01 Ed25519, 0x04 Ed25519 cosignature, 0x06 ML-DSA-44 cosignature.

A note is a text that ends in a newline, an empty line, and signature lines `— name base64(key id ‖ signature)`. Signatures of
unknown keys are ignored, never refused; a signature of a known key that does not verify refuses the note.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from ledger.errors import Fault, Malformed, Unverified
from ledger.strict import format_base64, parse_base64, parse_hex
from ledger.weak import is_sound

ED25519, ED25519_COSIGNATURE, MLDSA44_COSIGNATURE = 0x01, 0x04, 0x06
_LENGTHS = {ED25519: 32, ED25519_COSIGNATURE: 32, MLDSA44_COSIGNATURE: 1312}
_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]{1,255}")
MAX_SIGNATURES = 100
MAX_NOTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Vkey:
    """A verifier key: name, type and raw public key."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """First four bytes of SHA-256(name ‖ newline ‖ type ‖ public key)."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{format_base64(bytes([self.kind]) + self.public)}"


def parse_vkey(text: str) -> Vkey:
    """Read `name+hash+base64`; split on the first two plus signs only, since base64 has its own."""
    parts = text.split("+", 2)
    if len(parts) != 3 or _NAME.fullmatch(parts[0]) is None:
        raise Malformed("vkey", "text", "vkey-form")
    raw = parse_base64(parts[2])
    if len(raw) < 2:
        raise Malformed("vkey", "key", "vkey-form")
    vkey = Vkey(parts[0], raw[0], raw[1:])
    if _LENGTHS.get(vkey.kind) != len(vkey.public):
        raise Malformed("vkey", "key", "vkey-type")
    if vkey.kind != MLDSA44_COSIGNATURE and not is_sound(vkey.public):
        raise Malformed("vkey", "key", "key-weak")
    if parse_hex(parts[1], 4) != vkey.key_id.hex():
        raise Malformed("vkey", "hash", "vkey-hash")
    return vkey


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: key name, four bytes of key id, signature bytes."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signatures; nothing here is verified yet."""

    text: str
    signatures: tuple[NoteSignature, ...]


def _bad(place: str, rule: str) -> Malformed:
    return Malformed("note", place, rule)


def parse_note(note: str) -> Note:
    """Read a note. Exactly what `format_note` writes."""
    if len(note) > MAX_NOTE or any((ord(c) < 32 and c != "\n") or c == "\x7f" for c in note):
        raise _bad("text", "note-control")
    cut = note.rfind("\n\n")
    if cut < 0 or not note.endswith("\n"):
        raise _bad("text", "note-form")
    text, lines = note[: cut + 1], note[cut + 2 :].split("\n")
    if lines.pop() or not lines or len(lines) > MAX_SIGNATURES:
        raise _bad("signatures", "note-form")
    signatures = []
    for line in lines:
        name, space, encoded = line.removeprefix("\u2014 ").partition(" ")
        if not line.startswith("\u2014 ") or not space or _NAME.fullmatch(name) is None:
            raise _bad("signatures", "note-signature")
        raw = parse_base64(encoded)
        if len(raw) < 5:
            raise _bad("signatures", "note-signature")
        signatures.append(NoteSignature(name, raw[:4], raw[4:]))
    parsed = Note(text, tuple(signatures))
    if format_note(parsed) != note:
        raise _bad("text", "note-form")
    return parsed


def format_note(note: Note) -> str:
    """The note as text."""
    lines = [f"\u2014 {s.name} {format_base64(s.key_id + s.signature)}\n" for s in note.signatures]
    return f"{note.text}\n{''.join(lines)}"


def cosigned_message(name: str, timestamp: int, origin: str, size: int, root: bytes) -> bytes:
    """The `cosigned_message` of C2SP tlog-cosignature for a checkpoint: what ML-DSA-44 signs."""
    who, log = name.encode(), origin.encode()
    return b"".join(
        (
            b"subtree/v1\n\0",
            bytes([len(who)]), who,
            timestamp.to_bytes(8, "big"),
            bytes([len(log)]), log,
            (0).to_bytes(8, "big"), size.to_bytes(8, "big"),
            root,
        )
    )  # fmt: skip


class TreeHead(Protocol):
    """What a cosignature is over."""

    @property
    def origin(self) -> str:
        """The log's origin line."""
        ...

    @property
    def size(self) -> int:
        """Tree size."""
        ...

    @property
    def root(self) -> bytes:
        """Root hash."""
        ...


def verify_line(vkey: Vkey, text: str, head: TreeHead | None, signature: bytes) -> bool:
    """Whether a signature line of `vkey` verifies over the note's text (and, for 0x06, over its tree head)."""
    try:
        if vkey.kind == ED25519:
            ed25519.Ed25519PublicKey.from_public_bytes(vkey.public).verify(signature, text.encode())
            return True
        stamp, raw = signature[:8], signature[8:]
        seconds = int.from_bytes(stamp, "big")
        if len(stamp) != 8 or seconds > 2**63 - 1:
            return False
        if vkey.kind == ED25519_COSIGNATURE:
            message = f"cosignature/v1\ntime {seconds}\n{text}".encode()
            ed25519.Ed25519PublicKey.from_public_bytes(vkey.public).verify(raw, message)
            return True
        if vkey.kind == MLDSA44_COSIGNATURE and head is not None and seconds > 0:
            message = cosigned_message(vkey.name, seconds, head.origin, head.size, head.root)
            mldsa.MLDSA44PublicKey.from_public_bytes(vkey.public).verify(raw, message)
            return True
    except (InvalidSignature, ValueError):
        return False
    return False


def verified_keys(note: Note, vkeys: Sequence[Vkey], head: TreeHead | None = None) -> tuple[Vkey, ...]:
    """The given keys whose signatures hold. Raises `Unverified` where a known key's line does not verify."""
    held: list[Vkey] = []
    for line in note.signatures:
        for vkey in vkeys:
            if (vkey.name, vkey.key_id) != (line.name, line.key_id):
                continue
            if not verify_line(vkey, note.text, head, line.signature):
                raise Unverified("note", f"signature of {vkey.name} type {vkey.kind}", "note-signature-invalid")
            if vkey in held:
                raise Unverified("note", f"signature of {vkey.name} type {vkey.kind}", "note-signature-twice")
            held.append(vkey)
    return tuple(held)


def open_note(note: str, vkeys: Sequence[Vkey]) -> str:
    """The text of a note that at least one of `vkeys` signed; no keys, no text."""
    parsed = parse_note(note)
    if not verified_keys(parsed, vkeys):
        raise Unverified("note", "signatures", "note-unsigned")
    return parsed.text


class LogSigner:
    """The log's two keys in memory. They sign checkpoints and nothing else; each answer is verified before use."""

    def __init__(self, name: str, classical: ed25519.Ed25519PrivateKey, quantum: mldsa.MLDSA44PrivateKey) -> None:
        if not isinstance(classical, ed25519.Ed25519PrivateKey) or not isinstance(quantum, mldsa.MLDSA44PrivateKey):
            raise Malformed("log-key", "private", "key-algorithm")
        self._classical, self._quantum = classical, quantum
        self.vkeys = (
            Vkey(name, ED25519, classical.public_key().public_bytes_raw()),
            Vkey(name, MLDSA44_COSIGNATURE, quantum.public_key().public_bytes_raw()),
        )

    def sign(self, text: str, head: TreeHead, timestamp: int) -> tuple[NoteSignature, ...]:
        """Both signature lines over a checkpoint's text. `timestamp` in whole seconds, never 0."""
        if timestamp <= 0:
            raise Malformed("note", "timestamp", "timestamp-zero")
        one, two = self.vkeys
        message = cosigned_message(two.name, timestamp, head.origin, head.size, head.root)
        raw = (
            self._classical.sign(text.encode()),
            timestamp.to_bytes(8, "big") + self._quantum.sign(message),
        )
        for vkey, signature in zip((one, two), raw, strict=True):
            if not verify_line(vkey, text, head, signature):
                raise Fault("log-key-unavailable", "failed", "a log signature does not verify", "replace the signer")
        return tuple(NoteSignature(v.name, v.key_id, s) for v, s in zip((one, two), raw, strict=True))
