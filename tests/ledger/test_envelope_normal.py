"""The fast reader of an envelope's normal form is the slow one, only sooner: same values, and nothing else accepted."""

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.canonical import dumps
from ledger.envelope import (
    PAYLOAD_TYPE,
    Envelope,
    Signature,
    format_envelope,
    parse_envelope,
    parse_normal,
    read_envelope,
)
from ledger.errors import Malformed
from ledger.strict import format_base64, parse_base64

KEYIDS = st.binary(min_size=32, max_size=32).map(bytes.hex)
SIGNATURES = st.dictionaries(KEYIDS, st.binary(min_size=1, max_size=200), min_size=1, max_size=24)
ENVELOPES = st.builds(
    lambda payload, found: Envelope(payload, tuple(Signature(k, found[k]) for k in sorted(found))),
    st.binary(min_size=1, max_size=300),
    SIGNATURES,
)


@given(ENVELOPES)
def test_the_normal_form_is_rfc_8785_and_reads_back(envelope: Envelope) -> None:
    raw = format_envelope(envelope)
    signatures = [{"keyid": s.keyid, "sig": format_base64(s.sig)} for s in envelope.signatures]
    assert raw == dumps(
        {"payload": format_base64(envelope.payload), "payloadType": PAYLOAD_TYPE, "signatures": signatures}
    )
    assert parse_normal(raw) == read_envelope(raw) == parse_envelope(raw) == envelope


def spoiled(raw: bytes) -> dict[str, bytes]:
    value = msgspec.json.decode(raw)
    two = dict(value, signatures=value["signatures"][::-1])
    bits = value["payload"].rstrip("=")
    return {
        "blank": raw.replace(b",", b", ", 1),
        "signatures out of order": msgspec.json.encode(two),
        "one signer twice": msgspec.json.encode(dict(value, signatures=[value["signatures"][0]] * 2)),
        "no signature": msgspec.json.encode(dict(value, signatures=[])),
        "another payload type": raw.replace(b"in-toto+json", b"in-toto+jsom"),
        "unpadded": msgspec.json.encode(dict(value, payload=bits)),
        "trailing bits": msgspec.json.encode(dict(value, payload=bits[:-1] + chr(ord(bits[-1]) + 1) + "=")),
        "url alphabet": raw.replace(b"+/", b"-_"),
        "an extra member": msgspec.json.encode({**value, "z": 1}),
        "a member twice": raw[:-1] + b"," + raw[raw.index(b'"payloadType"') : raw.index(b',"signatures')] + b"}",
        "an upper-case key id": raw.replace(b'"keyid":"ab', b'"keyid":"AB'),
        "trailing bytes": raw + b"\n",
        "too large": format_envelope(Envelope(b"x" * 49_000, read_envelope(raw).signatures)),
    }


SAMPLE = format_envelope(
    Envelope(b"\xfb\xff\xbf payload", (Signature("ab" * 32, b"one"), Signature("cd" * 32, b"two")))
)


@pytest.mark.parametrize("defect", sorted(spoiled(SAMPLE)))
def test_anything_else_is_none_and_malformed(defect: str) -> None:
    raw = spoiled(SAMPLE)[defect]
    assert raw != SAMPLE
    assert parse_normal(raw) is None
    with pytest.raises(Malformed):
        parse_envelope(raw)


@given(st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
def test_any_bytes_give_none_or_the_same(raw: bytes) -> None:
    assert parse_normal(raw) is None


@given(st.text(alphabet="AQgw+/-_= \n\u00e9Z9", max_size=12))
def test_base64_is_what_it_writes(text: str) -> None:
    with contextlib.suppress(Malformed):
        assert format_base64(parse_base64(text)) == text
