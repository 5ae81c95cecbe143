"""T12: the message names the algorithm; P-256 bytes as Ed25519; HMAC with the public key; RSA; other pre-images for ML-DSA.

The key record alone fixes the algorithm; three names exist. What a message says about algorithms is dropped or refused.
"""

import hmac
import json
from collections.abc import Callable
from functools import partial
from hashlib import sha256, sha384, sha512
from typing import Any, get_args

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, mldsa, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.envelope import pae
from ledger.errors import Malformed
from ledger.events import key, model
from ledger.keys import Alg, keyid_of, load_public, raw_key
from ledger.strict import format_base64
from tests.simulator import KEY_ADMINS, Lab, dumps_as_is, record, signed, signer
from tests.threats.door import Door
from tests.threats.test_t10_bad_signature import with_signature

ALGS = get_args(Alg)
NAMES = [
    "none",
    "",
    "RS256",
    "HS256",
    "ES256",
    "EdDSA",
    "Ed25519",
    "ed25519ph",
    "rsa",
    "hmac-sha256",
    "ml-dsa-44",
    "ml-dsa-87",
    "ecdsa-p384-sha384",
]


def spki_of(public: Any) -> bytes:
    """DER SubjectPublicKeyInfo."""
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


FOREIGN: dict[str, Callable[[], bytes]] = {
    "rsa": lambda: spki_of(rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()),
    "p-384": lambda: spki_of(ec.generate_private_key(ec.SECP384R1()).public_key()),
    "secp256k1": lambda: spki_of(ec.generate_private_key(ec.SECP256K1()).public_key()),
    "ed448": lambda: spki_of(ed448.Ed448PrivateKey.generate().public_key()),
    "x25519": lambda: spki_of(x25519.X25519PrivateKey.generate().public_key()),
    "ml-dsa-44": lambda: spki_of(mldsa.MLDSA44PrivateKey.generate().public_key()),
    "ml-dsa-87": lambda: spki_of(mldsa.MLDSA87PrivateKey.generate().public_key()),
    **{alg: partial(lambda a: signer("foreign", a).spki, alg) for alg in ALGS},
}


def registration(spki: bytes, alg: str) -> dict[str, Any]:
    """A key record that claims `alg` for these bytes."""
    return {"alg": alg, "keyid": keyid_of(spki), "principal": "deployer", "spki": format_base64(spki), "use": "event"}


class Claimed:
    """A signer whose key is claimed to be another's: it signs with a key of the claimed kind."""

    def __init__(self, spki: bytes, alg: str = "ed25519") -> None:
        self.spki, self.keyid, self.alg = spki, keyid_of(spki), alg

    def sign(self, message: bytes) -> bytes:
        return signer("claimed", self.alg).sign(message)


@pytest.mark.parametrize("alg", ALGS)
@pytest.mark.parametrize("kind", FOREIGN)
def test_attack_registered_under_another_name(door: Door, lab: Lab, kind: str, alg: str) -> None:
    if kind == alg:
        return
    spki = FOREIGN[kind]()
    with pytest.raises(Malformed, match="key-algorithm"):
        load_public(spki, alg)
    own = Claimed(spki, alg)
    written = door.session.write(
        key.Registered, registration(spki, alg), "ledger", [*door.signers("key-admin", 2), own]
    )
    problem = door.refuses(written.wire(), 403, "key-weak")
    assert "key-algorithm" in problem["detail"]
    lab.slip(lab.write(key.Registered, registration(spki, alg), "ledger", *KEY_ADMINS, own).wire())
    lab.finds("key-weak")


@pytest.mark.parametrize("name", NAMES)
def test_attack_other_names(door: Door, lab: Lab, name: str) -> None:
    """Three names exist; and a name in the unsigned wrapper means nothing."""
    own = signer("other name")
    said = {**record(own, "deployer"), "alg": name}
    written = door.session.write(key.Registered, said, "ledger", [*door.signers("key-admin", 2), own])
    door.refuses(written.wire(), 400, "schema", "$.predicate.body.alg")
    lab.slip(lab.write(key.Registered, said, "ledger", *KEY_ADMINS, own).wire())
    lab.finds("schema")
    value = json.loads(door.model().wire())
    value["signatures"][0] |= {"alg": name, "sig": "AAAA"}
    door.refuses(json.dumps(value | {"alg": name, "protected": "e30="}).encode(), 403, "signature-invalid")


FORGED: dict[str, Callable[[bytes, bytes], bytes]] = {
    "HMAC with the SPKI": lambda spki, message: hmac.digest(spki, message, "sha256"),
    "HMAC with the raw key": lambda spki, message: hmac.digest(raw_key(spki), message, "sha256"),
    "HMAC, 64 bytes": lambda spki, message: hmac.digest(raw_key(spki), message, "sha512"),
    "the digest": lambda _spki, message: sha256(message).digest(),
    "the key": lambda spki, _message: raw_key(spki),
    "another key of its kind": lambda _spki, message: signer("stranger").sign(message),
    "P-256 bytes": lambda _spki, message: signer("p256", "ecdsa-p256-sha256").sign(message),
    "raw r and s": lambda _spki, message: p1363(signer("p256", "ecdsa-p256-sha256").sign(message)),
    "ML-DSA bytes": lambda _spki, message: signer("ml", "ml-dsa-65").sign(message),
}


def p1363(signature: bytes) -> bytes:
    """r and s as 32 bytes each, which other tools of this field emit."""
    r, s = decode_dss_signature(signature)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
@pytest.mark.parametrize("alg", ALGS)
def test_attack_signatures_of_another_kind(
    door: Door, lab: Lab, alg: str, forge: Callable[[bytes, bytes], bytes]
) -> None:
    own = known(door, alg)
    written = door.model(None, own)
    signature = forge(own.spki, pae(written.envelope.payload))
    before = door.stored()
    answer = door.post(with_signature(written.wire(), signature)).json()
    assert answer["reason"] in {"signature-invalid", "signature-form"}
    assert alg == "ecdsa-p256-sha256" or answer["reason"] == "signature-invalid"
    door.unchanged(before)
    mine = signer("mine", alg)
    lab.register("assessor", mine)
    said = lab.write(model.Registered, {"kind": "base"}, "model/a", mine, subject="ab" * 32)
    lab.slip(with_signature(said.wire(), forge(mine.spki, pae(said.envelope.payload))))
    lab.finds("signature-invalid", check="signatures")


_known: dict[tuple[int, str], Any] = {}


def known(door: Door, alg: str) -> Any:
    """A registered assessor's signer under `alg`, made once for this ledger."""
    place = (id(door), alg)
    if place not in _known:
        _known[place] = door.person("assessor", alg)[1]
    return _known[place]


PREIMAGES: dict[str, Callable[[Any, bytes], bytes]] = {
    "ed25519: SHA-512 of it": lambda k, m: k["ed25519"].sign(sha512(m).digest()),
    "ecdsa-p256-sha256: SHA-384": lambda k, m: k["ecdsa-p256-sha256"].sign(m, ec.ECDSA(SHA384())),
    "ecdsa-p256-sha256: SHA-512": lambda k, m: k["ecdsa-p256-sha256"].sign(m, ec.ECDSA(SHA512())),
    "ecdsa-p256-sha256: hashed twice": lambda k, m: k["ecdsa-p256-sha256"].sign(sha256(m).digest(), ec.ECDSA(SHA256())),
    "ml-dsa-65: SHA-512 of it": lambda k, m: k["ml-dsa-65"].sign(sha512(m).digest()),
    "ml-dsa-65: SHA-256 of it": lambda k, m: k["ml-dsa-65"].sign(sha256(m).digest()),
    "ml-dsa-65: SHA-384 of it": lambda k, m: k["ml-dsa-65"].sign(sha384(m).digest()),
    "ml-dsa-65: a context": lambda k, m: k["ml-dsa-65"].sign(m, b"TUF"),
    "ml-dsa-65: HashML-DSA's prefix": lambda k, m: k["ml-dsa-65"].sign(
        b"\x01\x00" + bytes.fromhex("0609608648016503040203") + sha512(m).digest()
    ),
    "ml-dsa-65: the pure prefix twice": lambda k, m: k["ml-dsa-65"].sign(b"\x00\x00" + m),
}  # fmt: skip


@pytest.mark.parametrize("name", PREIMAGES)
def test_attack_other_preimages(door: Door, lab: Lab, name: str) -> None:
    """The right key over another encoding of the same message: TAP 21's, a pre-hash, a context."""
    alg = name.split(":", maxsplit=1)[0]
    own = known(door, alg)
    written = door.model(None, own)
    make = PREIMAGES[name]
    forged = make({alg: own._private}, pae(written.envelope.payload))
    door.refuses(with_signature(written.wire(), forged), 403, "signature-invalid")
    mine = signer("mine", alg)
    lab.register("assessor", mine)
    said = lab.write(model.Registered, {"kind": "base"}, "model/a", mine, subject="ab" * 32)
    lab.slip(with_signature(said.wire(), make({alg: mine._private}, pae(said.envelope.payload))))
    lab.finds("signature-invalid", check="signatures")


def test_attack_a_known_key_offered_again_under_another_algorithm(door: Door) -> None:
    """The record that stands decides: what a later registration claims for the same key id does not."""
    own = known(door, "ed25519")
    said = {**record(own, "deployer"), "alg": "ecdsa-p256-sha256"}
    written = door.session.write(key.Registered, said, "ledger", [*door.signers("key-admin", 2), own])
    door.refuses(written.wire(), 403, "key-weak")


@pytest.mark.parametrize("alg", ALGS)
def test_honest_three_algorithms(door: Door, lab: Lab, alg: str) -> None:
    own = known(door, alg)
    door.admits(door.model(None, own).wire())
    mine = signer("mine", alg)
    lab.register("assessor", mine)
    lab.say(model.Registered, {"kind": "base"}, "model/a", mine, subject="ab" * 32)
    lab.holds()
    assert signed(b"{}", mine) != dumps_as_is({})
