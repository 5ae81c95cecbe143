"""Envelopes: what is read laxly is one normal form; no byte of that form is free; any bytes are an envelope or `Malformed`.

The fast reader of the normal form is in test_envelope_normal.py; signatures and types in tests/threats.
"""

import base64
import contextlib
import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.canonical import dumps
from ledger.envelope import (
    MAX_ENVELOPE,
    PAYLOAD_TYPE,
    Envelope,
    Signature,
    envelope_of,
    format_envelope,
    pae,
    parse_envelope,
    read_envelope,
    sign_envelope,
    statement_digest,
)
from ledger.errors import Malformed
from tests.ledger.test_canonical import VALUES
from tests.ledger.test_envelope_normal import ENVELOPES
from tests.simulator import each_bit, signer


@given(st.binary(max_size=100), st.text(max_size=20))
def test_pae_counts_bytes_and_is_injective(payload: bytes, kind: str) -> None:
    message = pae(payload, kind) if kind != PAYLOAD_TYPE else pae(payload)
    first, length, rest = message.split(b" ", 2)
    assert (first, int(length)) == (b"DSSEv1", len(kind.encode()))
    assert rest[: int(length)] == kind.encode()
    size, body = rest[int(length) + 1 :].split(b" ", 1)
    assert (int(size), body) == (len(payload), payload)


def test_identity_is_the_digest_of_the_pae() -> None:
    assert statement_digest(b"{}") == sha256(b"DSSEv1 28 application/vnd.in-toto+json 2 {}").hexdigest()
    assert pae(b"{}") == pae(b"{}", PAYLOAD_TYPE)


@given(
    ENVELOPES,
    st.randoms(use_true_random=False),
    st.dictionaries(st.text("xyz", min_size=1, max_size=3), VALUES, max_size=3),
)
@settings(deadline=None)
def test_every_way_to_write_it_is_read_as_one(envelope: Envelope, chance: Any, extra: dict[str, Any]) -> None:
    def text(data: bytes) -> str:
        encode = chance.choice([base64.b64encode, base64.urlsafe_b64encode])
        found = encode(data).decode()
        return found if chance.random() < 0.5 else found.rstrip("=")

    signatures = [{"sig": text(s.sig), "keyid": s.keyid, **extra} for s in envelope.signatures]
    chance.shuffle(signatures)
    members = [
        ("payload", text(envelope.payload)),
        ("payloadType", PAYLOAD_TYPE),
        ("signatures", signatures),
        *extra.items(),
    ]
    chance.shuffle(members)
    raw = json.dumps(dict(members), indent=chance.choice([None, 1]), ensure_ascii=chance.random() < 0.5).encode()
    assert read_envelope(raw) == envelope_of(json.loads(raw)) == envelope
    assert parse_envelope(format_envelope(read_envelope(raw))) == envelope


def test_no_bit_is_free() -> None:
    """Flipped, it is refused, or it is another envelope that is written exactly so."""
    raw = format_envelope(sign_envelope(b'{"fictional":true}', (signer("one"), signer("two"))))
    for bent in each_bit(raw):
        with contextlib.suppress(Malformed):
            found = parse_envelope(bent)
            assert found != parse_envelope(raw)
            assert format_envelope(Envelope(found.payload, found.signatures)) == bent


@given(st.binary(max_size=120) | VALUES.map(dumps))
def test_any_bytes_are_an_envelope_or_malformed(raw: bytes) -> None:
    for reader in (read_envelope, parse_envelope):
        with contextlib.suppress(Malformed):
            reader(raw)


@given(VALUES)
def test_any_value_is_an_envelope_or_malformed(value: Any) -> None:
    good = {"keyid": "ab" * 32, "sig": "AA=="}
    for document in (
        value,
        {"payload": value, "payloadType": PAYLOAD_TYPE, "signatures": [good]},
        {"payload": "AA==", "payloadType": value, "signatures": [good]},
        {"payload": "AA==", "payloadType": PAYLOAD_TYPE, "signatures": value},
        {"payload": "AA==", "payloadType": PAYLOAD_TYPE, "signatures": [value]},
        {"payload": "AA==", "payloadType": PAYLOAD_TYPE, "signatures": [{**good, "sig": value}]},
        {"payload": "AA==", "payloadType": PAYLOAD_TYPE, "signatures": [{**good, "keyid": value}]},
    ):
        with contextlib.suppress(Malformed):
            envelope_of(document)


def test_size_is_that_of_the_normal_form() -> None:
    """A body may be larger than the envelope in it; the envelope may not be larger than its bound."""
    overhead = len(format_envelope(Envelope(b"", (Signature("ab" * 32, b"s"),))))
    fits = (MAX_ENVELOPE - overhead) // 4 * 3
    for size, passes in ((fits, True), (fits + 3, False)):
        value = {
            "payload": base64.b64encode(b"a" * size).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"keyid": "ab" * 32, "sig": "cw=="}],
            "note": "x" * 20_000,
        }
        if passes:
            assert len(envelope_of(value).payload) == size
        else:
            with pytest.raises(Malformed, match="too-large"):
                envelope_of(value)
