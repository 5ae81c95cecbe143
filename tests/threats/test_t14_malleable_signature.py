"""T14: S+L, ECDSA (r, n−s), lax DER: other bytes that some verifiers take for the same signature.

The log holds low S and strict DER only; the door lowers a high S, since half of all signers emit one. An event's identity is
its statement digest, so a second signature is never a second event.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from ledger.envelope import pae, read_envelope
from ledger.errors import Malformed
from ledger.events import key, model
from ledger.keys import _ECDSA, P256_ORDER, load_public, low_s, verify
from ledger.strict import format_base64, parse_base64
from ledger.weak import L
from tests.simulator import Lab, record, signer
from tests.threats.door import Door
from tests.threats.test_t10_bad_signature import with_signature
from tests.threats.test_t12_algorithm_confusion import known

P256 = "ecdsa-p256-sha256"


def integer(value: int, *, lead: bytes = b"") -> bytes:
    """A DER INTEGER, with leading zeros more than DER allows if asked."""
    body = lead + value.to_bytes((value.bit_length() + 8) // 8 or 1, "big")
    return b"\x02" + bytes([len(body)]) + body


def sequence(*parts: bytes) -> bytes:
    body = b"".join(parts)
    return b"\x30" + bytes([len(body)]) + body


def negative(value: int) -> bytes:
    """The same integer without the zero that keeps it positive."""
    body = value.to_bytes(32, "big")
    return b"\x02" + bytes([len(body)]) + body


LAX: dict[str, Callable[[int, int, bytes], bytes]] = {
    "a zero more before r": lambda r, s, _raw: sequence(integer(r, lead=b"\0\0"), integer(s)),
    "a zero more before s": lambda r, s, _raw: sequence(integer(r), integer(s, lead=b"\0\0")),
    "long form of a length": lambda _r, _s, raw: b"\x30\x81" + raw[1:],
    "indefinite length": lambda _r, _s, raw: b"\x30\x80" + raw[2:] + b"\0\0",
    "trailing bytes": lambda _r, _s, raw: raw + b"\0",
    "trailing bytes inside": lambda r, s, _raw: sequence(integer(r), integer(s), b"\x05\x00"),
    "negative": lambda r, s, _raw: (
        sequence(integer(r), negative(P256_ORDER - s)) if P256_ORDER - s >> 255 else b"\x30\x00"
    ),
    "r + n": lambda r, s, _raw: sequence(integer(r + P256_ORDER), integer(s)),
    "s + n": lambda r, s, _raw: sequence(integer(r), integer(s + P256_ORDER)),
    "s beyond any field": lambda r, _s, _raw: sequence(integer(r), integer(1 << 300)),
    "r = 0": lambda _r, s, _raw: sequence(integer(0), integer(s)),
    "s = 0": lambda r, _s, _raw: sequence(integer(r), integer(0)),
    "s = n": lambda r, _s, _raw: sequence(integer(r), integer(P256_ORDER)),
    "r and s swapped in kind": lambda r, s, _raw: r.to_bytes(32, "big") + s.to_bytes(32, "big"),
}


@pytest.mark.parametrize("bend", LAX.values(), ids=LAX)
def test_attack_lax_der(door: Door, lab: Lab, bend: Callable[[int, int, bytes], bytes]) -> None:
    own = known(door, P256)
    written = door.model(None, own)
    raw = written.envelope.signatures[0].sig
    r, s = decode_dss_signature(raw)
    bent = bend(r, s, raw)
    door.refuses(with_signature(written.wire(), bent), 400, "signature-form", "sig")
    with pytest.raises(Malformed):
        low_s(bent)
    mine = signer("mine", P256)
    lab.register("assessor", mine)
    said = lab.write(model.Registered, {"kind": "base"}, "model/a", mine, subject="ab" * 32)
    raw = said.envelope.signatures[0].sig
    lab.slip(with_signature(said.wire(), bend(*decode_dss_signature(raw), raw)))
    lab.finds("signature-invalid", check="signatures")


def high(signature: bytes) -> bytes:
    """(r, n−s)."""
    r, s = decode_dss_signature(signature)
    return encode_dss_signature(r, P256_ORDER - s)


def test_attack_high_s_in_the_log(lab: Lab) -> None:
    """The library verifies it: the log's grammar does not."""
    mine = signer("mine", P256)
    lab.register("assessor", mine)
    said = lab.write(model.Registered, {"kind": "base"}, "model/a", mine, subject="ab" * 32)
    signature = high(said.envelope.signatures[0].sig)
    public = load_public(mine.spki, P256)
    public.verify(signature, pae(said.envelope.payload), _ECDSA)
    assert not verify(public, P256, pae(said.envelope.payload), signature)
    lab.slip(with_signature(said.wire(), signature))
    lab.finds("signature-invalid", check="signatures")


def plus_order(signature: bytes) -> bytes:
    """Ed25519 with S + L."""
    s = int.from_bytes(signature[32:], "little") + L
    return signature[:32] + s.to_bytes(32, "little")


def test_attack_s_plus_order(door: Door, lab: Lab) -> None:
    written = door.model()
    door.refuses(
        with_signature(written.wire(), plus_order(written.envelope.signatures[0].sig)), 403, "signature-invalid"
    )
    said = lab.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    lab.slip(with_signature(said.wire(), plus_order(said.envelope.signatures[0].sig)))
    lab.finds("signature-invalid", check="signatures")


def test_attack_a_second_signature_as_a_second_event(lab: Lab) -> None:
    """The same statement under another true signature, slipped in as an entry of its own."""
    mine = signer("mine", "ml-dsa-65")
    lab.register("assessor", mine)
    written = lab.write(model.Registered, {"kind": "base"}, "model/a", mine, subject="ab" * 32)
    lab.add(written)
    again = with_signature(written.wire(), mine.sign(_pae(written)))
    assert again != written.wire()
    lab.slip(again)
    lab.finds("event-id-conflict")


def _pae(written: Any) -> bytes:
    return pae(written.envelope.payload)


@pytest.mark.parametrize("alg", ["ed25519", P256, "ml-dsa-65"])
def test_honest_the_same_statement_signed_again(door: Door, alg: str) -> None:
    """Randomised signatures of one statement: one entry, and the first receipt for each."""
    own = known(door, alg)
    written = door.model(None, own)
    first = door.admits(written.wire())
    size = door.ledger.appender.size
    for _ in range(5):
        again = with_signature(written.wire(), own.sign(_pae(written)))
        answer = door.post(again)
        assert (answer.status_code, answer.json()["index"]) == (200, first["index"])
        assert answer.json()["entry"] == first["entry"], "the first signature is the one that stands"
        assert answer.headers["idempotent-replay"] == "true"
    assert door.ledger.appender.size == size


def test_honest_high_s_is_lowered(door: Door, lab: Lab) -> None:
    own = known(door, P256)
    written = door.model(None, own)
    signature = written.envelope.signatures[0].sig
    value = door.admits(with_signature(written.wire(), high(signature)))
    assert value["entry"]["envelope"] == json.loads(written.wire())
    assert read_envelope(written.wire()).signatures[0].sig == low_s(high(signature)) == signature
    mine = signer("mine", P256)
    lab.register("assessor", mine)
    lab.say(model.Registered, {"kind": "base"}, "model/a", mine, subject="ab" * 32)
    lab.holds()


def test_honest_high_s_of_a_key_that_registers_itself(door: Door) -> None:
    """The proof of possession comes from a key that no record names yet: half of all signers emit a high S there too."""
    own = signer("newcomer", P256)
    written = door.session.write(
        key.Registered, record(own, "deployer"), "ledger", [*door.signers("key-admin", 2), own]
    )
    value = json.loads(written.wire())
    for s in value["signatures"]:
        if s["keyid"] == own.keyid:
            s["sig"] = format_base64(high(parse_base64(s["sig"])))
    assert door.admits(json.dumps(value).encode())["entry"]["envelope"] == json.loads(written.wire())
