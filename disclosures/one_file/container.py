"""The zip of one form, and the bag in it."""

from __future__ import annotations

import re
import struct
import zipfile
from binascii import crc32
from hashlib import sha256
from io import BytesIO

from disclosures.one_file.strict import Bad, need, parse_json, shaped
from disclosures.one_file.tables import BAG, MAX_FILE, MAX_FILES, MAX_ZIP, STATIC, Json


def zip_of(files: dict[str, bytes]) -> bytes:
    """The one zip that a bundle of these files has."""
    body, directory = bytearray(), bytearray()
    for path in sorted(files):
        content, name = files[path], path.encode()
        common = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0x21, crc32(content), len(content), len(content), len(name), 0)
        directory += b"PK\1\2" + struct.pack("<H", 0x0314) + common
        directory += struct.pack("<HHHII", 0, 0, 0, 0o100644 << 16, len(body)) + name
        body += b"PK\3\4" + common + name + content
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, len(files), len(files), len(directory), len(body), 0)
    return bytes(body + directory + end)


def read_zip(raw: bytes) -> dict[str, bytes]:
    """The files of a bundle's zip; any other zip of them is refused."""
    need(len(raw) <= MAX_ZIP, "limits", "larger than any bundle")
    files: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(BytesIO(raw)) as box:
            members = box.infolist()
            need(len(members) <= MAX_FILES, "zip-form", "too many members")
            for member in members:
                stored = member.compress_type == zipfile.ZIP_STORED and member.file_size == member.compress_size
                need(stored and member.file_size <= len(raw), "zip-form", "a member is not stored as it is")
                files[member.filename] = box.read(member)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError, struct.error, RuntimeError):
        raise Bad("zip-form", "not a bundle's zip") from None
    for path in files:
        parts = path.split("/")
        holds = re.fullmatch(r"[A-Za-z0-9._/-]{1,200}", path) and not {"", ".", ".."} & set(parts)
        need(holds, "bag-path", "a path leads astray")
    need(all(len(c) <= MAX_FILE for c in files.values()), "limits", "a file is larger than any in a bundle")
    need(zip_of(files) == raw, "zip-form", "not the one zip of these files")
    return files


def check_bag(files: dict[str, bytes]) -> dict[str, Json]:
    """Manifests and statement list exactly these files; returns the statement's predicate."""

    def manifest(paths: list[str]) -> bytes:
        return "".join(f"{sha256(files[p]).hexdigest()}  {p}\n" for p in sorted(paths)).encode()

    missing = sorted(BAG - files.keys())
    need(not missing, "bag-missing", ", ".join(missing))
    payload = [p for p in files if p.startswith("data/")]
    extra = sorted(files.keys() - payload - BAG - STATIC)
    need(not extra, "bag-extra", ", ".join(extra))
    tags = [p for p in files if p not in payload and p not in ("tagmanifest-sha256.txt", "bundle.json", "bundle.sig")]
    info = f"Bag-Software-Agent: holdpoint\nPayload-Oxum: {sum(len(files[p]) for p in payload)}.{len(payload)}\n"
    need(files["bagit.txt"] == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n", "bag-manifest", "bagit.txt")
    need(files["bag-info.txt"] == info.encode(), "bag-manifest", "bag-info.txt")
    need(files["manifest-sha256.txt"] == manifest(payload), "bag-manifest", "manifest-sha256.txt")
    need(files["tagmanifest-sha256.txt"] == manifest(tags), "bag-manifest", "tagmanifest-sha256.txt")
    code = "statement-form"
    said = shaped(parse_json(files["bundle.json"], code), code, "_type predicate predicateType subject")
    kind = said["predicateType"]
    later = isinstance(kind, str) and kind.startswith("urn:holdpoint:bundle:") and kind != "urn:holdpoint:bundle:1"
    need(not later, "format-unknown", "a later version of the format")
    holds = (said["_type"], kind) == ("https://in-toto.io/Statement/v1", "urn:holdpoint:bundle:1")
    need(holds, "statement-form", "another type")
    listed = [
        {"digest": {"sha256": sha256(files[p]).hexdigest()}, "name": p} for p in sorted(files) if p[:7] != "bundle."
    ]
    need(said["subject"] == listed, "statement-mismatch", "the statement lists other files")
    predicate = shaped(said["predicate"], "statement-form", "checkpoint founding ledger profile recipient schema")
    need(predicate["schema"] == "holdpoint.bundle/1", "statement-form", "another schema")
    return predicate
