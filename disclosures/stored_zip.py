"""The zip of a disclosure bundle: one form and no other, so that no byte of it is free (spec/bundle.md §1).

Every file is stored, in order of its path, with fixed times and attributes. A reader walks the local headers, never believes a
size beyond the bytes that are there, formats what it found again and compares: whatever a header, a gap, a comment or a second
member of one name could carry makes the bytes differ. Nothing is inflated, so nothing can grow.
"""

import re
from binascii import crc32
from collections.abc import Mapping
from struct import Struct, error
from typing import Final

from ledger.errors import Malformed

MAX_BYTES: Final = 2 << 30
MAX_FILES: Final = 65_535
MAX_FILE: Final = 64 << 20
PATH = re.compile(r"[A-Za-z0-9._/-]{1,200}")
Files = Mapping[str, bytes]
"""Path → content."""

_LOCAL = Struct("<4sHHHHHIIIHH")
_CENTRAL = Struct("<4sHHHHHHIIIHHHHHII")
_END = Struct("<4sHHHHIIH")
_VERSION, _MADE_BY, _DATE, _MODE = 20, 0x0314, 0x0021, 0o100644 << 16


def check_path(path: str) -> str:
    """The path, if it is one of a bundle. Raises `Malformed` `bag-path`: nothing leads out of the folder (T53)."""
    if PATH.fullmatch(path) is None or any(part in ("", ".", "..") for part in path.split("/")):
        raise Malformed("bundle", "path", "bag-path")
    return path


def check_limits(files: Files) -> None:
    """Raises `Malformed` `zip-limits`: too many files, one too large, or too much in all."""
    total = sum(len(content) + 2 * len(path) + _LOCAL.size + _CENTRAL.size for path, content in files.items())
    if len(files) > MAX_FILES or total + _END.size > MAX_BYTES or any(len(c) > MAX_FILE for c in files.values()):
        raise Malformed("bundle", "zip", "zip-limits")


def format_zip(files: Files) -> bytes:
    """The one zip of these files. Raises `Malformed` `bag-path`, `zip-limits`."""
    check_limits(files)
    locals_, centrals, offset = list[bytes](), list[bytes](), 0
    for path in sorted(files):
        content, name = files[check_path(path)], path.encode()
        common = (_VERSION, 0, 0, 0, _DATE, crc32(content), len(content), len(content), len(name), 0)
        locals_.append(_LOCAL.pack(b"PK\3\4", *common) + name + content)
        centrals.append(_CENTRAL.pack(b"PK\1\2", _MADE_BY, *common, 0, 0, 0, _MODE, offset) + name)
        offset += len(locals_[-1])
    directory = b"".join(centrals)
    end = _END.pack(b"PK\5\6", 0, 0, len(files), len(files), len(directory), offset, 0)
    return b"".join((*locals_, directory, end))


def parse_zip(raw: bytes) -> dict[str, bytes]:
    """The files of a zip that `format_zip` made. Raises `Malformed` `zip-form`, `zip-limits`, `bag-path`."""
    if len(raw) > MAX_BYTES:
        raise Malformed("bundle", "zip", "zip-limits")
    files: dict[str, bytes] = {}
    at = 0
    while raw[at : at + 4] == b"PK\3\4":
        try:
            head = _LOCAL.unpack_from(raw, at)
        except error:
            raise Malformed("bundle", "zip", "zip-form") from None
        size, name_size = head[8], head[9]
        start = at + _LOCAL.size + name_size
        at = start + size
        if at > len(raw) or len(files) >= MAX_FILES:
            raise Malformed("bundle", "zip", "zip-form")
        try:
            path = raw[start - name_size : start].decode("ascii")
        except UnicodeDecodeError:
            raise Malformed("bundle", "path", "bag-path") from None
        files[check_path(path)] = raw[start:at]
    if format_zip(files) != raw:
        raise Malformed("bundle", "zip", "zip-form")
    return files
