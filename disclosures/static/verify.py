"""Verify a Holdpoint disclosure bundle with this one file: Python 3.11 or later and `cryptography` 50 or later, nothing else.

    python verify.py BUNDLE.zip [--pin PIN.json] [--json]

Take this file from the release, not from whoever handed you the bundle, and compare its SHA-256 with the published one. It is a
second implementation: it shares no code with `holdpoint verify`, and gives the same verdicts and exit codes (0 holds, 4
tampering shown, 5 not proven, 1 undecided, 2 wrong usage). Formats: spec/bundle.md and the pages that it names. What it does not
do, and says: the rules of each event type, separation of duties, claims but those about incidents (INCOMPLETE,
`claims-not-folded`), the report.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import struct
import sys
import zipfile
from binascii import crc32
from calendar import monthrange
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

TYPES = """
action.requested deployer 1 2 audience_detail; approval.given approver 1 2 rationale; approval.refused approver 1 2 rationale;
approval.withdrawn approver 1 0 -; body.informed deployer 1 0 -; break-glass.reviewed key-admin 2 0 -;
concern.assigned responder 1 0 -; concern.found responder 1 0 -; concern.raised responder 1 0 -;
decision.made decider 1 2 reason; deployment.changed deployer 1 0 -; deployment.ended deployer 1 0 -;
deployment.started deployer 1 0 -; disclosure.erased discloser 2 0 -; disclosure.made discloser 2 0 -;
document.confirmed approver 1 0 -; document.published discloser 2 0 -; document.submitted assessor 1 0 - findings*16;
entry.suppressed root 1 0 -; evaluation.amended evaluator 1 4 scores scores*32; evaluation.invalidated evaluator 1 0 -;
evaluation.preregistered evaluator 1 0 -;
evaluation.recorded evaluator 1 6 scores,evaluator,model_as_named,elicitation,revision scores*32,revision.commit.origin*2;
exception.invoked decider 2 0 -; framework.adopted framework-admin 2 0 -; framework.interpreted framework-admin 2 0 -;
framework.published framework-admin 2 0 -; framework.scope-determined framework-admin 2 0 -;
framework.source-drifted engine|framework-admin 1 0 -; gate.evaluated ! 1 0 -; incident.classified responder 1 0 -;
incident.involvement-known responder 1 0 -; incident.observed responder 1 2 summary; incident.report-filed responder 1 0 -;
incident.resolved responder 1 2 root_cause; index.committed ! 1 0 -; interim.approved decider 2 0 -;
key.registered key-admin 2 0 -; key.revoked key-admin 1 0 -; ledger.founded - 1 0 -; ledger.frozen root 1 0 -;
ledger.restored root 1 0 -; log.rotated root 1 0 -; model.compute-reached evaluator 1 0 -; model.referenced ! 1 0 -;
model.registered assessor 1 1 subject; obligation.fulfilled responder 1 0 -; obligation.not-applicable responder 1 0 -;
obligation.tolled responder 1 0 -; principal.registered key-admin 2 2 name; reassessment.triggered assessor 1 0 -;
recommendation.issued assessor 1 2 rationale; replay.performed auditor 1 0 -; role.granted key-admin 2 0 -;
role.revoked key-admin 2 0 -; root.rotated root 1 0 -; rules.adopted root 1 0 -; safeguard.attested attester 1 2 detail;
safeguard.degraded attester 1 0 -; safeguard.withdrawn attester 1 0 -;
threshold.determined assessor 1 4 confidence,rationale dissent*8; threshold.retracted ! 1 0 -; token.issued key-admin 1 0 -;
token.revoked key-admin 1 0 -; training.ended deployer 1 0 -; training.paused deployer 1 0 -; training.resumed deployer 1 0 -;
training.started deployer 1 0 -
"""
"""Type, roles (`!` = the engine's key alone, `root` = the root quorum), principals, `_sd` slots, withholdable members; then what
may be withheld inside one: `array*cap`, `object.member.member*slots`."""
ROWS = [row for row in map(str.split, TYPES.split(";")) if row]
TABLE = {row[0]: (row[1].split("|"), int(row[2]), int(row[3]), row[4].split(",")) for row in ROWS}
PLACES = [(row[0], *one.split("*")) for row in ROWS for one in ",".join(row[5:]).split(",") if one]
INSIDE = {t: {p.split(".")[0]: (p.split(".")[1:], int(n)) for u, p, n in PLACES if u == t} for t in TABLE}
"""Type → member → (the members inside it that may be withheld, none for an array; how many digests stand there)."""
HELD = {t: {*row[3], *INSIDE[t]} - {"-"} for t, row in TABLE.items()}
"""Type → members that may be withheld, whole or inside."""
ORDER = ["VALID", "VALID_UNWITNESSED", "INCOMPLETE", "UNANCHORED", "DIVERGED", "INVALID"]
EXIT = {"VALID": 0, "VALID_UNWITNESSED": 0, "INCOMPLETE": 5, "UNANCHORED": 5, "DIVERGED": 4, "INVALID": 4, "ERROR": 1}
UNDECIDED = {"type-unknown", "rules-unknown", "format-unknown", "limits"}
MAX_ZIP, MAX_FILE, MAX_FILES = 2 << 30, 64 << 20, 65_535
HEX = re.compile(r"[0-9a-f]{64}")
TIME = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z")
BAG = {"bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt", "bundle.json", "bundle.sig"}
STATIC = {"VERIFY.md", "verify.html", "verify.py"}
PARTS = ("claims", "completeness", "consistency", "redactions", "request")
Json = Any
NAME, LINE, STREAM, FIELD = r"[A-Za-z0-9._:/@-]{1,120}", r"(?s).{0,400}", r"[a-z0-9._:/@-]{1,200}", r"\*|[a-z_]{1,60}"
DIGITS, CLASS, WHEN = r"[0-9a-f]{64}", r"[a-z0-9][a-z0-9-]{0,63}", TIME.pattern
ENTRY = {
    "envelope": {"payload": "(?s).+", "payloadType": r"application/vnd\.in-toto\+json",
                 "signatures": [{"keyid": LINE, "sig": r"(?s).+"}]},
    "recorded_at": WHEN, "stream": {"previous": rf"({DIGITS})?", "version": 1},
}  # fmt: skip
BESIDE = ({"datum": r"(?s).{0,1000}", "path": [DIGITS], "position": 0}, None)
SHAPES: dict[str, Json] = {
    "claims": {"as_of": {"size": 1, "time": WHEN}, "claims": [dict], "founding": DIGITS, "ledger": STREAM,
               "schema": "holdpoint.bundle-claims/1", "subject": STREAM},
    "completeness": {
        "absent": [{"left": BESIDE, "right": BESIDE, "stream": STREAM}],
        "committed": {"index": 0, "root": DIGITS, "size": 1, "streams": 1}, "schema": "holdpoint.completeness/1",
        "streams": [{"head": DIGITS, "path": [DIGITS], "position": 0, "stream": STREAM, "version": 1,
                     "withheld": [{"class": CLASS, "from": 1, "to": 1}]}]},
    "consistency": {"proofs": [{"path": [DIGITS], "size": 1}], "schema": "holdpoint.consistency/1"},
    "redactions": {"classes": [{"character": LINE, "count": 0, "ground": LINE, "id": CLASS, "justification": r"(?s).{0,8000}",
                                "kind": "event|field|erased|unheld|suppressed", "retained_until": (WHEN, None), "what": LINE}],
                   "schema": "holdpoint.redactions/1"},
    "request": {"actions": [NAME], "first": 0, "last": 0, "profile": {
        "audience": LINE, "claims": ["decision|incident|status"], "id": NAME, "schema": "holdpoint.profile/1",
        "source": r"(?s).{0,8000}", "shows": [{"fields": [FIELD], "type": NAME, "disclose?": [FIELD]}], "title": LINE,
        "withholds": [{"character": LINE, "ground": LINE, "id": CLASS, "justification": r"(?s).{0,8000}", "kind": "event|field",
                       "of": [r"(?s).{1,120}"], "what": LINE, "retention?": {"amount": 1, "unit": "month|year"}}]},
        "recipient": LINE, "schema": "holdpoint.bundle-request/1", "since": [1], "subject": STREAM, "absent?": [STREAM]},
}  # fmt: skip
"""The JSON members: a text is a pattern, a number the least whole number, a list holds any number, a tuple is a choice."""
P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P


class Bad(Exception):  # a finding, not a failure of this program
    """What does not hold: a code of spec/bundle.md §7, words, and the entry's index where there is one."""

    def __init__(self, code: str, detail: str, index: int | None = None, verdict: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail, self.index = code, detail, index
        self.verdict = verdict or ("ERROR" if code in UNDECIDED else "INVALID")


def need(holds: object, code: str, detail: str, index: int | None = None) -> None:
    """Raise `Bad` unless it holds."""
    if not holds:
        raise Bad(code, detail, index)


def canonical(value: Json) -> bytes:
    """RFC 8785 within the domain of these formats: ASCII names, integers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def parse_json(raw: bytes, code: str) -> Json:
    """A JSON text that is its own canonical form."""

    def pairs(found: list[tuple[str, Json]]) -> dict[str, Json]:
        need(len(dict(found)) == len(found) and all(k.isascii() for k, _ in found), code, "a name twice, or not ASCII")
        return dict(found)

    def whole(text: str) -> int:
        need(len(text) < 18 and abs(int(text)) < 2**53, code, "a number is too large")
        return int(text)

    def no(_text: str) -> Json:
        raise Bad(code, "a number is not whole")

    depth = 0
    for mark in re.sub(rb'"(?:[^"\\]++|\\.)*+"', b"", raw, flags=re.DOTALL):
        depth += (mark in b"[{") - (mark in b"]}")
        need(depth <= 32, code, "nested too deep")
    try:
        value = json.loads(
            raw.decode("utf-8"), object_pairs_hook=pairs, parse_int=whole, parse_float=no, parse_constant=no
        )
        need(canonical(value) == raw, code, "not in canonical form")
    except (ValueError, RecursionError):
        raise Bad(code, "not JSON") from None
    return value


def shaped(value: Json, code: str, required: str, optional: str = "") -> dict[str, Json]:
    """An object with exactly these members."""
    need(isinstance(value, dict), code, "not an object")
    names = set(value)
    holds = set(required.split()) <= names <= {*required.split(), *optional.split()}
    need(holds, code, "another member than the format's")
    return dict(value)


def fits(value: Json, shape: Json) -> bool:
    """Whether a value has a shape of `SHAPES`; a truth value is no number."""
    if isinstance(shape, tuple):
        return any(value is None if one is None else fits(value, one) for one in shape)
    if isinstance(shape, str):
        return isinstance(value, str) and re.fullmatch(shape, value) is not None
    if isinstance(shape, int):
        return type(value) is int and value >= shape
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(v, shape[0]) for v in value)
    if shape is dict or not isinstance(value, dict):
        return isinstance(value, dict)
    names = {k.rstrip("?"): k for k in shape}
    must = {k for k in shape if not k.endswith("?")}
    return must <= value.keys() <= names.keys() and all(fits(v, shape[names[k]]) for k, v in value.items())


def base64_of(text: Json, code: str) -> bytes:
    """Standard base64 with padding and canonical last bits."""
    need(isinstance(text, str), code, "not a text")
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise Bad(code, "not base64") from None
    need(base64.b64encode(raw).decode() == text, code, "base64 with stray bits")
    return raw


def base64url_of(text: Json, code: str) -> bytes:
    """URL-safe base64 without padding."""
    need(isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9_-]*", text) and len(text) % 4 != 1, code, "not base64url")
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    need(base64.urlsafe_b64encode(raw).decode().rstrip("=") == text, code, "base64url with stray bits")
    return raw


def unhex(text: Json, code: str) -> bytes:
    """32 bytes of lower-case hex."""
    need(isinstance(text, str) and HEX.fullmatch(text), code, "not 64 hex digits")
    return bytes.fromhex(text)


def leaf_of(data: bytes) -> bytes:
    """RFC 6962 leaf hash."""
    return sha256(b"\0" + data).digest()


def join(left: bytes, right: bytes) -> bytes:
    """RFC 6962 node hash."""
    return sha256(b"\1" + left + right).digest()


def included(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that an inclusion path leads to (RFC 6962 §2.1.1, by its own recursion)."""
    if size == 1:
        need(not path, "proof-too-long", "the path is longer than the tree is high")
        return leaf
    need(path, "proof-too-short", "the path is shorter than the tree is high")
    k = 1 << (size - 1).bit_length() - 1
    if index < k:
        return join(included(leaf, index, k, path[:-1]), path[-1])
    return join(path[-1], included(leaf, index - k, size - k, path[:-1]))


def grown(old: int, new: int, path: list[bytes], root: bytes, *, whole: bool = True) -> tuple[bytes, bytes]:
    """The old and the new root that a consistency proof leads to (RFC 6962 §2.1.2, by its own recursion)."""
    if old == new:
        need(len(path) == (0 if whole else 1), "consistency-form", "the proof is of another length")
        return (root, root) if whole else (path[0], path[0])
    need(path, "consistency-form", "the proof is too short")
    k = 1 << (new - 1).bit_length() - 1
    if old <= k:
        one, two = grown(old, k, path[:-1], root, whole=whole)
        return one, join(two, path[-1])
    one, two = grown(old - k, new - k, path[:-1], root, whole=False)
    return join(path[-1], one), join(path[-1], two)


def add(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    """Two points of edwards25519 (RFC 8032 §5.1.4, affine)."""
    t = D * a[0] * b[0] * a[1] * b[1] % P
    return ((a[0] * b[1] + b[0] * a[1]) * pow(1 + t, -1, P) % P, (a[1] * b[1] + a[0] * b[0]) * pow(1 - t, -1, P) % P)


def sound(raw: bytes) -> bool:
    """A canonical point of the prime-order subgroup: with another, one signature may verify for many messages."""
    y, sign = int.from_bytes(raw, "little") & (2**255 - 1), raw[31] >> 7
    if y >= P:
        return False
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square or (x == 0 and sign):
        return False
    point, total, order = (x if x & 1 == sign else P - x, y), (0, 1), 2**252 + 27742317777372353535851937790883648493
    if y == 1:
        return False
    for bit in reversed(range(253)):
        total = add(total, total)
        total = add(total, point) if order >> bit & 1 else total
    return total == (0, 1)


def verified(spki: bytes, alg: str, message: bytes, signature: bytes) -> bool:
    """Whether a signature of an event key holds; strict DER and low S for P-256."""
    try:
        public = load_der_public_key(spki)
        if public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != spki:
            return False
        if (alg == "ed25519" and isinstance(public, ed25519.Ed25519PublicKey)) or (
            alg == "ml-dsa-65" and isinstance(public, mldsa.MLDSA65PublicKey)
        ):
            public.verify(signature, message)
        elif alg == "ecdsa-p256-sha256" and isinstance(public, ec.EllipticCurvePublicKey):
            r, s = decode_dss_signature(signature)
            half = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551 // 2
            if public.curve.name != "secp256r1" or s > half or encode_dss_signature(r, s) != signature:
                return False
            public.verify(signature, message, ec.ECDSA(SHA256()))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def parse_note(raw: bytes) -> tuple[str, int, bytes, list[tuple[str, bytes, bytes]]]:
    """A checkpoint: origin, size, root, and its signature lines (name, key id, signature)."""
    code = "checkpoint-malformed"
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Bad(code, "not UTF-8") from None
    head, blank, tail = text.rpartition("\n\n")
    lines, signatures = head.split("\n"), tail.split("\n")
    holds = blank and len(lines) == 3 and signatures.pop() == "" and 1 <= len(signatures) <= 100
    need(holds, code, "not three lines, signed")
    heads = re.fullmatch(r"[^\x00-\x1f]{1,255}", lines[0]) and re.fullmatch(r"[1-9][0-9]{0,18}", lines[1])
    need(heads, code, "origin or size")
    found = []
    for line in signatures:
        match = re.fullmatch(r"\u2014 ([^\s+\x00-\x1f]+) ([A-Za-z0-9+/]+={0,2})", line)
        need(match, code, "a signature line")
        signature = base64_of(match[2] if match else "", code)
        need(len(signature) >= 5, code, "a signature line is too short")
        found.append((match[1] if match else "", signature[:4], signature[4:]))
    root = base64_of(lines[2], code)
    need(len(root) == 32, code, "the root is not 32 bytes")
    return lines[0], int(lines[1]), root, found


def parse_vkey(text: Json) -> tuple[str, bytes, int, bytes]:
    """A verifier key: name, key id, type, public key."""
    need(isinstance(text, str) and text.count("+") >= 2, "keys-mismatch", "a verifier key")
    name, digits, encoded = text.split("+", 2)
    raw = base64_of(encoded, "keys-mismatch")
    kind, public = raw[0] if raw else 0, raw[1:]
    need((kind, len(public)) in ((1, 32), (4, 32), (6, 1312)), "keys-mismatch", "a verifier key of another type")
    need(kind == 6 or sound(public), "keys-mismatch", "a weak verifier key")
    key_id = sha256(name.encode() + b"\n" + raw).digest()[:4]
    need(key_id.hex() == digits, "keys-mismatch", "a verifier key's id")
    return name, key_id, kind, public


def check_note(raw: bytes, vkeys: list[Json], code: str, *, every: bool = False) -> tuple[str, int, bytes]:
    """The head of a checkpoint, once Ed25519 and ML-DSA-44 lines of the log's keys verify."""
    origin, size, root, lines = parse_note(raw)
    text = raw[: raw.rindex(b"\n\n") + 1]
    held, lines_of = set(), set()
    for name, key_id, kind, public in map(parse_vkey, vkeys):
        for line_name, line_id, signature in lines:
            if (line_name, line_id) != (name, key_id):
                continue
            try:
                if kind == 1:
                    ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
                elif kind == 6 and int.from_bytes(signature[:8], "big") > 0:
                    who, log = name.encode(), origin.encode()
                    message = b"subtree/v1\n\0" + bytes([len(who)]) + who + signature[:8] + bytes([len(log)]) + log
                    message += bytes(8) + size.to_bytes(8, "big") + root
                    mldsa.MLDSA44PublicKey.from_public_bytes(public).verify(signature[8:], message)
                else:
                    continue
            except (InvalidSignature, ValueError):
                raise Bad(code, f"the signature of {name} (type {kind}) does not verify") from None
            held |= {kind} if name == origin else set()
            lines_of.add((name, key_id))
    need(not every or len(lines_of) == len(vkeys), code, "a log key in force did not sign")
    need(held == {1, 6}, code, "not signed with both Ed25519 and ML-DSA-44 by the log's keys")
    return origin, size, root


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


def filled(value: dict[str, Json], many: int, code: str, index: int) -> None:
    """The `_sd` of an object is that many distinct digests, ascending; none at all where it has none."""
    digests = value.get("_sd", [])
    texts = isinstance(digests, list) and all(isinstance(d, str) for d in digests)
    need(texts and len(digests) == many and digests == sorted(set(digests)), code, f"an _sd of entry {index}", index)


class Entry:
    """An entry: its leaf, place, statement and signatures, with what is disclosed put back into `body`."""

    def __init__(self, index: int, raw: bytes, disclosed: bytes | None) -> None:
        code = "entry-form"
        need(len(raw) <= 65_535, code, "too large", index)
        value = parse_json(raw, code)
        need(fits(value, ENTRY), code, "its form", index)
        envelope, place, self.recorded_at = value["envelope"], value["stream"], value["recorded_at"]
        self.index, self.leaf = index, leaf_of(raw).hex()
        self.previous, self.version = place["previous"], place["version"]
        need((self.version == 1) == (self.previous == ""), code, "its place in its stream", index)
        self.payload = base64_of(envelope["payload"], code)
        self.signatures = [(s["keyid"], base64_of(s["sig"], code)) for s in envelope["signatures"]]
        need(1 <= len(self.signatures) <= 24 and len(self.payload) <= 49_152, code, "its size", index)
        statement = shaped(parse_json(self.payload, code), code, "_type predicate predicateType subject")
        match = re.fullmatch(r"urn:holdpoint:event:([a-z.-]+):1", str(statement["predicateType"]))
        holds = match and match[1] in TABLE
        need(holds, "type-unknown", f"entry {index} is of a type that this copy does not know", index)
        self.type = match[1] if match else ""
        self.roles, self.quorum, self.slots, self.withholdable = TABLE[self.type]
        said = shaped(
            statement["predicate"], code, "_sd_alg body event_id founding ledger occurred_at signers stream",
            "back_recorded causes evidence expected_version known_at",
        )  # fmt: skip
        need(said["_sd_alg"] == "sha-256" and isinstance(said["body"], dict), code, "its predicate", index)
        self.predicate, self.stream, self.signers = said, str(said["stream"]), said["signers"]
        subject, shape = statement["subject"], [{"digest": {"sha256": DIGITS}, "name": "_"}]
        need(fits(subject, shape) and len(subject) == 1, code, "its subject", index)
        self.subject = subject[0]["digest"]["sha256"]
        self.body, self.disclosed, self.inner = dict(said["body"]), set[str](), INSIDE[self.type]
        self.derived = self.roles == ["!"] or (self.type == "threshold.determined" and self.body.get("made") == "rule")
        self.open(disclosed)

    def open(self, disclosed: bytes | None) -> None:
        """Check the `_sd` slots, and put back what is disclosed; anything that does not fit is refused (RFC 9901 §7.1)."""
        sealed, i = self.predicate["body"], self.index
        filled(sealed, 0 if self.derived else self.slots, "sd-slots", i)
        self.showing = {n for n, v in sealed.items() if self.inside(n, v, "sd-slots") and n != "_sd"}
        waiting, seen = self.waiting(disclosed), set[str]()

        def take(digest: Json, arity: int) -> list[Json] | None:
            need(isinstance(digest, str) and digest not in seen, "digest-duplicate", f"a digest of entry {i}", i)
            seen.add(digest)
            found = waiting.pop(digest, None)
            need(found is None or len(found) == arity, "disclosure-arity", f"a disclosure of entry {i}", i)
            return found

        def placed(path: tuple[Json, ...], found: list[Json]) -> Json:
            names, _ = self.inner.get(path[0], ((), 0))
            part = path[-1] in names if names else path[0] in self.inner and type(path[-1]) is int
            allowed = path[0] in self.withholdable if len(path) == 1 else len(path) == 2 and part
            need(allowed, "disclosure-name", f"entry {i} discloses a member that its type has not", i)
            self.disclosed.add(path[0])
            if len(path) == 1:
                self.inside(path[0], found[2], "disclosure-slots")
                record = sha256(base64url_of(found[3], "disclosure-form")).hexdigest()
                holds = self.type != "model.registered" or record == self.subject
                need(holds, "disclosure-subject", f"entry {i}: another model's name", i)
            return opened(found[-2], path)

        def opened(value: Json, path: tuple[Json, ...]) -> Json:
            need(len(path) <= 32, "disclosure-form", f"disclosures of entry {i} are nested too deep", i)
            if isinstance(value, dict):
                need(not {"...", "_sd_alg"} & value.keys(), "disclosure-name", f"entry {i} has a reserved name", i)
                whole = {k: opened(v, (*path, k)) for k, v in value.items() if k != "_sd"}
                digests = value.get("_sd", [])
                need(isinstance(digests, list), "disclosure-form", f"an _sd of entry {i}", i)
                for digest in digests:
                    found = take(digest, 4)
                    if found is not None:
                        name = found[1]
                        holds = isinstance(name, str) and name not in ("_sd", "...", "_sd_alg")
                        need(holds, "disclosure-name", f"entry {i}", i)
                        need(name not in whole, "disclosure-name-present", f"entry {i}", i)
                        whole[name] = placed((*path, name), found)
                return whole
            return [element(v, (*path, n)) for n, v in enumerate(value)] if isinstance(value, list) else value

        def element(value: Json, path: tuple[Json, ...]) -> Json:
            if isinstance(value, dict) and "..." in value:
                need(len(value) == 1, "disclosure-form", f"a withheld element of entry {i}", i)
                found = take(value["..."], 3)
                return value if found is None else placed(path, found)
            return opened(value, path)

        self.body = opened(sealed, ())
        need(not waiting, "disclosure-orphan", f"a disclosure belongs nowhere in entry {i}", i)

    def waiting(self, disclosed: bytes | None) -> dict[str, list[Json]]:
        """The disclosures by digest, each with its text at the end: one a line, ascending, none twice."""
        i = self.index
        texts = [] if disclosed is None else disclosed.decode("latin-1").split("\n")
        if disclosed is not None:
            holds = texts.pop() == "" and texts and texts == sorted(set(texts))
            need(holds, "disclosure-form", f"disclosures of entry {i}", i)
        found: dict[str, list[Json]] = {}
        for text in texts:
            value = parse_json(base64url_of(text, "disclosure-form"), "disclosure-form")
            need(isinstance(value, list) and len(value) in (2, 3), "disclosure-arity", f"a disclosure of entry {i}", i)
            need(len(base64url_of(value[0], "disclosure-salt")) == 16, "disclosure-salt", f"a salt of entry {i}", i)
            digest = base64.urlsafe_b64encode(sha256(text.encode("latin-1")).digest()).decode().rstrip("=")
            found[digest] = [*value, text]
        return found

    def inside(self, member: str, value: Json, code: str) -> bool:
        """As many digests in a member as the type fixes: an array with a withheld element has its cap, an object its own `_sd`.
        Whether it shows anything."""
        names, many = self.inner.get(member, ((), 0))
        hidden = [v for v in value if isinstance(v, dict) and "..." in v] if isinstance(value, list) and many else []
        need(not hidden or len(value) == many, code, f"{member} of entry {self.index}", self.index)
        if isinstance(value, dict) and names:
            filled(value, many, code, self.index)
        return not hidden or len(hidden) < len(value)


class Trust:
    """Keys, roles and the root, as the shown stream `ledger` tells; checked entry by entry, as of each index."""

    def __init__(self) -> None:
        self.keys: dict[str, dict[str, Json]] = {}
        self.grants: dict[tuple[str, str], dict[str, Json]] = {}
        self.meta: dict[str, Json] = {"frozen": False, "log": []}
        self.time, self.ids = "", set[str]()

    def enter(self, body: dict[str, Json], index: int) -> None:
        """A key record: sound, of its algorithm, named by its digest, registered once."""
        spki = base64_of(body["spki"], "key-weak")
        need(sha256(spki).hexdigest() == body["keyid"], "key-unknown", "a key id is not its key's digest", index)
        need(body["alg"] != "ed25519" or sound(spki[-32:]), "key-weak", "a weak key", index)
        need(body["keyid"] not in self.keys, "key-known", "a key is registered twice", index)
        self.keys[body["keyid"]] = {**body, "raw": spki, "revoked": None}

    def alive(self, keyid: str, at: str, use: str, index: int) -> str:
        """The owner of a key that is alive at this index and time, for this use."""
        key = self.keys.get(keyid)
        if key is None:
            raise Bad("key-unknown", f"entry {index}: key {keyid} is not registered", index)
        need(key["revoked"] is None, "key-revoked", f"entry {index}: key {keyid} is revoked", index)
        within = str(key.get("not_before") or "") <= at <= str(key.get("not_after") or "~")
        need(within, "key-expired", f"entry {index}: key {keyid} is not valid at {at}", index)
        need(key["use"] == use, "key-use", f"entry {index}: key {keyid} is for {key['use']}", index)
        return str(key["principal"])

    def grant(self, who: str, role: str, at: str) -> dict[str, Json] | None:
        """A role that stands at this time."""
        found = self.grants.get((who, role))
        return found if found is not None and at <= str(found.get("valid_until") or "~") else None

    def admit(self, one: Entry) -> None:
        """Audience, order, signatures, keys, roles and quorum of an entry; then what it changes."""
        i, said, body = one.index, one.predicate, one.predicate["body"]
        founded = one.type == "ledger.founded"
        need((i == 0) == founded, "not-founded", "entry 0, and only entry 0, founds the ledger", i)
        audience = (body["origin"], "") if founded else (self.meta["origin"], self.meta["founding"])
        need((said["ledger"], said["founding"]) == audience, "wrong-ledger", f"entry {i} is for another ledger", i)
        need(one.recorded_at >= self.time, "recorded-at-falls", f"entry {i} was recorded before an earlier one", i)
        need(said["event_id"] not in self.ids, "event-id-conflict", f"entry {i} repeats an event id", i)
        self.time = one.recorded_at
        self.ids.add(said["event_id"])
        keyids = [k for k, _ in one.signatures]
        holds = keyids == one.signers == sorted(set(keyids))
        need(holds, "signers-mismatch", f"entry {i}: other keys than its signers", i)
        carried = {k["keyid"]: k for k in body["keys"]} if one.type in ("ledger.founded", "root.rotated") else {}
        carried |= {body["keyid"]: body} if one.type == "key.registered" else {}
        message = b"DSSEv1 28 application/vnd.in-toto+json %d " % len(one.payload) + one.payload
        for keyid, signature in one.signatures:
            record = self.keys.get(keyid) or carried.get(keyid)
            if record is None:
                raise Bad("key-unknown", f"entry {i}: key {keyid} is not registered", i)
            good = verified(base64_of(record["spki"], "key-weak"), str(record["alg"]), message, signature)
            need(good, "signature-invalid", f"entry {i}: the signature of key {keyid} does not verify", i)
        if founded:
            need(sorted(carried) == keyids, "founding-malformed", "entry 0 is signed by the keys that it lists", i)
            need(body["rules"] == "holdpoint-rules/1", "rules-unknown", "this copy knows holdpoint-rules/1", i)
        elif one.derived:
            need(len(keyids) == 1, "signers-mismatch", f"entry {i}: the engine's key alone", i)
            who = self.alive(keyids[0], one.recorded_at, "engine", i)
            need(self.grant(who, "engine", one.recorded_at), "role-missing", f"entry {i}: {who} is no engine", i)
        else:
            need(not self.meta["frozen"] or one.roles == ["root"], "ledger-frozen", f"entry {i} in a frozen ledger", i)
            self.authorise(one, carried)
        self.fold(one, carried)

    def authorise(self, one: Entry, carried: dict[str, dict[str, Json]]) -> None:
        """Enough distinct principals, each with a role for this type, stream and action, or of the root."""
        i, at, body, voters = one.index, one.recorded_at, one.predicate["body"], set()
        if one.roles == ["root"]:
            for keyid in one.signers:
                if keyid in self.keys or keyid not in carried:
                    voters.add(self.alive(keyid, at, "root", i))
            need(set(carried) <= set(one.signers), "proof-of-possession", f"entry {i}: a new root key does not sign", i)
            need(len(voters) >= self.meta["root_threshold"], "quorum-short", f"entry {i}: too few of the root", i)
            return
        compromised = one.type == "key.revoked" and body["reason"] == "compromised"
        own = {body["keyid"]} if one.type in ("key.registered", "key.revoked") and not compromised else set()
        streams = [one.stream, *(body.get("subjects", []) if one.type == "threshold.determined" else [])]
        for keyid in one.signers:
            if keyid in carried and keyid not in self.keys:
                need(keyid in own, "key-unknown", f"entry {i}: key {keyid}", i)
                continue
            who = self.alive(keyid, at, "event", i)
            if keyid in own:
                continue
            grants = [g for role in one.roles if (g := self.grant(who, role, at)) is not None]
            need(grants, "role-missing", f"entry {i}: {who} holds no role {' or '.join(one.roles)}", i)
            reach = [g for g in grants if all(any(within(s, p) for p in g["streams"]) for s in streams)]
            acts = "action" not in body or any(body["action"] in g.get("actions", []) for g in reach)
            need(reach and acts, "scope-mismatch", f"entry {i}: the role of {who} does not reach that far", i)
            voters.add(who)
        if one.type == "key.registered":
            need(body["keyid"] in one.signers, "proof-of-possession", f"entry {i}: the new key does not sign", i)
        if not (one.type == "key.revoked" and own & set(one.signers)):
            need(len(voters) >= (2 if compromised else one.quorum), "quorum-short", f"entry {i}: too few signed", i)

    def fold(self, one: Entry, carried: dict[str, dict[str, Json]]) -> None:
        """What a trust event changes from the next index on."""
        body, i, kind = one.predicate["body"], one.index, one.type
        if kind == "ledger.founded":
            self.meta |= {k: body[k] for k in ("origin", "root_threshold", "vkeys")} | {"founding": one.leaf}
            self.meta["log"] = [(0, body["vkeys"])]
            for key in body["keys"]:
                self.enter(key, i)
                if key.get("role"):
                    reach = ["ledger"] if key["role"] == "key-admin" else ["model/", "ledger", "framework/"]
                    self.grants[key["principal"], key["role"]] = {"streams": reach}
        elif kind == "key.registered":
            self.enter(body, i)
        elif kind == "key.revoked":
            need(body["keyid"] in self.keys, "key-unknown", f"entry {i} revokes an unknown key", i)
            self.keys[body["keyid"]]["revoked"] = i
        elif kind == "role.granted":
            if self.grant(body["principal"], body["role"], one.recorded_at) is None:
                self.grants[body["principal"], body["role"]] = body
        elif kind == "role.revoked" and not body.get("pack_role"):
            self.grants.pop((body["principal"], body["role"]), None)
        elif kind == "root.rotated":
            for keyid, key in self.keys.items():
                if key["use"] == "root" and keyid not in carried:
                    key["revoked"] = i
            for keyid, key in carried.items():
                if keyid not in self.keys:
                    self.enter(key, i)
            self.meta["root_threshold"] = body["root_threshold"]
        elif kind == "log.rotated":
            self.meta["vkeys"] = body["vkeys"]
            self.meta["log"].append((i + 1, body["vkeys"]))
        elif kind == "rules.adopted":
            raise Bad("rules-unknown", f"entry {i} adopts rules that this copy does not know", i)
        elif kind in ("ledger.frozen", "ledger.restored"):
            self.meta["frozen"] = kind == "ledger.frozen"


def within(stream: str, prefix: str) -> bool:
    """Whether a stream lies below a prefix, which ends at a `/` boundary."""
    return stream.startswith(prefix) and (prefix.endswith("/") or stream[len(prefix) :][:1] in ("", "/"))


class Bundle:
    """A bundle read: its members, entries by index, and the checks made so far."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files, self.checks, self.notes = files, list[tuple[str, str, str, str, int | None]](), list[str]()
        self.statement = check_bag(files)
        need(all(f"data/{n}.json" in files for n in PARTS), "bag-missing", "a member of data/ is missing")
        need({"data/checkpoint", "data/keys"} <= files.keys(), "bag-missing", "data/checkpoint or data/keys")
        self.part = {n: parse_json(files[f"data/{n}.json"], f"{n}-form") for n in PARTS}
        for name, shape in SHAPES.items():
            need(fits(self.part[name], shape), f"{name}-form", f"{name}.json is not of its form")
        need(self.part["request"].get("absent") != [], "request-form", "request.json: absent is left out where empty")
        self.origin, self.size, self.root, _ = parse_note(files["data/checkpoint"])
        self.entries: dict[int, Entry] = {}
        known = {"data/checkpoint", "data/keys", "data/report.html", *(f"data/{n}.json" for n in PARTS)}
        for path in sorted(files, key=lambda p: (len(p), p)):
            match = re.fullmatch(r"data/events/(0|[1-9][0-9]{0,15})\.json", path)
            if match:
                n = int(match[1])
                side = [f"data/proofs/{n}.tlog-proof", f"data/disclosures/{n}.jsonl"]
                need(side[0] in files, "proof-missing", f"entry {n} has no proof", n)
                known |= {path, *side}
                self.entries[n] = Entry(n, files[path], files.get(side[1]))
        packs = {p for p in files if re.fullmatch(r"data/frameworks/[0-9a-f]{64}\.json", p)}
        stamps = {
            p for p in files if re.fullmatch(r"data/timestamps/[1-9][0-9]{0,15}\.[0-9a-f]{64}\.[1-9][0-9]?\.tsr", p)
        }
        if stamps:
            self.notes.append(f"timestamps: {len(stamps)} tokens are there, and this verifier reads none")
        extra = sorted(p for p in files if p.startswith("data/") and p not in known | packs | stamps)
        need(not extra, "bag-extra", ", ".join(extra[:3]))
        self.packs = {p[16:80]: files[p] for p in packs}
        self.order = [self.entries[n] for n in sorted(self.entries)]

    def stream(self, name: str) -> list[Entry]:
        """The shown entries of a stream, in order."""
        return [e for e in self.order if e.stream == name]


def check_proofs(bundle: Bundle) -> str:
    """Every entry in the tree of the one checkpoint."""
    note = bundle.files["data/checkpoint"]
    for one in bundle.order:
        head, blank, tail = bundle.files[f"data/proofs/{one.index}.tlog-proof"].partition(b"\n\n")
        lines, i = head.decode("latin-1").split("\n"), one.index
        need(blank and len(lines) >= 2 and lines[0] == "c2sp.org/tlog-proof@v1", "proof-form", f"entry {i}", i)
        need(tail == note, "proof-checkpoint", f"entry {i} is proven under another checkpoint", i)
        need(lines[1] == f"index {i}", "proof-index", f"the proof of entry {i} is for another", i)
        path = [base64_of(line, "proof-form") for line in lines[2:]]
        need(all(len(h) == 32 for h in path) and i < bundle.size, "proof-form", f"entry {i}", i)
        root = included(bytes.fromhex(one.leaf), i, bundle.size, path)
        need(root == bundle.root, "proof-mismatch", f"entry {i} is not in the tree", i)
    return f"{len(bundle.order)} entries stand in the tree of {bundle.size}"


def check_said(bundle: Bundle) -> str:
    """Statement, request and claims speak of this checkpoint, ledger, profile and recipient."""
    said, request, claims = bundle.statement, bundle.part["request"], bundle.part["claims"]
    head = {"root": bundle.root.hex(), "size": bundle.size}
    need(0 in bundle.entries, "gap", "entry 0 is not shown", 0)
    same = (said["checkpoint"], said["ledger"], said["founding"]) == (head, bundle.origin, bundle.entries[0].leaf)
    need(same, "statement-mismatch", "the statement is for another checkpoint or ledger")
    named = (request["profile"].get("id"), request["recipient"], request["first"], request["last"])
    shown = (said["profile"], said["recipient"], bundle.order[0].index, bundle.order[-1].index)
    need(named == shown, "statement-mismatch", "the request is for another profile, recipient or range")
    for_this = (bundle.origin, said["founding"], request["subject"], bundle.size)
    claimed = (claims["ledger"], claims["founding"], claims["subject"], claims["as_of"]["size"])
    late = bundle.order[-1].recorded_at <= claims["as_of"]["time"]
    need(claimed == for_this and late, "claims-mismatch", "the claims are for another position")
    return "request, claims and statement agree"


def check_signed(bundle: Bundle, trust: Trust) -> str:
    """The engine's live key signed the list of all files."""
    line = shaped(parse_json(bundle.files["bundle.sig"], "statement-form"), "statement-form", "keyid payloadType sig")
    need(line["payloadType"] == "application/vnd.in-toto+json", "statement-form", "another payload type")
    at, payload = bundle.part["claims"]["as_of"]["time"], bundle.files["bundle.json"]
    try:
        who = trust.alive(line["keyid"], at, "engine", 0)
    except Bad as err:
        raise Bad("statement-key", err.detail) from None
    need(trust.grant(who, "engine", at), "statement-key", f"{who} is no engine")
    key, message = trust.keys[line["keyid"]], b"DSSEv1 28 application/vnd.in-toto+json %d " % len(payload) + payload
    signature = base64_of(line["sig"], "statement-form")
    need(verified(key["raw"], key["alg"], message, signature), "statement-signature", "the statement's signature")
    return f"{len(bundle.files) - 2} files, listed and signed by {who}"


def check_checkpoint(bundle: Bundle, trust: Trust, pin: dict[str, Json] | None) -> str:
    """Signed by the log's keys in force, which follow from entry 0; `data/keys` is compared and never used."""
    vkeys = trust.meta["vkeys"]
    need(bundle.files["data/keys"] == "".join(f"{v}\n" for v in vkeys).encode(), "keys-mismatch", "data/keys")
    need(bundle.origin == trust.meta["origin"], "checkpoint-origin", "the checkpoint is of another origin")
    ours = pin is not None and (pin["origin"], pin["founding"]) == (bundle.origin, trust.meta["founding"])
    if pin is not None and ours:
        size = parse_note(pin["checkpoint"].encode())[1]
        then = [keys for since, keys in trust.meta["log"] if since <= size][-1]
        need(size > bundle.size or set(pin["vkeys"]) <= set(then), "keys-mismatch", "the pin's log keys are others")
    check_note(bundle.files["data/checkpoint"], vkeys, "checkpoint-signature", every=True)
    return "Ed25519 and ML-DSA-44 signatures verify under the keys that entry 0 and its successors name"


def check_admission(bundle: Bundle, trust: Trust) -> str:
    """Every entry, in order of index."""
    for one in bundle.order:
        trust.admit(one)
    bundle.notes.append("rules of event types, separation of duties, the schema of each body: run holdpoint verify")
    return f"{len(bundle.order)} entries: signatures, keys, roles and quorum as of each index"


def named_models(one: Entry) -> list[str]:
    """The other models' streams that an entry names: parent, and what its compute is measured against."""
    if one.type == "model.registered":
        measured = one.body.get("effective_compute")
        found = (one.body.get("parent"), measured.get("of") if isinstance(measured, dict) else None)
        return [s for s in found if s is not None]
    return [one.body["of"]] if one.type == "model.compute-reached" else []


def check_streams(bundle: Bundle) -> str:
    """Each listed stream to its proven end: shown, or counted as withheld; nothing twice, nothing left out."""
    part, names = bundle.part["completeness"], [s["stream"] for s in bundle.part["completeness"]["streams"]]
    said = shaped(part["committed"], "completeness-form", "index root size streams")
    commits = [e for e in bundle.order if e.type == "index.committed"]
    newest = commits[-1] if commits else None
    body = {k: v for k, v in said.items() if k != "index"}
    right = newest is not None and (newest.index, newest.body) == (said["index"], body) and all(
        e.body["size"] == e.index for e in commits)  # fmt: skip
    need(right, "index-mismatch", "no shown index.committed says this", newest.index if newest else None)
    need(names == sorted(set(names)), "completeness-form", "streams out of order")
    absent = {a["stream"] for a in part["absent"]}
    lost = {"ledger", bundle.part["request"]["subject"]} - set(names) - (absent - {"ledger"})
    need(not lost, "gap", f"where {', '.join(lost)} ends is not shown")
    for one in bundle.order:
        holds = one.stream in names
        need(holds, "gap", f"entry {one.index} stands in {one.stream}, whose end is not shown", one.index)
        for other in named_models(one):
            need(other in names, "gap", f"{one.stream} names {other}, whose end is not shown", one.index)
    for end in part["streams"]:
        check_end(bundle, end, said)
    places = [s["position"] for s in part["streams"] if s["stream"].startswith("framework/")]
    need(places == list(range(places[0], places[0] + len(places))) if places else True, "gap", "a framework stream")
    check_references(bundle)
    bundle.notes.append(
        f"that the stream index of entry {said['index']} is true of all streams: a full auditor's to say"
    )
    hidden = sum(r["to"] - r["from"] + 1 for s in part["streams"] for r in s["withheld"])
    return f"{len(names)} streams to their ends as of {said['size']}; {hidden} entries withheld"


def check_indexed(datum: bytes, place: dict[str, Json], said: dict[str, Json]) -> None:
    """A datum stands in the committed stream index."""
    path = [unhex(h, "completeness-form") for h in place["path"]]
    need(0 <= place["position"] < said["streams"], "index-mismatch", "a position outside the stream index")
    root = included(leaf_of(datum), place["position"], said["streams"], path)
    need(root.hex() == said["root"], "index-mismatch", "a stream's end is not in the committed index")


def check_end(bundle: Bundle, end: dict[str, Json], said: dict[str, Json]) -> None:
    """One stream: its end in the index, its versions without gap, its chain, its head."""
    name, version, shown = end["stream"], end["version"], bundle.stream(end["stream"])
    check_indexed(canonical({k: end[k] for k in ("head", "stream", "version")}), end, said)
    need(name != "ledger" or not end["withheld"], "gap", "entries of stream ledger are withheld")
    runs = end["withheld"]
    spans = sorted([(e.version, e.version) for e in shown] + [(r["from"], r["to"]) for r in runs])
    following = 1
    for first, last in spans:
        next_is = first == following <= last
        need(next_is, "gap", f"{name}: version {min(first, following)} is missing, or there twice")
        following = last + 1
    need(following > version, "gap", f"{name}: version {following} of {version} is neither shown nor withheld")
    need([e.version for e in shown] == sorted(e.version for e in shown), "gap", f"{name}: out of order")
    beyond = [e for e in shown if e.version > version and name != "ledger"]
    need(not beyond and all(r["to"] <= version for r in runs), "head-mismatch", f"{name} goes on behind its end")
    for before, one in zip(shown, shown[1:], strict=False):
        follows = one.version != before.version + 1 or one.previous == before.leaf
        need(follows, "chain-broken", f"{name}: version {one.version} does not follow", one.index)
    last_shown = [e for e in shown if e.version == version]
    head = all(e.leaf == end["head"] and (name != "ledger" or e.index < said["size"]) for e in last_shown)
    need(head, "head-mismatch", f"{name}: its last version is another", last_shown[0].index if last_shown else None)


def check_references(bundle: Bundle) -> None:
    """What the subject's `model.referenced` point at is shown, or withheld in a listed stream of its kind, each for one."""
    known, spare, led = set[str](), dict[str, int](), set[int]()
    for end in bundle.part["completeness"]["streams"]:
        previous = {e.version: e.previous for e in bundle.stream(end["stream"])}
        runs, family = end["withheld"], end["stream"].partition("/")[0]
        last = [end["head"] if r["to"] == end["version"] else previous.get(r["to"] + 1) for r in runs]
        spare[family] = spare.get(family, 0) + sum(r["to"] - r["from"] for r in runs) + last.count(None)
        known |= {f"{family} {leaf}" for leaf in last}
    for one in (e for e in bundle.stream(bundle.part["request"]["subject"]) if e.type == "model.referenced"):
        index, leaf, kind = one.body["index"], one.body["leaf"], one.body["type"].partition(".")[0]
        family, found = {"threshold": "model", "evaluation": "model"}.get(kind, kind), bundle.entries.get(index)
        need(found is None or found.leaf == leaf, "gap", f"entry {index} is not the one referred to", index)
        if found is None and f"{family} {leaf}" not in known and index not in led:
            spare[family] = spare.get(family, 0) - 1
            detail = f"entry {index} ({one.body['type']}) is referred to, and neither shown nor withheld"
            need(spare[family] >= 0, "gap", detail, index)
        led.add(index)


def check_absences(bundle: Bundle) -> str | None:
    """The streams asked about, each proven not to exist; nothing where none was asked about."""
    part, asked = bundle.part["completeness"], bundle.part["request"].get("absent", [])
    names, size = [gap["stream"] for gap in part["absent"]], part["committed"]["size"]
    here = {s["stream"] for s in part["streams"]} | {e.stream for e in bundle.order}
    need(names == asked == sorted(set(asked)), "absent-asked", "other streams than those asked about")
    for gap in part["absent"]:
        need(gap["stream"] not in here, "absent-exists", f"{gap['stream']} is shown in this very bundle")
        for other in check_absent(gap["stream"], gap["left"], gap["right"], part["committed"]):
            need(
                other[:10] != "framework/" or other in here,
                "gap",
                f"{other} stands beside, and its end is not shown",
            )
    return "; ".join(f"no stream {name} as of size {size}" for name in names) or None


def check_absent(name: str, left: Json, right: Json, said: dict[str, Json]) -> list[str]:
    """Its neighbours' names, once they stand side by side in the index (at an edge, one is enough) and it between them."""
    names = ["", "~"]  # no stream's name comes before or after these
    for n, side in ((n, side) for n, side in enumerate((left, right)) if side is not None):
        datum = side["datum"].encode()
        try:
            check_indexed(datum, side, said)
            head = parse_json(datum, "absent-datum")
        except Bad as err:
            raise Bad("absent-datum", f"beside {name}: {err.detail}") from None
        need(fits(head, {"head": DIGITS, "stream": STREAM, "version": 1}), "absent-datum", f"beside {name}")
        names[n] = head["stream"]
    low, high = -1 if left is None else left["position"], said["streams"] if right is None else right["position"]
    need(high == low + 1, "absent-edge" if None in (left, right) else "absent-adjacent", f"{name}: its neighbours")
    need(names[0] < name < names[1], "absent-order", f"{name} does not lie between its neighbours")
    return names


def later(time: str, period: dict[str, Json] | None) -> str | None:
    """The same day and clock a period later, the last day of the month where that day does not exist."""
    if period is None:
        return None
    months = int(time[:4]) * 12 + int(time[5:7]) - 1 + period["amount"] * (12 if period["unit"] == "year" else 1)
    year, month = divmod(months, 12)
    if year > 9999:
        return f"9999-12-31{time[10:]}"
    return f"{year:04}-{month + 1:02}-{min(int(time[8:10]), monthrange(year, month + 1)[1]):02}{time[10:]}"


def check_redactions(bundle: Bundle) -> str:
    """Each withheld version under a class that is described, each class with its count."""
    classes, counted = bundle.part["redactions"]["classes"], dict[str, int]()
    for end in bundle.part["completeness"]["streams"]:
        for run in end["withheld"]:
            counted[run["class"]] = counted.get(run["class"], 0) + run["to"] - run["from"] + 1
    ids = [c["id"] for c in classes]
    need(ids == sorted(set(ids)), "redactions-form", "classes out of order")
    need(set(counted) <= set(ids), "redactions-missing", "a class is not described")
    for one in classes:
        wanted = counted.get(one["id"], 0)
        fits = one["count"] == wanted and (one["kind"] in ("event", "suppressed")) == (wanted > 0)
        need(fits, "redactions-count", f"class {one['id']} counts otherwise")
    told = {(e.body["stream"], e.body["version"]): e.body for e in bundle.order if e.type == "entry.suppressed"}
    suppressed, gone = {c["id"] for c in classes if c["kind"] == "suppressed"}, list[int]()
    for end in bundle.part["completeness"]["streams"]:
        name, version = end["stream"], end["version"]
        leaves = {e.version - 1: e.previous for e in bundle.stream(name)} | {version: end["head"]}
        for run in (r for r in end["withheld"] if r["class"] in suppressed):
            for v in range(run["from"], min(run["to"], version) + 1):
                by = told.get((name, v))
                backed = by is not None and leaves.get(v, by["leaf"]) == by["leaf"]
                need(backed, "redactions-ground", f"{name}: version {v} is suppressed, says no entry of the root")
                gone.append(by["index"] if by else 0)
    if gone:
        detail = f"suppressed by the root: {', '.join(map(str, gone))}; what rests on them can't be judged"
        raise Bad("suppressed", detail, gone[0], "INCOMPLETE")
    return f"{len(ids)} classes, each with its ground; {sum(counted.values())} entries withheld"


def check_profile(bundle: Bundle) -> str:
    """Every shown entry and disclosed field is one that the profile allows, and every class is the profile's own."""
    profile = bundle.part["request"]["profile"]
    shows = {s["type"]: s for s in profile["shows"]}
    families = {t.partition(".")[0] + ".*" for t in TABLE}
    held = {f"{t}.{f}" for t, fields in HELD.items() for f in fields}
    known = {"event": {"*", *TABLE, *families}, "field": {"*", *held}}
    sound = (
        profile["shows"] and all(s["type"] in TABLE for s in profile["shows"])
        and len({s["type"] for s in profile["shows"]}) == len(profile["shows"])
        and all(set(s.get("disclose", [])) <= HELD[s["type"]] and s.get("disclose") != [] for s in profile["shows"])
        and all(w["of"] and set(w["of"]) <= known[w["kind"]] for w in profile["withholds"])
        and any(w["kind"] == "event" and "*" in w["of"] for w in profile["withholds"])
        and len({w["id"] for w in profile["withholds"]}) == len(profile["withholds"])
        and all(w.get("retention", {"amount": 1})["amount"] <= 1200 for w in profile["withholds"])
        and not any(w["id"].startswith(("erased-", "unheld-")) for w in profile["withholds"])
    )  # fmt: skip
    fields = {pattern for w in profile["withholds"] if w["kind"] == "field" for pattern in w["of"]}
    shown = {t: one.get("disclose", []) for t, one in shows.items() if t in TABLE}
    kept = {f"{t}.{f}" for t, open_ in shown.items() for f in HELD[t] if f not in open_}
    need("*" in fields or kept <= fields, "profile-form", "a field stays withheld under no class")
    need(sound, "profile-form", "the profile names what does not exist, or one thing twice")
    for one in bundle.order:
        allowed = shows.get(one.type, {})
        named = {*allowed.get("fields", ()), *allowed.get("disclose", ())}
        shut = HELD[one.type] & one.showing if "*" in named else one.showing
        fits = one.stream == "ledger" or one.type == "disclosure.erased" or (allowed and shut <= named)
        may = set() if one.stream == "ledger" else set(allowed.get("disclose", []))
        detail = f"entry {one.index} shows more than the profile {profile['id']} allows"
        need(fits and one.disclosed <= may, "profile-exceeded", detail, one.index)
    keys = ("character", "ground", "justification", "kind", "what")
    grounds, ids = gone_classes(bundle, shows), {c["id"] for c in bundle.part["redactions"]["classes"]}
    need({i for i in grounds if i[0] == "e"} <= ids, "redactions-missing", "what an entry erased is not said")
    grounds |= {w["id"]: [w[k] for k in keys] for w in profile["withholds"]}
    periods = {w["id"]: w.get("retention") for w in profile["withholds"]}
    for c in (c for c in bundle.part["redactions"]["classes"] if c["kind"] != "suppressed"):
        own = grounds.get(c["id"]) == [c[k] for k in keys]
        need(own, "redactions-ground", f"class {c['id']} is not as the profile or the entries ground it")
        until = later(bundle.part["claims"]["as_of"]["time"], periods.get(c["id"]))
        need(until == c["retained_until"], "redactions-retained", f"class {c['id']}: the period ends at {until}")
    kinds = {c.get("kind") for c in bundle.part["claims"]["claims"]}
    need(kinds <= set(profile["claims"]), "claims-not-allowed", "a claim of a kind that the profile does not list")
    for one in (e for e in bundle.order if e.stream != "ledger"):
        for name in sorted(
            (set(shows.get(one.type, {}).get("disclose", [])) - one.showing - one.disclosed) & erased_of(bundle, one)
        ):
            detail = f"entry {one.index}: {name} of {one.type}, which the profile hands over, was erased"
            raise Bad("erased-needed", detail, one.index, "INCOMPLETE")
    return f"nothing is shown that the profile {profile['id']} does not allow"


def gone_classes(bundle: Bundle, shows: dict[str, Json]) -> dict[str, list[str]]:
    """The classes that entries give: what was erased; what is neither stated nor opened, though the profile lets it out."""
    classes, missing, erasures = {}, dict[str, set[str]](), [e for e in bundle.order if e.type == "disclosure.erased"]
    for e in erasures:
        why = f"Entry {e.index} erased it once its retention had passed; its digests stand, and every proof holds."
        for n, kind in enumerate(e.body["classes"]):
            what = f"{kind['type']}: {', '.join(kind['fields'])}"
            classes[f"erased-{e.index}-{n}"] = ["erased", e.body["ground"], why, "erased", what]
    for one in (e for e in bundle.order if HELD[e.type] and e.stream != "ledger"):
        lost = set(shows.get(one.type, {}).get("disclose", [])) - one.showing - one.disclosed
        lost -= erased_of(bundle, one)
        if lost:
            missing.setdefault(one.type, set()).update(lost)
    why = "The profile lets it out. Of some entry it was never sent, or its author left it out."
    for t, names in missing.items():
        what = f"{t}: {', '.join(sorted(names))}"
        classes[f"unheld-{t.replace('.', '-')}"] = [
            "not held",
            "the ledger holds no text of it",
            why,
            "unheld",
            what,
        ]
    return classes


def erased_of(bundle: Bundle, one: Entry) -> set[str]:
    """The members of an entry that shown erasures name."""
    reach = [
        e.body
        for e in bundle.order
        if e.type == "disclosure.erased"
        and e.body["stream"] == one.stream
        and e.body["first"] <= one.index <= e.body["last"]
    ]
    return {name for said in reach for kind in said["classes"] if kind["type"] == one.type for name in kind["fields"]}


def check_frameworks(bundle: Bundle) -> str:
    """Each published pack, byte for byte, and no other."""
    wanted = set()
    for one in (e for e in bundle.order if e.type == "framework.published"):
        raw = canonical(one.body["pack"])
        wanted.add(sha256(raw).hexdigest())
        need(bundle.packs.get(sha256(raw).hexdigest()) == raw, "framework-mismatch", "a pack is missing", one.index)
    need(wanted == set(bundle.packs), "framework-mismatch", "a pack that no shown entry publishes")
    return f"{len(wanted)} packs, as published"


def check_claims(bundle: Bundle) -> str:
    """Claims are not folded here, and never passed over."""
    need("data/report.html" in bundle.files, "bag-missing", "data/report.html is missing")
    bundle.notes.append("that report.html says what the entries say: this verifier does not render it")
    mine, short, rest = incident_claims(bundle), 0, 0
    for claim in bundle.part["claims"]["claims"]:
        found = next((c for c in mine if c["index"] == claim.get("index")), None)
        if claim.get("kind") != "incident" or found is None:
            short, rest = short + (claim.get("kind") == "incident"), rest + 1
            continue
        need(canonical(found) == canonical(claim), "claims-mismatch", f"the claim about entry {found['index']}")
    if rest:
        code = "claims-short" if short else "claims-not-folded"
        raise Bad(code, f"{rest} claims are not computed anew by this verifier", None, "INCOMPLETE")
    return "nothing is claimed beyond the entries" if not mine else "reports of incidents, as the entries say"


def incident_claims(bundle: Bundle) -> list[dict[str, Json]]:
    """What may be claimed of each shown report of an incident that concerns the subject."""
    subject, claims = bundle.part["request"]["subject"], []
    packs = {e.body["digest"]: e.body["id"] for e in bundle.order if e.type == "framework.published"}
    ends = {s["stream"]: s["version"] for s in bundle.part["completeness"]["streams"]}
    pointed = {(e.body["index"], e.body["leaf"]) for e in bundle.stream(subject) if e.type == "model.referenced"}
    seen = {e.stream: e for e in reversed(bundle.order) if e.type == "incident.observed"}
    about = {e.stream for e in bundle.order if (e.index, e.leaf) in pointed}
    about |= {name for name, e in seen.items() if subject in e.body["models"]}
    for one in (e for e in bundle.order if e.type == "incident.report-filed" and e.stream in about):
        said, first = one.body, seen.get(one.stream)
        claim = {k: said[k] for k in ("awareness_at", "digest", "fields_missing", "recipient", "submitted_at")}
        opened = (
            {"index": first.index, **{k: first.body.get(k) for k in ("first_at", "kind", "last_at")}} if first else None
        )
        claim |= {
            "incident": one.stream,
            "index": one.index,
            "kind": "incident",
            "obligation": said.get("obligation"),
        }
        claim |= {
            "framework": {"digest": said["framework"], "id": packs.get(said["framework"])},
            "observed": opened,
        }
        claim |= {
            "later": max(0, ends.get(one.stream, 0) - one.version),
            "recorded_at": one.recorded_at,
            "report": said["kind"],
        }
        claims.append(claim)
    return claims


def check_consistency(bundle: Bundle) -> dict[int, list[bytes]]:
    """The proofs by the size that they begin with; and what signers of shown entries saw, as far as these reach."""
    proofs = [shaped(p, "consistency-form", "path size") for p in bundle.part["consistency"]["proofs"]]
    sizes = [p["size"] for p in proofs]
    need(sizes == sorted(set(sizes)) and all(0 < n <= bundle.size for n in sizes), "consistency-form", "sizes")
    need(set(bundle.part["request"]["since"]) <= set(sizes), "consistency-missing", "a proof that was asked for")
    found = {p["size"]: [unhex(h, "consistency-form") for h in p["path"]] for p in proofs}
    for one in bundle.order:
        looked = one.type in ("approval.given", "approval.refused", "disclosure.made")
        head = one.body.get("checkpoint") if looked else None
        head = one.body if one.type in ("replay.performed", "ledger.restored") else head
        if head is not None and (head["size"] in found or head["size"] == bundle.size):
            root = unhex(head["root"], "entry-form")
            path = found.get(head["size"], [])
            if grown(head["size"], bundle.size, path, root) != (root, bundle.root):
                detail = f"entry {one.index} names another root: a split view"
                raise Bad("seen-differs", detail, one.index, "DIVERGED")
    return found


def check_pin(bundle: Bundle, pin: dict[str, Json] | None) -> str:
    """Whether this is the history that the reader's pin is of."""
    found = check_consistency(bundle)
    if pin is None:
        raise Bad("no-pin", "nothing from outside says that this is the history others saw", None, "UNANCHORED")
    if pin["origin"] != bundle.origin:
        raise Bad("other-ledger", f"the pin is for {pin['origin']}, this is {bundle.origin}", None, "DIVERGED")
    if pin["founding"] != bundle.entries[0].leaf:
        raise Bad("founded-anew", "entry 0 is not the one pinned", 0, "DIVERGED")
    _, size, root = check_note(pin["checkpoint"].encode(), pin["vkeys"], "pin-form")
    stolen = [e.body.get("last_good_size") for e in bundle.order if e.type == "log.rotated" and e.index >= size]
    if any(good is not None and good < size for good in stolen):
        bundle.notes.append(
            "that the log and no thief signed the pin: its size is above the last good one of stolen keys"
        )
    if size != bundle.size and size not in found:
        raise Bad("pin-not-linked", f"no proof ties size {size} to {bundle.size}", None, "UNANCHORED")
    if grown(size, bundle.size, found.get(size, []) if size != bundle.size else [], root) != (root, bundle.root):
        raise Bad("root-differs", f"at size {size} the root is another than the one pinned", None, "DIVERGED")
    return f"it contains the {size} entries pinned"


STEPS = {
    "streams": check_streams, "absent": check_absences, "redactions": check_redactions, "frameworks": check_frameworks,
    "profile": check_profile, "claims": check_claims,
}  # fmt: skip
"""The checks that need nothing but the bundle, in order."""


def verify(raw: bytes, pin: dict[str, Json] | None) -> tuple[list[tuple[str, str, str, str, int | None]], list[str]]:
    """Every check of a bundle's zip: (name, verdict, code, detail, index) each; and what is not proven."""
    checks: list[tuple[str, str, str, str, int | None]] = []

    def run(name: str, step: Any) -> Any:
        try:
            detail = step()
        except Bad as err:
            checks.append((name, err.verdict, err.code, err.detail, err.index))
            return None
        except (KeyError, TypeError, AttributeError, IndexError, ValueError, RecursionError) as err:
            detail = f"a member is missing or of another kind ({type(err).__name__})"
            checks.append((name, "INVALID", "entry-form", detail, None))
            return None
        if isinstance(detail, str):
            checks.append((name, "VALID_UNWITNESSED", "ok", detail, None))
        return detail

    bundle: Bundle | None = run("container", lambda: Bundle(read_zip(raw)))
    if bundle is None:
        return checks, []
    checks.append(("container", "VALID_UNWITNESSED", "ok", f"{len(bundle.files)} files, each in the manifests", None))
    if not bundle.entries:
        return [("entries", "UNANCHORED", "empty", "no entry is shown, so nothing is proven", None)], []
    trust = Trust()
    run("statement", lambda: check_said(bundle))
    run("proofs", lambda: check_proofs(bundle))
    if run("admission", lambda: check_admission(bundle, trust)) is not None:
        run("signature", lambda: check_signed(bundle, trust))
        run("checkpoint", lambda: check_checkpoint(bundle, trust, pin))
    for name, step in STEPS.items():
        run(name, lambda step=step: step(bundle))
    run("pin", lambda: check_pin(bundle, pin))
    return checks, bundle.notes


def lowest(verdicts: list[str]) -> str:
    """The result of several checks: the lowest; ERROR replaces anything above DIVERGED."""
    worst = max((v for v in verdicts if v != "ERROR"), key=ORDER.index, default="ERROR")
    return worst if worst in ("DIVERGED", "INVALID") or "ERROR" not in verdicts else "ERROR"


def main() -> int:
    """Verify a file; returns the exit code."""
    parser = argparse.ArgumentParser(description="Verify a Holdpoint disclosure bundle.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--pin", type=Path, help="the trust file, which you got by another channel")
    parser.add_argument("--json", action="store_true", help="exactly one JSON object on stdout")
    said = parser.parse_args()
    try:
        raw, pin = said.bundle.read_bytes(), None
        if said.pin is not None:
            text = said.pin.read_bytes()
            need(text.endswith(b"\n"), "pin-form", "the trust file ends in a newline")
            pin = shaped(parse_json(text[:-1], "pin-form"), "pin-form", "checkpoint founding origin schema vkeys")
            holds = check_note(pin["checkpoint"].encode(), pin["vkeys"], "pin-form")[0] == pin["origin"]
            need(holds, "pin-form", "its origin")
    except (OSError, Bad, KeyError, TypeError, AttributeError) as err:
        sys.stderr.write(f"{err}\n  next:  name a bundle's zip, and a trust file that holdpoint pin wrote\n")
        return 2
    checks, notes = verify(raw, pin)
    verdict = lowest([c[1] for c in checks])
    first = "that everything was recorded, or that a claim is true: a signature says who claimed it"
    notes = [first, "witnesses", *notes]
    if said.json:
        rows = [dict(zip(("check", "verdict", "code", "detail", "index"), c, strict=True)) for c in checks]
        code = next((c[2] for c in checks if c[1] == verdict), "nothing-checked")
        answer = {"code": code, "details": rows, "not_proven": notes, "schema": "holdpoint.verify/1"}
        print(json.dumps({**answer, "verdict": verdict}))
        return EXIT[verdict]
    for name, found, code, detail, _ in checks:
        shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in detail)
        print(f"  {'ok' if code == 'ok' else found + ' ' + code}: {name}: {shown}")
    print(f"{verdict} (exit {EXIT[verdict]})\nNot proven:", *(f"  - {note}" for note in notes), sep="\n")
    return EXIT[verdict]


if __name__ == "__main__":
    sys.exit(main())
