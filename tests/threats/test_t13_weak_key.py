"""T13: small-order, mixed-order and non-canonical Ed25519 keys. OpenSSL takes them, and with the identity point one signature
fits every message (shown below). Refused at registration and again by the auditor: y < p, on the curve, [8]A ≠ O, [L]A = O.

P-256 points and ML-DSA keys out of form are refused by the same rule: `spki` is DER that re-encodes to itself.
"""

import base64
import json
import random
from collections.abc import Iterator
from hashlib import sha256

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.envelope import sign_envelope
from ledger.errors import LedgerError
from ledger.events import key, ledger
from ledger.keys import keyid_of, load_public
from ledger.strict import format_base64
from ledger.weak import L, P, Point, _add, _decode, _times, is_sound
from tests.simulator import KEY_ADMINS, Lab, dumps_as_is, signed, signer
from tests.threats.door import Door
from tests.threats.test_t12_algorithm_confusion import Claimed, registration

ED25519_DER = bytes.fromhex("302a300506032b6570032100")
SMALL = [
    "01" + "00" * 31,  # the identity
    "01" + "00" * 30 + "80",  # … with the sign bit of x = 0
    "ec" + "ff" * 30 + "7f",  # order 2
    "ec" + "ff" * 31,
    "00" * 32,  # order 4
    "00" * 31 + "80",
    "ed" + "ff" * 30 + "7f",  # y = p, the same as 0
    "ed" + "ff" * 31,
    "ee" + "ff" * 30 + "7f",  # y = p + 1, the same as 1
    "ee" + "ff" * 31,
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",  # order 8
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]
"""The fourteen encodings of small order (libsodium's list; canonical and not)."""
NO_POINT = ["02" + "00" * 31, "07" + "00" * 31, "f0" + "ff" * 30 + "7f", "ff" * 32, "f1" + "ff" * 30 + "7f"]
"""Not on the curve, or y ≥ p."""


def encode(point: Point) -> str:
    """RFC 8032 §5.1.2."""
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little").hex()


def mixed() -> Iterator[str]:
    """A key of prime order plus a point of order 2, 4 and 8: [8]A ≠ O, but [L]A ≠ O too."""
    for n, torsion in enumerate(SMALL[i] for i in (2, 4, 5, 10, 11, 12, 13)):
        private = ed25519.Ed25519PrivateKey.from_private_bytes(sha256(b"mixed %d" % n).digest())
        sound, small = _decode(private.public_key().public_bytes_raw()), _decode(bytes.fromhex(torsion))
        assert sound is not None
        assert small is not None
        yield encode(_add(sound, small))


WEAK = [*SMALL, *NO_POINT, *mixed()]


def test_attack_what_openssl_does_with_the_identity() -> None:
    """Why our own arithmetic: R = identity, S = 0 is a signature of anything under A = identity, for the library."""
    identity = ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(SMALL[0]))
    constant = bytes.fromhex(SMALL[0]) + b"\0" * 32
    fitted = 0
    for n in range(64):
        try:
            identity.verify(constant, b"message %d" % n)
        except InvalidSignature:
            continue
        fitted += 1
    assert fitted in (0, 64)
    assert not is_sound(bytes.fromhex(SMALL[0]))


@pytest.mark.parametrize("raw", WEAK)
def test_attack_registration(door: Door, lab: Lab, raw: str) -> None:
    assert not is_sound(bytes.fromhex(raw))
    spki = ED25519_DER + bytes.fromhex(raw)
    own = Claimed(spki)
    written = door.session.write(
        key.Registered, registration(spki, "ed25519"), "ledger", [*door.signers("key-admin", 2), own]
    )
    door.refuses(written.wire(), 403, "key-weak")
    constant = json.loads(written.wire())
    for s in constant["signatures"]:
        if s["keyid"] == own.keyid:
            s["sig"] = format_base64(bytes.fromhex(SMALL[0]) + b"\0" * 32)
    door.refuses(json.dumps(constant).encode(), 403, "key-weak")
    written = lab.write(key.Registered, registration(spki, "ed25519"), "ledger", *KEY_ADMINS, own)
    lab.slip(written.wire())
    lab.finds("key-weak")


@pytest.mark.parametrize("raw", [SMALL[0], SMALL[6], SMALL[12], *list(mixed())[:2]])
def test_attack_entry_0(raw: str) -> None:
    """A ledger founded upon a weak key: the auditor refuses it from its first entry."""
    lab = Lab()
    founding = json.loads(lab.entries[0])["envelope"]
    statement = json.loads(_payload(founding))
    spki = ED25519_DER + bytes.fromhex(raw)
    body = statement["predicate"]["body"]
    for k in body["keys"]:
        if k["principal"] == "root-3":
            k |= {"keyid": keyid_of(spki), "spki": format_base64(spki)}
    own = Claimed(spki)
    signers = [*(lab.keys[n] for n in lab.keys if n in {"root-1", "root-2", "engine", *KEY_ADMINS}), own]
    statement["predicate"]["signers"] = sorted(s.keyid for s in signers)
    lab.entries, lab.heads = [], {}
    lab.slip(signed(dumps_as_is(statement), *signers), stream="ledger")
    lab.finds("key-weak")


def _payload(envelope: dict[str, str]) -> bytes:
    return base64.b64decode(envelope["payload"])


def test_attack_a_registered_key_is_altered_in_the_export(lab: Lab) -> None:
    """The key event of an export rewritten to a weak key, tiles and checkpoint made anew by the log's own keys."""
    written = lab.write(key.Registered, registration(ED25519_DER + bytes.fromhex(SMALL[4]), "ed25519"), "ledger", *KEY_ADMINS,
                        Claimed(ED25519_DER + bytes.fromhex(SMALL[4])))  # fmt: skip
    lab.slip(written.wire())
    lab.slip(lab.write(ledger.Founded, {"keys": [], "origin": lab.origin}, "ledger", *KEY_ADMINS).wire())
    lab.finds("key-weak", len(lab.entries) - 2)


def p256_forms() -> dict[str, bytes]:
    """P-256 keys that are not the one DER of their point."""
    public = ec.derive_private_key(12345, ec.SECP256R1()).public_key()
    good = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    compressed = public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    point = good[-65:]
    hybrid = bytes([6 + (point[-1] & 1)]) + point[1:]
    head = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    return {
        "compressed": head + compressed,
        "hybrid": good[:-65] + hybrid,
        "off the curve": good[:-1] + bytes([good[-1] ^ 1]),
        "the point at infinity": bytes.fromhex("3019301306072a8648ce3d020106082a8648ce3d03010703020000"),
        "trailing bytes": good + b"\0",
        "a long length": b"\x30\x81" + good[1:],
        "cut": good[:-1],
    }


def other_forms() -> dict[str, bytes]:
    """ML-DSA and Ed25519 keys of wrong length or encoding."""
    quantum = signer("ml", "ml-dsa-65").spki
    classical = signer("ed").spki
    return {
        "ml-dsa cut": quantum[:-1],
        "ml-dsa longer": quantum + b"\0",
        "ml-dsa of another size": mldsa.MLDSA44PrivateKey.from_seed_bytes(b"\1" * 32).public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        ),
        "ed25519 longer": classical + b"\0",
        "ed25519 cut": classical[:-1],
        "ed25519, NULL parameters": bytes.fromhex("302c300706032b65700500032100") + classical[-32:],
        "nothing but a header": ED25519_DER,
    }  # fmt: skip


FORMS = {**{("ecdsa-p256-sha256", n): v for n, v in p256_forms().items()},
         **{("ed25519" if n.startswith(("ed", "no")) else "ml-dsa-65", n): v for n, v in other_forms().items()}}  # fmt: skip


@pytest.mark.parametrize(("alg", "name"), FORMS)
def test_attack_forms(door: Door, lab: Lab, alg: str, name: str) -> None:
    spki = FORMS[alg, name]
    with pytest.raises(LedgerError):
        load_public(spki, alg)
    own = Claimed(spki, alg)
    written = door.session.write(
        key.Registered, registration(spki, alg), "ledger", [*door.signers("key-admin", 2), own]
    )
    door.refuses(written.wire(), 403, "key-weak")
    lab.slip(lab.write(key.Registered, registration(spki, alg), "ledger", *KEY_ADMINS, own).wire())
    lab.finds("key-weak")


def test_honest_random_keys_pass(door: Door, lab: Lab) -> None:
    """Two hundred keys are sound, and every algorithm registers at the door and for the auditor."""
    chance = random.Random(13)
    for _ in range(200):
        private = ed25519.Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        assert is_sound(private.public_key().public_bytes_raw())
    base = _decode(bytes.fromhex("58" + "66" * 31))
    assert base is not None
    assert _times(L, base)[0] % P == 0
    for alg in ("ed25519", "ecdsa-p256-sha256", "ml-dsa-65"):
        own = signer(f"sound {alg}", alg)
        admins = door.signers("key-admin", 2)
        said = registration(own.spki, alg)
        door.admits(door.session.write(key.Registered, said, "ledger", [*admins, own]).wire())
        lab.say(key.Registered, said, "ledger", *KEY_ADMINS, own)
    lab.holds()
    assert sign_envelope(b"{}", (signer("x"),)).signatures
