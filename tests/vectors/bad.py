"""Bad inputs, named by their defect, with the reason each is refused for: formats.md §1–§4 and §8.

For people who write other readers. A value is text where it is printable UTF-8, else hex.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from ledger.canonical import dumps, loads, loads_canonical
from ledger.entry import parse_entry
from ledger.envelope import parse_envelope, read_envelope
from ledger.registry import BY_TOPIC
from ledger.statement import parse_statement, peek_type
from ledger.strict import (
    format_base64url,
    parse_base64,
    parse_base64url,
    parse_decimal,
    parse_digest,
    parse_stream,
    parse_time,
    parse_uint,
    parse_uuid7,
)
from ledger.withheld import hide, hide_element, open_body
from tests.vectors.told import Told, unsafe_salts

Case = tuple[bytes, str]


def canonical() -> dict[str, Case]:
    """§1: not one of these is canonical JSON."""
    deep = b"[" * 33 + b"]" * 33
    many = b"{" + b",".join(b'"k%04d":0' % n for n in range(1025)) + b"}"
    return {
        "a key twice": (b'{"a":1,"a":2}', "duplicate-key"),
        "a key twice, once escaped": (b'{"a":1,"\\u0061":2}', "duplicate-key"),
        "a key twice, further in": (b'{"b":[{"a":1,"a":1}]}', "duplicate-key"),
        "a float": (b'{"a":1.5}', "number-domain"),
        "a whole float": (b'{"a":1.0}', "number-domain"),
        "an exponent": (b'{"a":1e2}', "number-domain"),
        "beyond every double": (b'{"a":1e999}', "number-domain"),
        "not a number": (b'{"a":NaN}', "number-domain"),
        "infinity": (b'{"a":-Infinity}', "number-domain"),
        "minus zero": (b'{"a":-0}', "number-domain"),
        "2 to the 53rd": (b'{"a":9007199254740992}', "number-domain"),
        "minus 2 to the 53rd": (b'{"a":-9007199254740992}', "number-domain"),
        "2 to the 64th": (b'{"a":18446744073709551616}', "number-domain"),
        "a lone high surrogate": (b'{"a":"\\ud800"}', "text-domain"),
        "a lone low surrogate": (b'{"a":"\\udc00"}', "text-domain"),
        "surrogates the wrong way round": (b'{"a":"\\udc00\\ud800"}', "text-domain"),
        "U+0000": (b'{"a":"\\u0000"}', "text-domain"),
        "U+0000 in a key": (b'{"\\u0000":1}', "text-domain"),
        "a byte order mark": (b"\xef\xbb\xbf{}", "bom"),
        "UTF-16": ('{"a":1}'.encode("utf-16"), "not-utf8"),
        "a surrogate as bytes": (b'{"a":"\xed\xa0\x80"}', "not-utf8"),
        "depth 33": (deep, "too-deep"),
        "1,025 members": (many, "too-many-keys"),
        "a string over 64 KiB": (b'"' + b"a" * 65_537 + b'"', "string-too-long"),
        "a key beyond ASCII": ('{"ключ":1}'.encode(), "key-not-ascii"),
        "unsorted keys": (b'{"b":1,"a":2}', "not-canonical"),
        "a blank": (b'{"a": 1}', "not-canonical"),
        "a newline behind": (b'{"a":1}\n', "not-canonical"),
        "an escape that need not be": (b'{"a":"\\u0061"}', "not-canonical"),
        "an escaped solidus": (b'{"a":"\\/"}', "not-canonical"),
        "two values": (b"{}{}", "not-json"),
        "nothing": (b"", "not-json"),
        "a comma too many": (b'{"a":1,}', "not-json"),
        "a leading zero": (b'{"a":01}', "not-json"),
        "single quotes": (b"{'a':1}", "not-json"),
    }


def scalars() -> dict[str, dict[str, Case]]:
    """§1 and the laxities of common readers."""
    return {
        "decimal": {
            t: (t.encode(), "number-domain")
            for t in ("-0", "-0.0", "+1", "01", "1.", ".5", "1e3", "1_0", "NaN", " 1", "1\n", "１", "0x1", "", "1.5.5",
                      "1" * 41, "0." + "1" * 21)
        },
        "integer": {
            t: (t.encode(), "number-domain")
            for t in ("4_2", "٤٢", "４２", " 42", "42\n", "+42", "042", "-0", "-1", "²", "9007199254740992", "")
        },
        "time": {
            t: (t.encode(), "time-form")
            for t in ("2026-04-07T09:00:00Z", "2026-04-07T09:00:00.000Z", "2026-04-07T09:00:00.0000000Z", "2026-04-07 09:00:00.000000Z",
                      "2026-04-07T09:00:00.000000+00:00", "2026-02-29T09:00:00.000000Z", "2026-04-31T09:00:00.000000Z",
                      "2026-04-07T24:00:00.000000Z", "2026-04-07T09:00:60.000000Z", "2026-W15-2T09:00:00.000000Z",
                      "0000-01-01T00:00:00.000000Z", "2026-04-07T09:00:00.000000z", "2026-04-07T09:00:00,000000Z",
                      "2026-04-07T09:00:00.000000Z\n")
        },
        "digest": {
            t: (t.encode(), reason)
            for t, reason in (("0" * 64, "digest-form"), ("sha512:" + "0" * 64, "digest-form"), ("sha256:" + "A" * 64, "hex-form"),
                              ("sha256:" + "0" * 63, "hex-form"), ("sha256:" + "0" * 65, "hex-form"), ("SHA256:" + "0" * 64, "digest-form"))
        },
        "stream": {
            t: (t.encode(), "name-domain")
            for t in ("", "Model/a", "model/a b", "model/a\n", "modèle/a", "model\\a", "model/" + "a" * 195, "model/a?")
        },
        "uuid": {
            t: (t.encode(), "uuid-form")
            for t in ("018F0000-0000-7000-8000-000000000000", "018f0000-0000-4000-8000-000000000000", "018f0000-0000-7000-c000-000000000000",
                      "{018f0000-0000-7000-8000-000000000000}", "urn:uuid:018f0000-0000-7000-8000-000000000000",
                      "018f000000007000800000000000000", "018f0000-0000-7000-8000-000000000000\n")
        },
        "base64": {
            t: (t.encode(), reason)
            for t, reason in (("QQ", "base64-form"), ("QR==", "base64-bits"), ("QQ=", "base64-form"), ("Q-==", "base64-form"),
                              ("QQ==\n", "base64-form"), ("Q Q=", "base64-form"), ("QQ==QQ==", "base64-form"))
        },
        "base64url": {
            t: (t.encode(), reason)
            for t, reason in (("QQ==", "base64-form"), ("QR", "base64-bits"), ("Q", "base64-form"), ("Q+", "base64-form"), ("QQ\n", "base64-form"))
        },
    }  # fmt: skip


SCALARS: dict[str, Callable[[str], Any]] = {
    "base64": parse_base64,
    "base64url": parse_base64url,
    "decimal": parse_decimal,
    "digest": parse_digest,
    "integer": parse_uint,
    "stream": parse_stream,
    "time": parse_time,
    "uuid": parse_uuid7,
}


def _statement(lab: Told, index: int = 34) -> dict[str, Any]:
    """The statement of a `model.registered`, as a value to bend."""
    value: dict[str, Any] = loads(parse_envelope(parse_entry(lab.entries[index]).envelope).payload)
    return value


def statement(lab: Told) -> dict[str, Case]:
    """§2: closed at every level, and nothing that the server owns."""

    def bent(reason: str, *path: str, **members: Any) -> Case:
        value = _statement(lab)
        inner = value
        for step in path:
            inner = inner[step]
        for name, member in members.items():
            if member is None:
                del inner[name]
            else:
                inner[name] = member
        return dumps(value), reason

    subject = _statement(lab)["subject"]
    return {
        "an index from the client": bent("schema", "predicate", index=5),
        "a recorded time from the client": bent("schema", "predicate", recorded_at="2026-04-07T09:00:00.000000Z"),
        "a stream version from the client": bent("schema", "predicate", version=3),
        "an unknown member at the top": bent("schema", extra=True),
        "an unknown member of the body": bent("schema", "predicate", "body", extra=True),
        "no audience": bent("schema", "predicate", ledger=None),
        "no founding": bent("schema", "predicate", founding=None),
        "a founding that is no hash": bent("schema", "predicate", founding="0" * 63),
        "no signers": bent("schema", "predicate", signers=None),
        "an empty list of signers": bent("schema", "predicate", signers=[]),
        "one signer twice": bent("signers-order", "predicate", signers=["a" * 64, "a" * 64]),
        "signers out of order": bent("signers-order", "predicate", signers=["b" * 64, "a" * 64]),
        "a signer in capitals": bent("schema", "predicate", signers=["A" * 64]),
        "no hash algorithm": bent("schema", "predicate", _sd_alg=None),
        "another hash algorithm": bent("schema", "predicate", _sd_alg="sha-512"),
        "another statement type": bent("schema", _type="https://in-toto.io/Statement/v0.1"),
        "two subjects": bent("schema", subject=[*subject, *subject]),
        "no subject": bent("schema", subject=[]),
        "a subject with a telling name": bent("schema", subject=[{**subject[0], "name": "Fictional One"}]),
        "a subject with a second digest": bent("schema", subject=[{"digest": {"sha256": "0" * 64, "sha512": "0" * 128}, "name": "_"}]),
        "a time with an offset": bent("schema", "predicate", occurred_at="2026-04-07T09:00:00.000000+00:00"),
        "a day that is none": bent("schema", "predicate", occurred_at="2026-02-30T09:00:00.000000Z"),
        "a number as text": bent("schema", "predicate", expected_version="1"),
        "a reference without its leaf": bent("schema", "predicate", causes=[{"index": 3}]),
        "a default written out": bent("not-canonical", "predicate", back_recorded=False),
        "an event id of another version": bent("schema", "predicate", event_id="018f0000-0000-4000-8000-000000000000"),
        "a stream in capitals": bent("schema", "predicate", stream="model/One"),
    }  # fmt: skip


def envelope(lab: Told) -> dict[str, Case]:
    """§3: what is no DSSE envelope of ours, even as lax input."""
    good: dict[str, Any] = loads(parse_entry(lab.entries[34]).envelope)
    (sig,) = good["signatures"]

    def bent(reason: str, **members: Any) -> Case:
        return dumps({k: v for k, v in {**good, **members}.items() if v is not None}), reason

    return {
        "another payload type": bent("payload-type", payloadType="application/json"),
        "a payload type in capitals": bent("payload-type", payloadType="application/vnd.in-toto+JSON"),
        "no payload type": bent("payload-type", payloadType=None),
        "no payload": bent("schema", payload=None),
        "an empty payload": bent("schema", payload=""),
        "no signatures": bent("no-signatures", signatures=[]),
        "no list of signatures": bent("schema", signatures=None),
        "one signer twice": bent("duplicate-signer", signatures=[sig, sig]),
        "25 signatures": bent("too-many-signatures", signatures=[{**sig, "keyid": f"{n:064x}"} for n in range(25)]),
        "a key id in capitals": bent("hex-form", signatures=[{**sig, "keyid": "A" * 64}]),
        "a key id as a path": bent("hex-form", signatures=[{**sig, "keyid": "../../keys/root"}]),
        "an empty signature": bent("signature-form", signatures=[{**sig, "sig": ""}]),
        "a signature with idle bits": bent("base64-bits", signatures=[{**sig, "sig": "QR=="}]),
        "a payload of both alphabets": bent("base64-form", payload="ab+-"),
        "an array": (b"[]", "schema"),
        "a key twice": (b'{"payload":"QQ==","payload":"QQ==","payloadType":"x","signatures":[]}', "duplicate-key"),
    }


def normal(lab: Told) -> dict[str, Case]:
    """§3: valid DSSE, and not the normal form that stands in an entry."""
    raw = parse_entry(lab.entries[34]).envelope
    good: dict[str, Any] = loads(raw)
    two = loads(parse_entry(lab.entries[1]).envelope)
    padded = str(good["payload"])
    return {
        "a member more": (dumps({**good, "note": "x"}), "schema"),
        "a member more in a signature": (
            dumps({**good, "signatures": [{**good["signatures"][0], "cert": "x"}]}),
            "schema",
        ),
        "signatures out of order": (dumps({**two, "signatures": two["signatures"][::-1]}), "not-canonical"),
        "a blank": (raw.replace(b'":', b'": ', 1), "not-canonical"),
        "the url alphabet": (dumps({**good, "payload": "-" + padded[1:]}), "base64-form"),
        "no padding": (dumps({**good, "payload": padded.rstrip("=") + "Q"}), "base64-form"),
    }


def entry(lab: Told) -> dict[str, Case]:
    """§4."""
    raw = lab.entries[34]
    good: dict[str, Any] = loads(raw)

    def bent(reason: str, **members: Any) -> Case:
        return dumps({k: v for k, v in {**good, **members}.items() if v is not None}), reason

    return {
        "an index": bent("schema", index=34),
        "no recorded time": bent("schema", recorded_at=None),
        "a recorded time with milliseconds": bent("schema", recorded_at="2026-04-07T09:00:00.000Z"),
        "no place in a stream": bent("schema", stream=None),
        "version 0": bent("schema", stream={"previous": "", "version": 0}),
        "a first entry with a predecessor's length wrong": bent("schema", stream={"previous": "00", "version": 2}),
        "a stream with a name": bent("schema", stream={**good["stream"], "name": "model/a"}),
        "members out of order": (
            b'{"recorded_at":"2026-04-07T09:00:00.000000Z","envelope":{},"stream":{"previous":"","version":1}}',
            "not-canonical",
        ),
        "over 65,535 bytes": (raw[:-1] + b" " * 65_536 + b"}", "too-large"),
    }


def withheld() -> dict[str, tuple[dict[str, Any], str]]:
    """§8: a body and field disclosures that do not belong to it. A reader that drops what does not fit must fail here."""
    salts = unsafe_salts()
    one, other = hide("rationale", "fictional", next(salts)), hide("confidence", "moderate", next(salts))
    element = hide_element("dissents", next(salts))
    outer = hide("detail", {"_sd": [one.digest]}, next(salts))
    salt = format_base64url(next(salts))

    def text(*parts: Any) -> str:
        return format_base64url(dumps(list(parts)))

    def case(reason: str, body: dict[str, Any], *disclosures: str) -> tuple[dict[str, Any], str]:
        return {"body": body, "disclosures": list(disclosures)}, reason

    def over(t: str) -> str:
        return format_base64url(sha256(t.encode()).digest())

    edited = text(salt, "rationale", "fictional, edited")
    three, short = text(salt, "a", 1, 2), text("AAAA", "a", 1)
    reserved = text(salt, "_sd", [])
    return {
        "edited": case("disclosure-orphan", {"_sd": [one.digest]}, edited),
        "of another body": case("disclosure-orphan", {"_sd": [other.digest]}, one.text),
        "twice": case("disclosure-duplicate", {"_sd": [one.digest]}, one.text, one.text),
        "a digest twice": case("digest-duplicate", {"_sd": [one.digest, one.digest]}, one.text),
        "a digest in two places": case("digest-duplicate", {"_sd": [one.digest], "inner": {"_sd": [one.digest]}}),
        "a name that is there already": case(
            "disclosure-name-present", {"_sd": [one.digest], "rationale": "x"}, one.text
        ),
        "an element as a member": case("disclosure-arity", {"_sd": [element.digest]}, element.text),
        "a member as an element": case("disclosure-arity", {"dissent": [{"...": one.digest}]}, one.text),
        "four parts": case("disclosure-arity", {"_sd": [over(three)]}, three),
        "a short salt": case("salt-length", {"_sd": [over(short)]}, short),
        "a reserved name": case("reserved-name", {"_sd": [over(reserved)]}, reserved),
        "a child without its parent": case("disclosure-orphan", {"_sd": [outer.digest]}, one.text),
        "not base64url": case("base64-form", {"_sd": [one.digest]}, one.text + "="),
        "a digest with a neighbour": case("schema", {"dissent": [{"...": element.digest, "x": 1}]}),
    }


READERS: dict[str, Callable[[bytes], Any]] = {
    "canonical": loads_canonical,
    "statement": lambda raw: parse_statement(raw, BY_TOPIC[peek_type(raw)]),
    "envelope": read_envelope,
    "normal": parse_envelope,
    "entry": parse_entry,
}


def open_withheld(value: dict[str, Any]) -> dict[str, Any]:
    """The body with its disclosures put back."""
    return open_body(value["body"], value["disclosures"]).body


def written(raw: bytes) -> dict[str, str]:
    """Bytes as they stand in a golden file."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return {"hex": raw.hex()}
    return {"text": text} if text.isprintable() else {"hex": raw.hex()}


def read(value: dict[str, str]) -> bytes:
    """The bytes again."""
    return value["text"].encode() if "text" in value else bytes.fromhex(value["hex"])


def files(lab: Told) -> dict[str, Any]:
    """File name → content."""

    def table(cases: dict[str, Case]) -> dict[str, Any]:
        return {name: {**written(raw), "reason": reason} for name, (raw, reason) in cases.items()}

    found: dict[str, Any] = {
        "bad/canonical.json": table(canonical()),
        "bad/entry.json": table(entry(lab)),
        "bad/envelope.json": table(envelope(lab)),
        "bad/normal.json": table(normal(lab)),
        "bad/scalars.json": {kind: table(cases) for kind, cases in scalars().items()},
        "bad/statement.json": table(statement(lab)),
    }
    found["bad/withheld.json"] = {name: {**value, "reason": reason} for name, (value, reason) in withheld().items()}
    return found
