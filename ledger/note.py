"""C2SP signed notes and verifier keys: type 0x01 Ed25519, 0x04 Ed25519 cosignature, 0x06 ML-DSA-44 cosignature.

A note is a text that ends in a newline, an empty line, and signature lines `— name base64(key id ‖ signature)`.
Signatures of unknown keys are ignored, never refused; a signature of a known key that does not verify refuses the note.
Normative text: spec/checkpoint.md.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from ledger.errors import Malformed, Unverified
from ledger.strict import format_base64, parse_base64, parse_hex
from ledger.tree import HASH, MAX_SIZE
from ledger.weak import is_sound

ED25519, ED25519_COSIGNATURE, MLDSA44_COSIGNATURE = 0x01, 0x04, 0x06
_LENGTHS = {ED25519: 32, ED25519_COSIGNATURE: 32, MLDSA44_COSIGNATURE: 1312}
_NAME = re.compile(r"[^\s+\x00-\x1f]+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_DASH = "\u2014 "
MAX_NAME = 255
"""Bytes: names and origins stand behind one length byte in what ML-DSA-44 signs."""
MAX_TIMESTAMP = 2**63 - 1
MAX_SIGNATURES = 100
MAX_NOTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Vkey:
    """A verifier key: name, type and raw public key. `str()` of it is its text, which `parse_vkey` reads."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """First four bytes of SHA-256(name ‖ newline ‖ type ‖ public key)."""
        return _key_id(self.name, self.kind, self.public)

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{format_base64(bytes([self.kind]) + self.public)}"


@lru_cache(maxsize=256)
def _key_id(name: str, kind: int, public: bytes) -> bytes:
    """Of the log's two keys it is asked for at every commit."""
    return sha256(_utf8(name) + b"\n" + bytes([kind]) + public).digest()[:4]


@lru_cache(maxsize=256)
def _ed25519(public: bytes) -> ed25519.Ed25519PublicKey:
    return ed25519.Ed25519PublicKey.from_public_bytes(public)


@lru_cache(maxsize=256)
def _mldsa44(public: bytes) -> mldsa.MLDSA44PublicKey:
    return mldsa.MLDSA44PublicKey.from_public_bytes(public)


def parse_vkey(text: str) -> Vkey:
    """Read `name+hash+base64`, split at the first two plus signs only, since base64 has its own. Raises `Malformed`.

    Types other than the three are refused (`vkey-type`), and so are weak Ed25519 keys (`key-weak`).
    """
    parts = text.split("+", 2)
    if len(parts) != 3 or _NAME.fullmatch(parts[0]) is None or len(_utf8(parts[0])) > MAX_NAME:
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


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise _bad("text", "note-utf8") from None


def decode_note(raw: bytes) -> str:
    """The text of a note's bytes. Raises `Malformed` `note-utf8`."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise _bad("text", "note-utf8") from None


def parse_note(note: str) -> Note:
    """Read a note. Exactly what `format_note` writes. Raises `Malformed`.

    The text ends at the *last* empty line: it may hold empty lines of its own, and look-alikes of signature lines.
    """
    if len(_utf8(note)) > MAX_NOTE:
        raise _bad("text", "too-large")
    if _CONTROL.search(note) is not None:
        raise _bad("text", "note-control")
    cut = note.rfind("\n\n")
    if cut < 0 or not note.endswith("\n"):
        raise _bad("text", "note-form")
    text, lines = note[: cut + 1], note[cut + 2 :].split("\n")
    if lines.pop() or not lines or len(lines) > MAX_SIGNATURES:
        raise _bad("signatures", "note-form")
    parsed = Note(text, tuple(_parse_line(line) for line in lines))
    if format_note(parsed) != note:
        raise _bad("text", "note-form")
    return parsed


def _parse_line(line: str) -> NoteSignature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or _NAME.fullmatch(name) is None:
        raise _bad("signatures", "note-signature")
    raw = parse_base64(encoded)
    if len(raw) < 5:
        raise _bad("signatures", "note-signature")
    return NoteSignature(name, raw[:4], raw[4:])


def format_note(note: Note) -> str:
    """The note as text."""
    lines = [f"{_DASH}{s.name} {format_base64(s.key_id + s.signature)}\n" for s in note.signatures]
    return f"{note.text}\n{''.join(lines)}"


def cosigned_message(name: str, timestamp: int, origin: str, size: int, root: bytes) -> bytes:
    """The `cosigned_message` of C2SP tlog-cosignature for a checkpoint (start 0, end `size`): what ML-DSA-44 signs.

    `timestamp` in whole seconds since 1970. Raises `Malformed` `cosignature-form`: a value is outside its field.
    """
    who, log = _utf8(name), _utf8(origin)
    names = 1 <= len(who) <= MAX_NAME and 1 <= len(log) <= MAX_NAME
    if not names or not 0 <= timestamp <= MAX_TIMESTAMP or not 0 <= size <= MAX_SIZE or len(root) != HASH:
        raise Malformed("cosignature", "message", "cosignature-form")
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


def cosigned_at(vkey: Vkey, signature: bytes) -> int:
    """The seconds since 1970 at the start of a cosignature (0x04, 0x06); 0 = says no time. Raises `Malformed`."""
    seconds = int.from_bytes(signature[:8], "big")
    if vkey.kind == ED25519 or len(signature) < 8 or seconds > MAX_TIMESTAMP:
        raise Malformed("cosignature", "time", "cosignature-form")
    return seconds


def verify_line(vkey: Vkey, text: str, head: TreeHead | None, signature: bytes) -> bool:
    """Whether a signature line of `vkey` verifies over the note's text (and, for 0x06, over its tree head).

    A 0x06 line of time 0 does not count: it doesn't say that the tree was the largest seen.
    """
    try:
        if vkey.kind == ED25519:
            _ed25519(vkey.public).verify(signature, text.encode())
            return True
        seconds, raw = cosigned_at(vkey, signature), signature[8:]
        if vkey.kind == ED25519_COSIGNATURE:
            message = f"cosignature/v1\ntime {seconds}\n{text}".encode()
            _ed25519(vkey.public).verify(raw, message)
            return True
        if vkey.kind == MLDSA44_COSIGNATURE and head is not None and seconds > 0:
            message = cosigned_message(vkey.name, seconds, head.origin, head.size, head.root)
            _mldsa44(vkey.public).verify(raw, message)
            return True
    except (InvalidSignature, ValueError, Malformed):
        return False
    return False


def verified_keys(note: Note, vkeys: Sequence[Vkey], head: TreeHead | None = None) -> tuple[Vkey, ...]:
    """The given keys whose signatures hold, each once. Raises `Unverified` if a known key's line does not verify.

    Name *and* key id must match, else the line is some other key's. Without a `head`, lines of type 0x06 cannot be
    evaluated: they neither count nor refuse. A second good line of a key (a witness cosigned again) counts no more.
    """
    held: list[Vkey] = []
    for line in note.signatures:
        for vkey in vkeys:
            if (vkey.name, vkey.key_id) != (line.name, line.key_id):
                continue
            if vkey.kind == MLDSA44_COSIGNATURE and head is None:
                continue
            if not verify_line(vkey, note.text, head, line.signature):
                raise Unverified("note", f"signature of {vkey.name} type {vkey.kind}", "note-signature-invalid")
            if vkey not in held:
                held.append(vkey)
    return tuple(held)


def open_note(note: str, vkeys: Sequence[Vkey]) -> str:
    """The text of a note that at least one of `vkeys` signed; no keys, no text."""
    parsed = parse_note(note)
    if not verified_keys(parsed, vkeys):
        raise Unverified("note", "signatures", "note-unsigned")
    return parsed.text


class CheckpointSigner(Protocol):
    """The log's pair of keys, in this process or in one of their own. They sign checkpoints and nothing else."""

    @property
    def vkeys(self) -> tuple[Vkey, Vkey]:
        """The Ed25519 (0x01) and the ML-DSA-44 (0x06) verifier key, both named by the log's origin."""
        ...

    def sign(self, text: str, head: TreeHead, timestamp: int) -> tuple[NoteSignature, ...]:
        """One line per verifier key, in their order, over a checkpoint's text. `timestamp` in seconds, never 0."""
        ...


class LogSigner:
    """A `CheckpointSigner` over private keys in memory. `name` is the log's origin. Raises `Malformed`."""

    def __init__(self, name: str, classical: ed25519.Ed25519PrivateKey, quantum: mldsa.MLDSA44PrivateKey) -> None:
        if not isinstance(classical, ed25519.Ed25519PrivateKey) or not isinstance(quantum, mldsa.MLDSA44PrivateKey):
            raise Malformed("log-key", "private", "key-algorithm")
        self._classical, self._quantum = classical, quantum
        one = Vkey(name, ED25519, classical.public_key().public_bytes_raw())
        two = Vkey(name, MLDSA44_COSIGNATURE, quantum.public_key().public_bytes_raw())
        self.vkeys = (parse_vkey(str(one)), parse_vkey(str(two)))

    def sign(self, text: str, head: TreeHead, timestamp: int) -> tuple[NoteSignature, ...]:
        """Both lines, not yet verified: `ledger.checkpoint.sign_checkpoint` does that for every kind of signer."""
        if timestamp <= 0:
            raise Malformed("note", "timestamp", "timestamp-zero")
        one, two = self.vkeys
        message = cosigned_message(two.name, timestamp, head.origin, head.size, head.root)
        return (
            NoteSignature(one.name, one.key_id, self._classical.sign(_utf8(text))),
            NoteSignature(two.name, two.key_id, timestamp.to_bytes(8, "big") + self._quantum.sign(message)),
        )
