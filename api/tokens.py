"""Read tokens (access.md §5): `hpt_<env>_<26 base32 id>_<43 base64url secret>_<7 base32 CRC-32>`, parsed by fixed widths.

Stored: SHA-256 of the secret, scopes, audience, expiry. Whether a token lives is the log's word (`token.issued`,
`token.revoked`); what it opens is this file's. 256 random bits need no slow hash.
"""

import base64
import json
import os
import re
import zlib
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Any

from ledger.state import State
from ledger.trust import TokenLife

PREPARE = "disclosures:write"
SCOPES = frozenset({"status:read", "gate:read", "entries:read", "proofs:read", "metrics:read", PREPARE})
ENTRIES, BUNDLES = "entries:read", "bundles:read"
SHAPE = re.compile(r"hpt_[a-z]{1,8}_[a-z2-7]{26}_[A-Za-z0-9_-]{43,51}")
"""What looks like a token, whole or cut, in any text: struck from log lines, refused in addresses and bodies."""
_FORM = re.compile(r"hpt_(dev|live)_([a-z2-7]{26})_([A-Za-z0-9_-]{43})_([a-z2-7]{7})")
_PREFIX = re.compile(r"[a-z0-9._:/@-]{1,200}")


def is_scope(text: str) -> bool:
    """One of `SCOPES`, `entries:read:PREFIX` (the entries of streams under a prefix), or `bundles:read:RECIPIENT`."""
    narrowed = next((text.removeprefix(f"{of}:") for of in (ENTRIES, BUNDLES) if text.startswith(f"{of}:")), "")
    return text in SCOPES or _PREFIX.fullmatch(narrowed) is not None


def opens(scopes: frozenset[str], needed: str) -> bool:
    """Whether the scopes open a route at all; which entries a prefix opens, `opens_stream` says; whose bundles, `recipients`."""
    return needed in scopes or (needed in (ENTRIES, BUNDLES) and any(s.startswith(f"{needed}:") for s in scopes))


def opens_stream(scopes: frozenset[str], stream: str) -> bool:
    """Whether the scopes open entries of `stream`: all, or those under a prefix that ends where a name ends."""
    prefixes = [s[13:].removesuffix("/") for s in scopes if s.startswith(f"{ENTRIES}:")]
    return ENTRIES in scopes or any(stream == p or stream.startswith(f"{p}/") for p in prefixes)


def _crc(text: str) -> str:
    return base64.b32encode(zlib.crc32(text.encode()).to_bytes(4, "big")).decode().lower().rstrip("=")


@dataclass(frozen=True, slots=True)
class NewToken:
    """A fresh token: `text` is shown once and stored nowhere."""

    id: str
    text: str
    secret_sha256: str


def new_token(env: str) -> NewToken:
    """Make a token from the operating system's randomness."""
    token_id = base64.b32encode(os.urandom(17)).decode().lower()[:26]
    secret = base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
    body = f"hpt_{env}_{token_id}_{secret}"
    return NewToken(token_id, f"{body}_{_crc(body)}", sha256(secret.encode()).hexdigest())


class TokenFile:
    """Hashes and scopes, in `tokens.json` of the ledger's folder, mode 0600."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._value: dict[str, Any] = {}

    def _read(self) -> dict[str, Any]:
        """What the file holds; read again whenever another file stands in its place."""
        try:
            status = self._path.stat()
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
            if seen != self._seen:
                self._value, self._seen = json.loads(self._path.read_text()), seen
        except FileNotFoundError:
            self._value, self._seen = {}, None
        return self._value

    def add(self, token: NewToken, scopes: tuple[str, ...]) -> None:
        """Remember a token's hash."""
        value = {**self._read(), token.id: {"scopes": list(scopes), "secret_sha256": token.secret_sha256}}
        fresh = self._path.with_suffix(".new")
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "w") as stream:
            stream.write(json.dumps(value))
            stream.flush()
            os.fsync(stream.fileno())
        fresh.rename(self._path)

    def scopes_of(self, text: str, state: State, at: str) -> frozenset[str] | None:
        """What the token opens now, or `None`. Looked up by id, compared in constant time."""
        found = _FORM.fullmatch(text)
        if found is None or not compare_digest(_crc(text[: -len(found.group(4)) - 1]), found.group(4)):
            return None
        stored = self._read().get(found.group(2))
        life: TokenLife | None = state.get("token", found.group(2))
        known = stored["secret_sha256"] if stored is not None else "0" * 64
        same = compare_digest(sha256(found.group(3).encode()).hexdigest(), known)
        if not same or stored is None or life is None or life.revoked or at > life.expires_at:
            return None
        return frozenset(stored["scopes"]) & frozenset(life.scopes)
