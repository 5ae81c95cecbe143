"""Withheld fields at rest (access.md §6): AES-256-GCM under a fresh data key each, which a key outside the database wraps.

Additional data is statement digest ‖ field digest: a ciphertext moved to another row, or another event's, does not open. The data
key is wrapped by AES Key Wrap (RFC 3394), which has no nonce to run out of. Texts are padded to full blocks of 128 bytes, so that
the length tells little. Whoever has the database alone, or a copy of it, has digests, names of fields and ciphertext.
"""

import os
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from ledger.errors import Fault

FORM = "holdpoint-wrapping-key/1"
KEY_BYTES, NONCE_BYTES, BLOCK = 32, 12, 128
MISSING = Fault(
    "wrapping-key-missing", "failed", "no wrapping key is here, so withheld fields can be neither kept nor opened",
    "bring the file back: docs/how-to/refusals/wrapping-key-missing.md",
)  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class WrappingKey:
    """32 bytes, and when they were made. `id` follows from the bytes, and tells nothing of them."""

    secret: bytes
    made_at: str

    @property
    def id(self) -> str:
        """32 hex digits."""
        return sha256(FORM.encode() + b"\0" + self.secret).hexdigest()[:32]

    def __repr__(self) -> str:
        return f"WrappingKey({self.id})"


@dataclass(frozen=True, slots=True, repr=False)
class Sealed:
    """A row: the digest of the text, the member that it is of, and what opens under the wrapping key `key_id` alone."""

    digest: bytes
    field: str
    ciphertext: bytes
    wrapped_key: bytes
    key_id: str


def new_wrapping_key(at: str) -> WrappingKey:
    """A fresh key, made at `at`."""
    return WrappingKey(os.urandom(KEY_BYTES), at)


def seal_field(key: WrappingKey, statement: bytes, digest: bytes, field: str, text: str) -> Sealed:
    """Encrypt the disclosure `text` of `digest`, in a statement with the digest `statement` (32 bytes each)."""
    data_key, nonce = os.urandom(KEY_BYTES), os.urandom(NONCE_BYTES)
    plain = text.encode("ascii")
    plain = plain.ljust(-(-len(plain) // BLOCK) * BLOCK, b"\0")
    ciphertext = nonce + AESGCM(data_key).encrypt(nonce, plain, statement + digest)
    return Sealed(digest, field, ciphertext, aes_key_wrap(key.secret, data_key), key.id)


def open_field(key: WrappingKey, statement: bytes, row: Sealed) -> str:
    """The text. Raises `Fault` `disclosure-unreadable` for a row that is not what was sealed for this statement and digest."""
    try:
        data_key = aes_key_unwrap(key.secret, row.wrapped_key)
        plain = AESGCM(data_key).decrypt(
            row.ciphertext[:NONCE_BYTES], row.ciphertext[NONCE_BYTES:], statement + row.digest
        )
    except (InvalidUnwrap, InvalidTag, ValueError):
        plain = b""
    text = plain.rstrip(b"\0")
    if not text or sha256(text).digest() != row.digest:
        detail = f"a row of table disclosure, field {row.field}, does not open: it was altered, or is of another entry"
        raise Fault("disclosure-unreadable", "failed", detail, "bring the row back from a backup; run holdpoint fsck")
    return text.decode("ascii")
