"""T18: one public key for two principals; registration without possession.

A public key is registered once, ever, by its raw bytes; the proof of possession covers key, principal, use and ledger, because
the new key signs the registration itself.
"""

import json
from typing import Any

import pytest

from api.author import Audience
from ledger.events import key
from ledger.strict import format_base64
from tests.simulator import KEY_ADMINS, Lab, record, signed, signer
from tests.threats.door import Door

ALGS = ["ed25519", "ecdsa-p256-sha256", "ml-dsa-65"]


def register(door: Door, own: Any, who: str, *more: Any, **said: Any) -> Any:
    """A registration, written and not yet posted."""
    return door.session.write(
        key.Registered, record(own, who, **said), "ledger", [*door.signers("key-admin", 2), own, *more]
    )


@pytest.mark.parametrize("alg", ALGS)
def test_attack_second_registration(door: Door, lab: Lab, alg: str) -> None:
    """Under another principal, under the same one, for another use, and after its revocation: never again."""
    who, own = door.person(None, alg)
    other, _ = door.person()
    for principal, use in ((other, "event"), (who, "event"), (who, "engine")):
        door.refuses(register(door, own, principal, use=use).wire(), 409, "key-known")
    gone = {"keyid": own.keyid, "reason": "ceased"}
    door.admits(door.session.write(key.Revoked, gone, "ledger", door.signers("key-admin-1")).wire())
    # a revoked key can't even sign: whatever rule comes first, nothing is stored
    assert door.refuses(register(door, own, other).wire(), 403, "key-revoked")
    mine = signer("mine", alg)
    lab.register("assessor", mine)
    lab.slip(lab.write(key.Registered, record(mine, "deployer"), "ledger", *KEY_ADMINS, mine).wire())
    lab.finds("key-known")


@pytest.mark.parametrize("who", ["root-1", "key-admin-1", "engine"])
def test_attack_a_founding_key_as_somebody_elses(door: Door, lab: Lab, who: str) -> None:
    """Root, key-admin and engine keys of entry 0 are registered too."""
    (own,) = door.signers(who)
    signers = {s.keyid: s for s in (*door.signers("key-admin", 2), own)}
    written = door.session.write(key.Registered, record(own, "deployer"), "ledger", list(signers.values()))
    before = door.stored()
    answer = door.post(written.wire())
    # a root or engine key is refused already as a signer of this type
    expected = {"root-1": (403, "key-use"), "engine": (403, "key-use"), "key-admin-1": (409, "key-known")}[who]
    if who == "key-admin-1":
        # its own signature then counts as possession, not as one of two key-admins
        expected = (422, "quorum-short")
    assert (answer.status_code, answer.json()["reason"]) == expected
    door.unchanged(before)
    mine = lab.keys[who]
    by = list(dict.fromkeys([*KEY_ADMINS, who]))
    lab.slip(lab.write(key.Registered, record(mine, "deployer"), "ledger", *by).wire())
    lab.finds(expected[1])


@pytest.mark.parametrize("alg", ALGS)
def test_attack_registration_without_possession(door: Door, lab: Lab, alg: str) -> None:
    """Mallory takes a public key that she read somewhere: signed by two key-admins alone, or by her own key beside."""
    victim = signer("victim", alg)
    admins = door.signers("key-admin", 2)
    written = door.session.write(key.Registered, record(victim, "deployer"), "ledger", admins)
    door.refuses(written.wire(), 403, "proof-of-possession")
    lab.slip(lab.write(key.Registered, record(victim, "deployer"), "ledger", *KEY_ADMINS).wire())
    lab.finds("proof-of-possession")


@pytest.mark.parametrize("what", ["principal", "ledger", "use", "not_after"])
def test_attack_foreign_proof(door: Door, lab: Lab, what: str) -> None:
    """The key-admins sign another principal, ledger, use or end; the owner's proof for the first is put beside."""
    own = signer(f"proof {what}")
    options: dict[str, Any] = {"audience": Audience("dev/staging", "0" * 64)} if what == "ledger" else {}
    who = "evaluator" if what == "use" else "deployer"  # a service, which may hold an engine's key
    change = {"principal": "assessor", "use": "engine", "not_after": "2099-01-01T00:00:00.000000Z"}.get(what)
    said = {what: change} if change is not None else {}
    for place in (door, lab):
        if isinstance(place, Door):
            admins = place.signers("key-admin", 2)
            wanted = place.session.write(key.Registered, {**record(own, who), **said}, "ledger", [*admins, own])
            given = staged(place, own) if what == "ledger" else place.session.write(
                key.Registered, record(own, who), "ledger", [*admins, own]
            )  # fmt: skip
        else:
            wanted = place.write(key.Registered, {**record(own, who), **said}, "ledger", *KEY_ADMINS, own)
            given = place.write(key.Registered, record(own, who), "ledger", *KEY_ADMINS, own, **options)
        document = json.loads(wanted.wire())
        proof = next(s.sig for s in given.envelope.signatures if s.keyid == own.keyid)
        for s in document["signatures"]:
            if s["keyid"] == own.keyid:
                s["sig"] = format_base64(proof)
        raw = json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
        if isinstance(place, Door):
            place.refuses(raw, 403, "signature-invalid")
        else:
            place.slip(raw)
            place.finds("signature-invalid", check="signatures")


def staged(door: Door, own: Any) -> Any:
    """The registration as the staging ledger would have it."""
    from api.author import write

    audience = Audience("dev/staging", "0" * 64)
    return write(
        key.Registered,
        record(own, "deployer"),
        audience,
        "ledger",
        [*door.signers("key-admin", 2), own],
        door.ledger.now(),
    )


def test_attack_one_raw_key_in_two_wrappings(door: Door) -> None:
    """Uniqueness is by the raw key: another DER of the same point is refused before it could pass as another key."""
    from tests.threats.test_t12_algorithm_confusion import Claimed, registration

    _, own = door.person(None, "ecdsa-p256-sha256")
    point = own.spki[-65:]
    compressed = (
        bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
        + bytes([2 + (point[-1] & 1)])
        + point[1:33]
    )
    other = Claimed(compressed, "ecdsa-p256-sha256")
    assert other.keyid != own.keyid
    written = door.session.write(
        key.Registered, registration(compressed, "ecdsa-p256-sha256"), "ledger", [*door.signers("key-admin", 2), other]
    )
    door.refuses(written.wire(), 403, "key-weak")


@pytest.mark.parametrize("alg", ALGS)
def test_honest_a_second_key_of_the_same_principal(door: Door, lab: Lab, alg: str) -> None:
    who, _ = door.person("assessor")
    second = signer(f"second of {who}", alg)
    door.admits(register(door, second, who).wire())
    door.admits(door.model(None, second).wire())
    mine = signer("second", alg)
    lab.register("assessor", mine)
    lab.holds()
    assert signed(b"{}", mine)
