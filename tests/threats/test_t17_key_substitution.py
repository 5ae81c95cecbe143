"""T17: embedded key or certificate, key id as path or URL, keys served by the log under test (gitsign GHSA-xvrc-2wvh-49vc).

Keys come from entry 0 and key events alone; a verifier starts from identities that *it* was given, the pin; a key id is 64 hex
digits. What a wrapper carries beside is unsigned and is normalised away.
"""

import json
from typing import Any

import pytest

from auditor.bundle import Trust, verify_bundle
from auditor.pin import format_pin, parse_pin
from auditor.verdict import VerifyVerdict
from auditor.verify import verify_export
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.entry import leaf_hash
from ledger.envelope import pae
from ledger.errors import LedgerError
from ledger.events import key, model
from ledger.strict import format_base64, micros
from ledger.tile import Edge
from tests.disclosures.bent import foreign_checkpoint, foreign_keys
from tests.disclosures.forger import honest, told
from tests.simulator import KEY_ADMINS, Lab, altered, dumps_as_is, log_signer, record, signer
from tests.threats.door import Door

MALLORY = signer("mallory")
EMBEDDED = {
    "jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
    "x5c": ["MIIB"],
    "jku": "https://keys.example/jwks.json",
    "x5u": "https://keys.example/cert.pem",
    "cert": "-----BEGIN CERTIFICATE-----",
    "spki": format_base64(MALLORY.spki),
    "public_key": format_base64(MALLORY.spki),
    "kid": MALLORY.keyid,
}
KEYIDS = [
    "../../x",
    "/etc/passwd",
    "https://keys.example/k",
    "file:///k.pem",
    "",
    "0" * 63,
    "0" * 65,
    "A" * 64,
    "0" * 62 + "\n0",
    "٠" * 64,
    "0x" + "0" * 62,
]


def forged(raw: bytes, payload: bytes, signer_of: Any, name: str, value: Any) -> bytes:
    """Mallory signs, and sends her key along under `name`, at both levels."""
    document = json.loads(raw)
    (signature,) = document["signatures"]
    signature |= {"sig": format_base64(signer_of.sign(pae(payload))), name: value}
    return dumps_as_is(document | {name: value})


@pytest.mark.parametrize("name", EMBEDDED)
def test_attack_embedded_key(door: Door, lab: Lab, name: str) -> None:
    """Under the assessor's key id, with a key in the message that would verify it."""
    written = door.model()
    door.refuses(
        forged(written.wire(), written.envelope.payload, MALLORY, name, EMBEDDED[name]), 403, "signature-invalid"
    )
    mine = lab.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    lab.slip(forged(mine.wire(), mine.envelope.payload, MALLORY, name, EMBEDDED[name]))
    lab.finds("schema")


def test_attack_unknown_key(door: Door, lab: Lab) -> None:
    """A key that nobody registered, named honestly: the message can't introduce it."""
    door.refuses(door.model(None, MALLORY).wire(), 403, "key-unknown")
    lab.slip(lab.write(model.Registered, {"kind": "base"}, "model/a", MALLORY, subject="ab" * 32).wire())
    lab.finds("key-unknown")


@pytest.mark.parametrize("keyid", KEYIDS)
def test_attack_key_id(door: Door, lab: Lab, keyid: str) -> None:
    written = door.model()
    document = json.loads(written.wire())
    document["signatures"][0]["keyid"] = keyid
    door.refuses(dumps_as_is(document), 400, "hex-form", "text")
    (assessor,) = door.signers("assessor")
    door.refuses(altered(written, {"signers": [keyid]}, assessor), 400, "schema", "$.predicate.signers[0]")
    mine = lab.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    document = json.loads(mine.wire())
    document["signatures"][0]["keyid"] = keyid
    other = lab.fork()
    other.slip(dumps_as_is(document))
    other.finds("schema")
    lab.slip(altered(mine, {"signers": [keyid]}, lab.keys["assessor"]))
    lab.finds("schema")


def test_attack_key_id_of_another_key(door: Door, lab: Lab) -> None:
    """A registration whose key id is not the digest of its key: it would stand in another key's place."""
    admins = door.signers("key-admin", 2)
    (assessor,) = door.signers("assessor")

    class Posing:
        keyid, spki, alg = assessor.keyid, MALLORY.spki, "ed25519"
        sign = staticmethod(MALLORY.sign)

    said = {**record(MALLORY, "deployer"), "keyid": assessor.keyid}
    written = door.session.write(key.Registered, said, "ledger", [*admins, Posing()])
    door.refuses(written.wire(), 403, "signature-invalid")
    fresh = type("Fresh", (Posing,), {"keyid": "ab" * 32})()
    said["keyid"] = fresh.keyid
    door.refuses(door.session.write(key.Registered, said, "ledger", [*admins, fresh]).wire(), 403, "key-unknown")
    lab.slip(lab.write(key.Registered, said, "ledger", *KEY_ADMINS, fresh).wire())
    lab.finds("key-unknown")


def mallorys_log(lab: Lab) -> dict[str, bytes]:
    """The same entries under a checkpoint by keys of Mallory's own, named like the log's."""
    files = lab.export()
    edge, _ = Edge.empty().extend([leaf_hash(e) for e in lab.entries])
    own = log_signer("mallory", lab.origin)
    note = sign_checkpoint(Checkpoint(lab.origin, len(lab.entries), edge.root()), own, micros(lab.time) // 1_000_000)
    return files | {"checkpoint": note.encode()}


def test_attack_checkpoint_by_other_keys(lab: Lab) -> None:
    """With the pin, its keys count; without one the log's entry 0 counts, and never a key that comes along."""
    files = mallorys_log(lab)
    for pin in (lab.pin(), None):
        report = verify_export(files.get, pin)
        assert report.verdict is VerifyVerdict.INVALID
        (bad,) = (c for c in report.checks if c.verdict is VerifyVerdict.INVALID)
        assert (bad.name, bad.code) == ("checkpoint", "checkpoint-unsigned")


@pytest.mark.parametrize(
    "name", ["keys", "keys/engine.pem", "trust.json", "pin.json", "vkeys", "tile/keys", "signatures"]
)
def test_attack_keys_file_in_the_export(lab: Lab, name: str) -> None:
    """An export with keys beside it: nobody reads them. Mallory's log stays INVALID, the true one stays as it is."""
    own = log_signer("mallory", lab.origin)
    keys = "\n".join(str(v) for v in own.vkeys).encode()
    read: list[str] = []

    def spy(files: dict[str, bytes]) -> Any:
        return lambda path: (read.append(path), files.get(path))[1]

    assert verify_export(spy(mallorys_log(lab) | {name: keys}), lab.pin()).verdict is VerifyVerdict.INVALID
    assert verify_export(spy(lab.export() | {name: keys}), lab.pin()).verdict is VerifyVerdict.VALID_UNWITNESSED
    assert name not in read


def test_attack_swapped_keys_in_a_bundle() -> None:
    """`data/keys` is a convenience: Mallory's keys there, and the checkpoint signed by them, are found without any pin."""
    for bend in (foreign_keys, foreign_checkpoint):
        report = verify_bundle(honest().files(bend), Trust(told()[0].pin(1)))
        assert report.verdict is VerifyVerdict.INVALID
        found = {c.code for c in report.checks if c.verdict is VerifyVerdict.INVALID}
        assert found <= {"keys-mismatch", "checkpoint-signature"}
        assert verify_bundle(honest().files(bend)).verdict is VerifyVerdict.INVALID
    assert verify_bundle(honest().files(), Trust(told()[0].pin(1))).verdict is VerifyVerdict.VALID_UNWITNESSED


def test_attack_entry_0_with_mallorys_keys(lab: Lab) -> None:
    """A whole ledger of Mallory's under the lab's name: consistent in itself, and nothing more. The pin tells."""
    theirs = Lab(name="mallory")
    assert (theirs.origin, theirs.founding != lab.founding) == (lab.origin, True)
    assert verify_export(theirs.export().get).verdict is VerifyVerdict.UNANCHORED
    report = verify_export(theirs.export().get, lab.pin())
    assert report.verdict in {VerifyVerdict.DIVERGED, VerifyVerdict.INVALID}
    assert {c.code for c in report.checks if c.verdict is VerifyVerdict.DIVERGED} == {"founded-anew"}


def test_attack_a_pin_that_mixes(lab: Lab) -> None:
    """A trust file whose checkpoint is not signed by its own keys is no trust file."""
    own = log_signer("mallory", lab.origin)
    for vkeys, note in ((own.vkeys, lab.note()), (lab.log.vkeys, mallorys_log(lab)["checkpoint"].decode())):
        with pytest.raises(LedgerError):
            parse_pin(format_pin(lab.origin, lab.founding, tuple(str(v) for v in vkeys), note))


@pytest.mark.parametrize("name", EMBEDDED)
def test_honest_extra_members_are_normalised_away(door: Door, lab: Lab, name: str) -> None:
    """The same member beside a true signature: the signature still counts, the member is not kept."""
    written = door.model()
    document = json.loads(written.wire())
    document["signatures"][0][name] = EMBEDDED[name]
    value = door.admits(json.dumps(document | {name: EMBEDDED[name]}).encode())
    assert value["entry"]["envelope"] == json.loads(written.wire())
    lab.holds()
