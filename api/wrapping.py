"""The wrapping keys' files, `wrapping-ID.key`, mode 0600: in the ledger's `keys/`, or where `HOLDPOINT_WRAPPING_KEYS` says.

Outside the database, and best outside its backups: a systemd credentials folder (`LoadCredential=wrapping-ID.key:…`, `%d`). Every
service of one database has the same files.
"""

from pathlib import Path

from api.keyring import read_private, write_private
from api.settings import settings
from ledger.errors import Fault, LedgerError
from ledger.store.wrapping import FORM, KEY_BYTES, WrappingKey, new_wrapping_key
from ledger.strict import format_base64, parse_base64, parse_time


def wrapping_folder(folder: Path) -> Path:
    """Where the wrapping keys of the ledger in `folder` lie."""
    return settings().wrapping_keys or folder / "keys"


def wrapping_path(folder: Path, key: WrappingKey) -> Path:
    """The file of a wrapping key."""
    return wrapping_folder(folder) / f"wrapping-{key.id}.key"


def make_wrapping_key(folder: Path, at: str) -> WrappingKey:
    """Generate one into its file."""
    key = new_wrapping_key(at)
    write_private(wrapping_path(folder, key), format_wrapping_key(key))
    return key


def load_wrapping_keys(folder: Path) -> list[WrappingKey]:
    """All that are here, the oldest first. Raises `Fault` `key-file-…`."""
    found = [parse_wrapping_key(read_private(p), p.name) for p in wrapping_folder(folder).glob("wrapping-*.key")]
    return sorted(found, key=lambda k: (k.made_at, k.id))


def format_wrapping_key(key: WrappingKey) -> bytes:
    """The file's bytes: form, when it was made, the key."""
    return f"{FORM}\n{key.made_at}\n{format_base64(key.secret)}\n".encode()


def parse_wrapping_key(raw: bytes, name: str) -> WrappingKey:
    """Read a key file. Raises `Fault` `key-file-malformed`; the file's content is never repeated."""
    try:
        form, at, secret, rest = raw.decode("ascii").split("\n")
        key = WrappingKey(parse_base64(secret), parse_time(at))
    except (LedgerError, ValueError):
        key, form, rest = WrappingKey(b"", ""), "", ""
    if form != FORM or rest or len(key.secret) != KEY_BYTES:
        raise Fault("key-file-malformed", "failed", f"{name} is no wrapping key", "bring the right file")
    return key
