"""What a zip can hide: every trick that two readers of one archive could see differently."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from struct import pack
from zlib import crc32

from tests.corpus.case import Bytes, Case, good, good_zip, put, unsealed

FORM = "zip-form"
DATE, MODE = 0x0021, 0o100644 << 16


@dataclass(frozen=True, slots=True)
class Member:
    """A member as both of its headers tell it; what is `None` follows from the content."""

    path: bytes
    content: bytes
    method: int = 0
    flags: int = 0
    time: int = 0
    crc: int | None = None
    size: int | None = None
    whole: int | None = None
    local_extra: bytes = b""
    extra: bytes = b""
    comment: bytes = b""
    mode: int = MODE

    def common(self, extra: int) -> bytes:
        """What both headers share."""
        crc = crc32(self.content) if self.crc is None else self.crc
        size = len(self.content) if self.size is None else self.size
        whole = size if self.whole is None else self.whole
        return pack(
            "<HHHHHIIIHH", 20, self.flags, self.method, self.time, DATE, crc, size, whole, len(self.path), extra
        )


def members() -> list[Member]:
    """The honest bundle's."""
    return [Member(path.encode(), content) for path, content in sorted(good().items())]


def archive(
    found: Sequence[Member],
    *,
    before: bytes = b"",
    gap: bytes = b"",
    comment: bytes = b"",
    listed: Sequence[int] | None = None,
) -> bytes:
    """A zip of these members. `listed`: which of them the directory names."""
    body, offsets = before, list[int]()
    for each in found:
        offsets.append(len(body))
        body += b"PK\3\4" + each.common(len(each.local_extra)) + each.path + each.local_extra + each.content + gap
    directory = b""
    for n in range(len(found)) if listed is None else listed:
        each = found[n]
        tail = pack("<HHHII", len(each.comment), 0, 0, each.mode, offsets[n])
        directory += (
            b"PK\1\2" + pack("<H", 0x0314) + each.common(len(each.extra)) + tail + each.path + each.extra + each.comment
        )
    count = len(found) if listed is None else len(listed)
    end = pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(directory), len(body), len(comment))
    return body + directory + end + comment


def first(**change: object) -> Bytes:
    """The first member told otherwise."""
    return lambda: archive([replace(m, **change) if n == 0 else m for n, m in enumerate(members())])  # type: ignore[arg-type]


def more(*added: Member) -> Bytes:
    """Members added, in the order of their paths."""
    return lambda: archive(sorted([*members(), *added], key=lambda m: m.path))


def cut(change: Callable[[bytes], bytes]) -> Bytes:
    """The honest zip's bytes changed as a whole."""
    return lambda: change(good_zip())


def deflated(content: bytes) -> bytes:
    """A deflate stream of one stored block."""
    return b"\1" + pack("<HH", len(content), len(content) ^ 0xFFFF) + content


def bomb() -> bytes:
    """A deflate stream of zeros, about 158 times as long when it is inflated: literal 0, then runs of 258 at distance 1."""
    bits = [1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0] + [1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0] * 36_000 + [0] * 7
    bits += [0] * (-len(bits) % 8)
    return bytes(sum(bit << k for k, bit in enumerate(bits[n : n + 8])) for n in range(0, len(bits), 8))


def path(name: bytes) -> Bytes:
    """A file of this name beside the others."""
    return more(Member(name, b"x"))


CASES = [
    Case("zip-empty-file", lambda: b"", FORM),
    Case("zip-of-nothing", lambda: archive([]), "bag-missing"),
    Case("zip-is-text", lambda: b"this is no archive\n", FORM),
    Case("zip-is-another-format", lambda: b"\x1f\x8b\x08" + bytes(40), FORM),
    Case("zip-cut-in-half", cut(lambda raw: raw[: len(raw) // 2]), FORM),
    Case("zip-cut-by-a-byte", cut(lambda raw: raw[:-1]), FORM),
    Case("zip-bytes-behind-the-end", cut(lambda raw: raw + b"\0"), FORM),
    Case("zip-bytes-before-the-start", cut(lambda raw: b"%PDF-1.7\n" + raw), FORM),
    Case("zip-second-end-record", cut(lambda raw: raw + raw[-22:]), FORM),
    Case("zip-comment", lambda: archive(members(), comment=b"seen by nobody"), FORM),
    Case("zip-gap-between-members", lambda: archive(members(), gap=b"\0\0\0\0"), FORM),
    Case("zip-self-extracting-stub", lambda: archive(members(), before=b"#!/bin/sh\nexit 0\n"), FORM),
    Case("zip-extra-field-in-local-header", first(local_extra=b"\x99\x99\2\0hi"), FORM),
    Case("zip-extra-field-in-directory", first(extra=b"\x99\x99\2\0hi"), FORM),
    Case("zip-zip64-extra", first(extra=pack("<HHQ", 1, 8, 1)), FORM),
    Case("zip-member-comment", first(comment=b"hidden"), FORM),
    Case("zip-deflated-member", lambda: archive([
        replace(m, method=8, content=deflated(m.content), crc=crc32(m.content), whole=len(m.content)) if n == 0 else m
        for n, m in enumerate(members())]), FORM),
    Case("zip-bomb", more(Member(b"data/zeros", bomb(), method=8, crc=0, whole=0xFFFFFFFF)), FORM),
    Case("zip-encrypted-flag", first(flags=1), FORM),
    Case("zip-size-behind-the-data", first(flags=8), FORM),
    Case("zip-utf8-flag", first(flags=1 << 11), FORM),
    Case("zip-other-time", first(time=1), FORM),
    Case("zip-wrong-checksum", first(crc=1), FORM),
    Case("zip-size-beyond-the-file", first(size=0x7FFFFFFF), FORM),
    Case("zip-size-all-ones", first(size=0xFFFFFFFF, whole=0xFFFFFFFF), FORM),
    Case("zip-size-too-small", first(size=1), FORM),
    Case("zip-executable-member", first(mode=0o100755 << 16), FORM),
    Case("zip-symbolic-link", more(Member(b"data/link", b"/etc/passwd", mode=0o120777 << 16)), FORM),
    Case("zip-folder-member", path(b"data/events/"), "bag-path"),
    Case("zip-members-out-of-order", lambda: archive(members()[::-1]), FORM),
    Case("zip-member-twice", more(Member(b"data/checkpoint", good()["data/checkpoint"])), FORM),
    Case("zip-member-twice-with-other-content", more(Member(b"data/checkpoint", b"another\n")), FORM),
    Case("zip-member-not-in-the-directory", lambda: archive(
        [*members(), Member(b"zz", b"x")], listed=range(len(members()))), FORM),
    Case("zip-directory-names-a-member-twice", lambda: archive(members(), listed=[0, *range(len(members()))]), FORM),
    Case("zip-directory-leaves-one-out", lambda: archive(members(), listed=range(1, len(members()))), FORM),
    Case("zip-of-a-zip", more(Member(b"data/inner.zip", archive([Member(b"a", b"b")]))), "bag-manifest"),
    Case("path-absolute", path(b"/etc/passwd"), "bag-path"),
    Case("path-leads-out", path(b"../outside"), "bag-path"),
    Case("path-leads-out-in-the-middle", path(b"data/../../outside"), "bag-path"),
    Case("path-with-a-dot-part", path(b"data/./x"), "bag-path"),
    Case("path-with-an-empty-part", path(b"data//x"), "bag-path"),
    Case("path-with-a-backslash", path(b"data\\x"), "bag-path"),
    Case("path-with-a-drive", path(b"c:x"), "bag-path"),
    Case("path-not-ascii", path("data/é".encode()), "bag-path"),
    Case("path-with-a-nul", path(b"data/x\0.json"), "bag-path"),
    Case("path-with-a-newline", path(b"data/x\ny"), "bag-path"),
    Case("path-of-nothing", path(b""), "bag-path"),
    Case("path-too-long", path(b"data/" + b"x" * 196), "bag-path"),
    Case("path-of-all-its-limit", path(b"data/" + b"x" * 195), "bag-manifest"),
    Case("path-in-other-case", unsealed(put("DATA/checkpoint", b"x")), "bag-manifest"),
]  # fmt: skip
