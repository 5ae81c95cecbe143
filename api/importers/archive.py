"""Read members of an untrusted zip: through the central directory only, under caps, no path ever touched (T06, T53).

Inspect AI writes zip method 93 (Zstandard), which `zipfile` reads only from Python 3.14 on: those members are cut out by
their local header and given to `zstandard`.
"""

import io
import struct
import zipfile
import zlib
from typing import Protocol

import zstandard

from ledger.errors import Malformed

MAX_MEMBERS = 100_000
MAX_MEMBER = 256 * 1024 * 1024
MAX_TOTAL = 512 * 1024 * 1024
MAX_RATIO = 100
RATIO_FLOOR = 1 << 20
MAX_WINDOW = 32 << 20
PIECE = 1 << 20
ZSTD = 93
METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, ZSTD})
"""What the tools write. LZMA may ask for a dictionary of 4 GiB before its first byte."""
_LOCAL = struct.Struct("<4s5H3L2H")


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _drain(stream: _Stream, cap: int) -> bytes | None:
    """All of a stream, or `None` beyond `cap` bytes: piece by piece, so that a bomb costs its cap and no more."""
    pieces: list[bytes] = []
    size = 0
    while piece := stream.read(PIECE):
        size += len(piece)
        if size > cap:
            return None
        pieces.append(piece)
    return b"".join(pieces)


def _bad(rule: str, place: str = "zip") -> Malformed:
    return Malformed("archive", place, rule)


class Archive:
    """The members of a zip held in memory. Raises `Malformed` for any trick in its directory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._read = 0
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError):
            raise _bad("not-a-zip") from None
        members = self._zip.infolist()
        if len(members) > MAX_MEMBERS:
            raise _bad("too-many-members")
        names = [m.filename for m in members]
        if len(set(names)) != len(names):
            raise _bad("duplicate-member")
        for name in names:
            if name.startswith("/") or "\\" in name or "\0" in name or ":" in name or ".." in name.split("/"):
                raise _bad("unsafe-name")
        self._members = {m.filename: m for m in members}
        ends = sorted((m.header_offset, m.compress_size) for m in members)
        if ends and ends[0][0] != 0:
            raise _bad("junk-in-front")
        for (start, size), (following, _) in zip(ends, ends[1:], strict=False):
            if start + size > following:
                raise _bad("overlapping-members")

    def names(self) -> list[str]:
        """Member names, as the directory lists them."""
        return list(self._members)

    def read(self, name: str) -> bytes:
        """A member's bytes; declared sizes are ignored, caps are not."""
        member = self._members.get(name)
        if member is None:
            raise _bad("member-missing", name[:80])
        if member.flag_bits & 1:
            raise _bad("encrypted-member", name[:80])
        if member.compress_type not in METHODS:
            raise _bad("member-method", name[:80])
        cap = min(MAX_MEMBER, MAX_TOTAL - self._read, max(RATIO_FLOOR, member.compress_size * MAX_RATIO))
        try:
            if member.compress_type == ZSTD:
                reader = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
                content = _drain(reader.stream_reader(io.BytesIO(self._raw(member)), read_across_frames=True), cap)
            else:
                with self._zip.open(member) as opened:
                    content = _drain(opened, cap)
        except (
            zipfile.BadZipFile,
            zlib.error,
            zstandard.ZstdError,
            NotImplementedError,
            OSError,
            ValueError,
            EOFError,
        ):
            raise _bad("member-unreadable", name[:80]) from None
        if content is None:
            raise _bad("too-large", name[:80])
        self._read += len(content)
        if member.compress_type == ZSTD and zlib.crc32(content) != member.CRC:
            raise _bad("member-unreadable", name[:80])
        return content

    def _raw(self, member: zipfile.ZipInfo) -> bytes:
        start = member.header_offset
        header = self._data[start : start + _LOCAL.size]
        if len(header) != _LOCAL.size or header[:4] != b"PK\x03\x04":
            raise _bad("member-unreadable", member.filename[:80])
        fields = _LOCAL.unpack(header)
        begin = start + _LOCAL.size + fields[9] + fields[10]
        return self._data[begin : begin + member.compress_size]
