"""Keys: pairs of sign and verify, the form of SPKI, the foreign DSSE vector; any bytes are a key or `Malformed`, a signature or not."""

import contextlib
import json
from hashlib import sha256
from typing import Any, get_args

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.envelope import pae
from ledger.errors import Fault, Malformed
from ledger.keys import P256_ORDER, Alg, SoftwareSigner, keyid_of, load_public, low_s, raw_key, verify
from ledger.strict import parse_base64
from tests.conftest import SHARED
from tests.simulator import each_bit, signer

ALGS = get_args(Alg)
DSSE = SHARED / "vectors" / "dsse" / "protocol_v1.0.2.json"
SIGNERS = {alg: signer("keys", alg) for alg in ALGS}
RAW_SIZES = {"ed25519": 32, "ecdsa-p256-sha256": 65, "ml-dsa-65": 1952}


@pytest.mark.parametrize("alg", ALGS)
@given(message=st.binary(max_size=100))
@settings(max_examples=20, deadline=None)
def test_sign_and_verify(alg: str, message: bytes) -> None:
    own = SIGNERS[alg]
    public = load_public(own.spki, alg)
    signature = own.sign(message)
    assert verify(public, alg, message, signature)
    assert not verify(public, alg, message + b"x", signature)
    for other in ALGS:
        if other != alg:
            assert not verify(public, other, message, signature), "the name decides, and it is not this key's"


@pytest.mark.parametrize("alg", ALGS)
def test_record_of_a_key(alg: str) -> None:
    own = SIGNERS[alg]
    assert own.keyid == keyid_of(own.spki)
    assert len(raw_key(own.spki)) == RAW_SIZES[alg]
    public = load_public(own.spki, alg)
    assert public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == own.spki
    for other in ALGS:
        if other != alg:
            with pytest.raises(Malformed, match="key-algorithm"):
                load_public(own.spki, other)


@pytest.mark.parametrize("alg", ALGS)
def test_no_bit_of_an_spki_is_free(alg: str) -> None:
    """Flipped, it is refused or it is another key: never the same key in other bytes."""
    own = SIGNERS[alg]
    for bent in each_bit(own.spki, 1 if alg != "ml-dsa-65" else 13):
        with contextlib.suppress(Malformed):
            load_public(bent, alg)
            assert raw_key(bent) != raw_key(own.spki)


@given(
    st.binary(max_size=120)
    | st.builds(
        lambda s, n, b: s[:n] + b + s[n + 1 :],
        st.sampled_from([s.spki for s in SIGNERS.values()]),
        st.integers(0, 90),
        st.binary(max_size=2),
    )
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_a_key_or_malformed(raw: bytes) -> None:
    for alg in (*ALGS, "none", ""):
        with contextlib.suppress(Malformed):
            assert keyid_of(raw) == sha256(raw).hexdigest()
            load_public(raw, alg)
    with contextlib.suppress(Malformed):
        assert raw_key(raw)


@given(st.binary(max_size=80) | st.builds(encode_dss_signature, st.integers(0, 2**270), st.integers(0, 2**270)))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_signature_or_not(raw: bytes) -> None:
    """`verify` answers, `low_s` answers or is `Malformed`: neither fails in any other way."""
    for alg in ALGS:
        assert not verify(load_public(SIGNERS[alg].spki, alg), alg, b"message", raw)
    with contextlib.suppress(Malformed):
        lowered = low_s(raw)
        r, s = decode_dss_signature(lowered)
        assert 0 < r < P256_ORDER
        assert 0 < s <= P256_ORDER // 2
        assert low_s(lowered) == lowered
        assert decode_dss_signature(raw)[1] in (s, P256_ORDER - s)


def test_a_signer_checks_what_it_returns() -> None:
    """A flipped bit must not reach the log."""

    class Broken:
        def __init__(self, private: Any) -> None:
            self._private = private

        def sign(self, message: bytes) -> bytes:
            good: bytes = self._private.sign(message)
            return good[:-1] + bytes([good[-1] ^ 1])

    own = signer("broken")
    own._private = Broken(own._private)  # type: ignore[assignment]  # a fault on purpose
    with pytest.raises(Fault, match="signer-self-check"):
        own.sign(b"message")
    with pytest.raises(Malformed, match="key-algorithm"):
        SoftwareSigner(ed448.Ed448PrivateKey.generate())  # type: ignore[arg-type]  # on purpose


@pytest.mark.skipif(not DSSE.is_file(), reason="the shared vectors are not beside this checkout")
def test_dsse_protocol_vector() -> None:
    """The specification's example. Its signature is raw r and s: true as such, refused as ours, and accepted as low-S DER."""
    vector = json.loads(DSSE.read_bytes())
    kind, body = vector["payloadType"], vector["payload_utf8"].encode()
    assert pae(body, kind).decode() == vector["pae_utf8"]
    numbers = ec.EllipticCurvePublicNumbers(
        int(vector["public_key"]["x_dec"]), int(vector["public_key"]["y_dec"]), ec.SECP256R1()
    )
    spki = numbers.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    public = load_public(spki, "ecdsa-p256-sha256")
    raw = parse_base64(vector["envelope"]["signatures"][0]["sig"])
    assert len(raw) == 64
    assert not verify(public, "ecdsa-p256-sha256", pae(body, kind), raw)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    assert verify(public, "ecdsa-p256-sha256", pae(body, kind), low_s(der))
    assert not verify(public, "ecdsa-p256-sha256", pae(body), low_s(der)), "the payload type is under the signature"
