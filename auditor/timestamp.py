"""Timestamp tokens (RFC 3161) by name: of which checkpoint one is, and what it has to be over (spec/timestamp.md)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from ledger.checkpoint import Checkpoint, format_checkpoint
from ledger.errors import Malformed
from ledger.strict import parse_uint

MAX_TOKEN: Final = 1 << 16
NAME: Final = re.compile(r"timestamps/([1-9][0-9]{0,15})\.([0-9a-f]{64})\.([1-9][0-9]?)\.tsr")


@dataclass(frozen=True, slots=True)
class Token:
    """A token's bytes, and the checkpoint that its name says it is of; nothing is believed yet."""

    path: str
    size: int
    root: bytes
    raw: bytes


def token_path(checkpoint: Checkpoint, number: int) -> str:
    """Where a token lies in an export."""
    return f"timestamps/{checkpoint.size}.{checkpoint.root.hex()}.{number}.tsr"


def parse_token(path: str, raw: bytes) -> Token:
    """A token by its path. Raises `Malformed` `timestamp-form`."""
    found = NAME.fullmatch(path)
    if found is None or len(raw) > MAX_TOKEN:
        raise Malformed("timestamp", "name", "timestamp-form")
    return Token(path, parse_uint(found[1]), bytes.fromhex(found[2]), raw)


def imprint(checkpoint: Checkpoint) -> bytes:
    """SHA-256 of the checkpoint's text."""
    return sha256(format_checkpoint(checkpoint).encode()).digest()


def parse_tokens(files: Mapping[str, bytes]) -> tuple[Token, ...]:
    """Tokens by path, in order. Raises `Malformed`."""
    return tuple(parse_token(path, files[path]) for path in sorted(files))
