"""T10: a signature flipped, cut, empty, over other bytes: 403 `signature-invalid`, and INVALID at that index.

Every bit of what is signed (type, lengths, payload) and of the signature in turn, under three algorithms, where a bit costs
0.1 ms; ML-DSA-65 signatures have 26,472 bits, of which one in each byte and all of the ends are turned. Door and auditor get a
sample of the same.
"""

import json
from collections.abc import Callable, Iterator
from typing import get_args

import pytest

from ledger.envelope import pae
from ledger.events import model
from ledger.keys import Alg, Signer, load_public, verify
from ledger.strict import format_base64
from tests.simulator import Lab, each_bit, signer
from tests.threats.door import Door

ALGS = get_args(Alg)


@pytest.fixture(scope="module")
def own(door: Door) -> dict[str, tuple[str, Signer]]:
    """A principal per algorithm who may register models, in the ledger."""
    return {alg: door.person("assessor", alg) for alg in ALGS}


def bits_of(signature: bytes) -> Iterator[bytes]:
    """All of them, or of a long signature one bit in each byte and the ends whole."""
    if len(signature) < 200:
        yield from each_bit(signature)
        return
    ends = [*range(32 * 8), *range(8 * (len(signature) - 16), 8 * len(signature))]
    for at in sorted({*ends, *(8 * n + n % 8 for n in range(len(signature)))}):
        bent = bytearray(signature)
        bent[at // 8] ^= 1 << at % 8
        yield bytes(bent)


@pytest.mark.parametrize("alg", ALGS)
def test_attack_every_bit(alg: str) -> None:
    own = signer("bits", alg)
    public = load_public(own.spki, alg)
    message = pae(
        Lab().write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32).envelope.payload
    )
    signature = own.sign(message)
    assert verify(public, alg, message, signature)
    assert not any(verify(public, alg, message, bent) for bent in bits_of(signature))
    assert not any(verify(public, alg, bent, signature) for bent in each_bit(message))


BENT: dict[str, Callable[[bytes], bytes]] = {
    "first bit": lambda s: bytes([s[0] ^ 1]) + s[1:],
    "last bit": lambda s: s[:-1] + bytes([s[-1] ^ 1]),
    "middle": lambda s: s[: len(s) // 2] + bytes([s[len(s) // 2] ^ 0x10]) + s[len(s) // 2 + 1 :],
    "cut": lambda s: s[:-1],
    "half": lambda s: s[: len(s) // 2],
    "one byte": lambda s: s[:1],
    "longer": lambda s: s + b"\0",
    "half again": lambda s: s + s[:8],
    "zeros": lambda s: b"\0" * len(s),
    "reversed": lambda s: s[::-1],
}


@pytest.mark.parametrize("bend", BENT.values(), ids=BENT)
@pytest.mark.parametrize("alg", ALGS)
def test_attack_at_the_door(
    door: Door, own: dict[str, tuple[str, Signer]], alg: str, bend: Callable[[bytes], bytes]
) -> None:
    written = door.model(None, own[alg][1])
    raw = with_signature(written.wire(), bend(written.envelope.signatures[0].sig))
    before = door.stored()
    for problem in (
        door.post(raw).json(),
        json.loads(door.post(raw + b"\n", {"content-type": "application/x-ndjson"}).text),
    ):
        # the door reads DER to lower S: what is no DER is refused as such, before any arithmetic
        assert (problem["status"], problem["reason"]) in ((403, "signature-invalid"), (400, "signature-form")), problem
        assert alg == "ecdsa-p256-sha256" or problem["reason"] == "signature-invalid"
    door.unchanged(before)


def with_signature(raw: bytes, signature: bytes) -> bytes:
    """The envelope with another signature."""
    value = json.loads(raw)
    value["signatures"][0]["sig"] = format_base64(signature)
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


@pytest.mark.parametrize("alg", ALGS)
def test_attack_other_bytes(door: Door, own: dict[str, tuple[str, Signer]], alg: str) -> None:
    """A true signature of the same key over another statement, the bare payload, the digest; and none at all."""
    mine = own[alg][1]
    written, other = door.model(None, mine), door.model(None, mine)
    payload = written.envelope.payload
    for signature in (
        other.envelope.signatures[0].sig,
        mine.sign(payload),
        mine.sign(bytes.fromhex(written.digest)),
        mine.sign(b""),
    ):
        door.refuses(with_signature(written.wire(), signature), 403, "signature-invalid")
    door.refuses(with_signature(written.wire(), b""), 400, "signature-form")
    door.refuses(
        written.wire().replace(format_base64(payload).encode(), format_base64(other.envelope.payload).encode()),
        403,
        "signature-invalid",
    )


@pytest.mark.parametrize("bend", BENT.values(), ids=BENT)
@pytest.mark.parametrize("alg", ALGS)
def test_attack_in_the_log(lab: Lab, alg: str, bend: Callable[[bytes], bytes]) -> None:
    mine = signer("second", alg)
    lab.register("assessor", mine)
    written = lab.write(model.Registered, {"kind": "base"}, "model/a", mine, subject="ab" * 32)
    at = len(lab.entries)
    lab.slip(with_signature(written.wire(), bend(written.envelope.signatures[0].sig)))
    lab.slip(lab.write(model.Registered, {"kind": "base"}, "model/b", "assessor", subject="cd" * 32).wire())
    lab.finds("signature-invalid", at, check="signatures")


@pytest.mark.parametrize("alg", ALGS)
def test_honest_untouched(door: Door, lab: Lab, own: dict[str, tuple[str, Signer]], alg: str) -> None:
    door.admits(door.model(None, own[alg][1]).wire())
    mine = signer("second", alg)
    lab.register("assessor", mine)
    lab.say(model.Registered, {"kind": "base"}, "model/a", mine, subject="ab" * 32)
    lab.holds()
