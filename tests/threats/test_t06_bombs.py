"""T06: compressed bodies; archives of zeros, nested, overlapping, with 10^5 members, with lying sizes, in methods that hoard memory.

`Content-Encoding` is refused on ingest; archives are streamed under caps on bytes, ratio and members, and declared sizes are
ignored. P V: the auditor reads no compressed data at all, so a compressed bundle is to him what any other bytes are.
"""

import gzip
import io
import json
import random
import struct
import time
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest
import zstandard

from api.importers import read_log
from api.importers.archive import Archive
from auditor.verify import verify_export
from ledger.errors import Malformed
from tests.conftest import SHARED
from tests.simulator import Lab
from tests.threats.door import JSON, NDJSON, Door

MIB = 1 << 20
ROOT = Path(__file__).resolve().parents[2]
LOGS = SHARED / "eval_logs"


def archive(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip as any tool writes it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        for name, content in members.items():
            z.writestr(name, content)
    return out.getvalue()


def zstd_archive(name: str, content: bytes, *, declared: int | None = None) -> bytes:
    """Method 93, which `zipfile` does not write: a stored member renamed to it, local header and directory."""
    packed = zstandard.ZstdCompressor(write_content_size=False).compress(content)
    raw = bytearray(archive({name: packed}, zipfile.ZIP_STORED))
    central = raw.index(b"PK\x01\x02")
    struct.pack_into("<H", raw, 8, 93)
    struct.pack_into("<H", raw, central + 10, 93)
    for at in (14, central + 16):
        struct.pack_into("<I", raw, at, zlib.crc32(content))
    for at in (22, central + 24):
        struct.pack_into("<I", raw, at, len(content) if declared is None else declared)
    return bytes(raw)


def quoted_overlap() -> bytes:
    """Every directory line points into one member: what is small on disk would be read many times."""
    raw = bytearray(archive({f"samples/{n}.json": b"0" * 4096 for n in range(64)}))
    at = raw.index(b"PK\x01\x02")
    while raw[at : at + 4] == b"PK\x01\x02":
        name, extra, comment = struct.unpack_from("<3H", raw, at + 28)
        struct.pack_into("<I", raw, at + 42, 0)
        at += 46 + name + extra + comment
    return bytes(raw)


def lying_directory() -> bytes:
    """A member that declares one byte and holds 200 MiB."""
    raw = bytearray(archive({"header.json": b"\0" * (200 * MIB)}))
    struct.pack_into("<I", raw, raw.index(b"PK\x01\x02") + 24, 1)
    return bytes(raw)


def many() -> bytes:
    """10^5 members and one."""
    return archive({f"samples/{n}.json": b"" for n in range(100_001)}, zipfile.ZIP_STORED)


BOMBS = {
    "200 MiB of zeros": (lambda: archive({"header.json": b"\0" * (200 * MIB)}), {"too-large"}),
    "200 MiB of zeros, zstd": (lambda: zstd_archive("header.json", b"\0" * (200 * MIB)), {"too-large"}),
    "a lying directory": (lying_directory, {"too-large", "member-unreadable", "not-json"}),
    "lying, zstd": (lambda: zstd_archive("header.json", b"\0" * (100 * MIB), declared=1), {"too-large"}),
    "nested": (lambda: archive({"header.json": archive({"header.json": b"\0" * (100 * MIB)})}), {"not-json"}),
    "quoted overlap": (quoted_overlap, {"overlapping-members"}),
    "10^5 members": (many, {"too-many-members"}),
    "lzma": (lambda: archive({"header.json": b"{}"}, zipfile.ZIP_LZMA), {"member-method"}),
    "bzip2": (lambda: archive({"header.json": b"{}"}, zipfile.ZIP_BZIP2), {"member-method"}),
    "junk in front": (lambda: b"PK\x03\x04" + archive({"header.json": b"{}"}), {"junk-in-front"}),
}


@pytest.mark.parametrize(("make", "rules"), BOMBS.values(), ids=BOMBS)
def test_attack_archive(make, rules: set[str]) -> None:
    data = make()
    began = time.process_time()
    with pytest.raises(Malformed) as caught:
        read_log(data)
    took = time.process_time() - began
    assert caught.value.code in rules
    assert took < 1
    if len(data) < 4 * MIB:  # tracing ten million objects of zipfile's own would measure the tracer
        tracemalloc.start()
        with pytest.raises(Malformed):
            read_log(data)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 64 * MIB


def test_attack_all_members_together() -> None:
    """Each member within its own cap: the sum has one too."""
    ball = archive({f"samples/{n}.json": random.Random(n).randbytes(1000) * 4000 for n in range(8)})
    opened = Archive(ball)
    opened._read = 512 * MIB - 2 * MIB
    with pytest.raises(Malformed, match="too-large"):
        opened.read("samples/0.json")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_attack_any_damage_is_malformed(method: int) -> None:
    """Bytes altered anywhere: a record or `Malformed`, never another error."""
    header = json.loads((ROOT / "examples" / "logs" / "autonomy-suite.json").read_bytes())
    raw = archive(
        {"header.json": json.dumps({**header, "samples": []}).encode(), "samples/1.json": b'{"id":1}'}, method
    )
    chance = random.Random(method)
    read = 0
    for _ in range(150):
        damaged = bytearray(raw)
        for _ in range(chance.choice((1, 1, 3))):
            damaged[chance.randrange(len(raw))] = chance.randrange(256)
        try:
            read += len(read_log(bytes(damaged)))
        except Malformed:
            continue
    assert read < 150


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd", "br", "identity, gzip", "GZIP", "x"])
def test_attack_compressed_body(door: Door, encoding: str) -> None:
    body = gzip.compress(b"\0" * MIB)
    for kind in (JSON, NDJSON):
        door.refuses(body, 415, "content-encoding", "Content-Encoding", headers={**kind, "content-encoding": encoding})


def test_attack_compressed_bundle(lab: Lab) -> None:
    files = lab.export()
    name = next(n for n in files if n.startswith("tile/entries/"))
    report = verify_export({**files, name: gzip.compress(files[name])}.get, lab.pin())
    assert (report.to_json()["verdict"], report.to_json()["code"]) == ("INVALID", "bundle-cut")


def test_honest_identity_and_our_own_logs(door: Door, lab: Lab) -> None:
    door.admits(door.model().wire(), {**JSON, "content-encoding": "identity"})
    for path in sorted((ROOT / "examples" / "logs").glob("*.eval")):
        assert read_log(path.read_bytes())[0].status == "success"
    (plain,) = read_log((ROOT / "examples" / "logs" / "autonomy-suite.json").read_bytes())
    content = (ROOT / "examples" / "logs" / "autonomy-suite.json").read_bytes()
    header = json.loads(content)
    samples = header.pop("samples")
    members = {"header.json": json.dumps(header).encode()}
    members |= {f"samples/{n}.json": json.dumps(s).encode() for n, s in enumerate(samples)}
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        (packed,) = read_log(archive(members, method))
        assert (packed.metrics, packed.run) == (plain.metrics, plain.run)
    (squeezed,) = read_log(zstd_archive("header.json", members["header.json"]))
    assert squeezed.metrics == plain.metrics
    lab.holds()


@pytest.mark.skipif(not LOGS.is_dir(), reason="the shared eval_logs folder is absent")
def test_honest_real_logs_import() -> None:
    methods = set()
    for path in sorted(LOGS.glob("*.eval")):
        methods |= {m.compress_type for m in zipfile.ZipFile(path).infolist()}
        assert read_log(path.read_bytes()), path.name
    assert methods >= {zipfile.ZIP_DEFLATED, 93}
