"""Signed notes and checkpoints."""

from __future__ import annotations

import re
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from disclosures.one_file.signatures import sound
from disclosures.one_file.strict import Bad, base64_of, need
from disclosures.one_file.tables import Json


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
