"""T08: a signature reused for another purpose: approval as result, a foreign in-toto envelope, a checkpoint as statement.

PAE binds `payloadType`; `predicateType`, `ledger`, `founding` and `signers` are signed; log keys and event keys are disjoint.
"""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.keyring import _read
from auditor.verdict import VerifyVerdict
from auditor.verify import verify_export
from disclosures.claims import PAYLOAD_TYPE as CLAIMS
from ledger.envelope import PAYLOAD_TYPE, pae
from ledger.events import approval, evaluation, key, model
from ledger.keys import SoftwareSigner
from ledger.registry import BY_TOPIC
from ledger.strict import format_base64
from tests.conftest import SHARED
from tests.simulator import KEY_ADMINS, Lab, log_signer, record, signed
from tests.threats.documents import replaced
from tests.threats.door import Door

INTOTO = SHARED / "vectors" / "intoto"
KINDS = [
    "application/json",
    "application/vnd.in-toto",
    "application/vnd.in-toto+json ",
    "APPLICATION/VND.IN-TOTO+JSON",
    CLAIMS,
    "",
    "x",
]


@pytest.mark.parametrize("kind", KINDS)
def test_attack_payload_type(door: Door, lab: Lab, kind: str) -> None:
    """Renamed in the wrapper: refused. Signed under another type and sent under ours: the signature is over another PAE."""
    written = door.model()
    value = json.loads(written.wire())
    door.refuses(json.dumps({**value, "payloadType": kind}).encode(), 400, "payload-type", "payloadType")
    (assessor,) = door.signers("assessor")
    value["signatures"][0]["sig"] = format_base64(assessor.sign(pae(written.envelope.payload, kind)))
    door.refuses(json.dumps(value).encode(), 403, "signature-invalid")
    mine = lab.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    for raw, rule in (
        (replaced(mine.wire(), PAYLOAD_TYPE.encode(), kind.encode()), "schema"),
        (resigned(mine.wire(), lab.keys["assessor"].sign(pae(mine.envelope.payload, kind))), "signature-invalid"),
    ):
        other = lab.fork()
        other.slip(raw, stream="model/a")
        if rule == "schema":
            other.finds(rule)
        else:
            other.finds(rule, check="signatures")


def resigned(raw: bytes, sig: bytes) -> bytes:
    """The normal form with another signature."""
    value = json.loads(raw)
    value["signatures"][0]["sig"] = format_base64(sig)
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


@pytest.mark.parametrize("topic", sorted(BY_TOPIC))
def test_attack_predicate_type_swapped(door: Door, topic: str) -> None:
    """The same bytes under every other event type: the signature is over the type, and no body fits another type."""
    written = door.model()
    own = model.Registered.event.topic
    if topic == own:
        assert json.loads(written.envelope.payload)["predicateType"] == topic
        return
    bent = replaced(written.envelope.payload, own.encode(), topic.encode())
    raw = json.loads(written.wire())
    answer = door.post(json.dumps({**raw, "payload": format_base64(bent)}).encode())
    assert (answer.status_code, answer.json()["reason"]) in ((400, "schema"), (403, "signature-invalid"))
    door.refuses(signed(bent, *door.signers("assessor")), 400, "schema")


def test_attack_approval_as_result(door: Door, lab: Lab) -> None:
    """An approver's signature under the fields of an evaluation, and the other way round."""
    for who, kind, other in (
        ("approver-1", approval.Withdrawn, evaluation.Invalidated),
        ("evaluator", evaluation.Invalidated, approval.Withdrawn),
    ):
        body = {"approval": "0" * 64, "reason": "fictional", "request": "0" * 64} if kind is approval.Withdrawn else {
            "evaluation": {"index": 1, "leaf": "0" * 64}, "reason": "fictional"}  # fmt: skip
        own = door.signers(who)
        payload = door.session.write(
            kind, body, "model/none", own, subject="ab" * 32, defaults=frozenset()
        ).envelope.payload
        bent = replaced(payload, kind.event.topic.encode(), other.event.topic.encode())
        door.refuses(signed(bent, *own), 400, "schema")
        mine = lab.write(kind, body, "model/a", who, subject="ab" * 32, defaults=frozenset()).envelope.payload
        branch = lab.fork()
        branch.slip(signed(replaced(mine, kind.event.topic.encode(), other.event.topic.encode()), lab.keys[who]))
        branch.finds("schema")


UNKNOWN = ["urn:holdpoint:event:model.registered:2", "urn:holdpoint:event:model.registered", "urn:holdpoint:event:entry.suppressed:2",
           "https://slsa.dev/provenance/v1", "", "model.registered"]  # fmt: skip


@pytest.mark.parametrize("topic", UNKNOWN)
def test_attack_unknown_type(door: Door, lab: Lab, topic: str) -> None:
    """The door refuses what it does not know; an auditor's old copy says ERROR, never INVALID, and never passes over it."""
    own = model.Registered.event.topic.encode()
    bent = replaced(door.model().envelope.payload, own, topic.encode())
    door.refuses(signed(bent, *door.signers("assessor")), 422, "type-unknown")
    mine = lab.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32).envelope.payload
    lab.slip(signed(replaced(mine, own, topic.encode()), lab.keys["assessor"]))
    lab.finds("type-unknown", verdict=VerifyVerdict.ERROR)


@pytest.mark.skipif(not INTOTO.is_dir(), reason="the shared vectors are not beside this checkout")
def test_attack_envelopes_of_other_tools(door: Door) -> None:
    """In-toto statements of other predicates, correctly signed by a registered key."""
    own = door.signers("assessor")
    answers = {}
    for path in sorted(INTOTO.glob("*.json")):
        raw = path.read_bytes()
        before = door.stored()
        answers[path.stem] = door.post(signed(raw, *own)).json()["reason"]
        door.unchanged(before)
    commented = {"release-5", "scai-2"}
    assert {n for n, a in answers.items() if a == "not-json"} == commented
    assert all(a == "type-unknown" for n, a in answers.items() if n not in commented), answers


def test_attack_checkpoint_as_statement(door: Door, lab: Lab) -> None:
    """The log's own signed note, as a payload and as a signature."""
    _, note = door.ledger.appender.published
    text = note.split("\n\n")[0] + "\n"
    (assessor,) = door.signers("assessor")
    for payload in (note.encode(), text.encode()):
        door.refuses(signed(payload, assessor), 400, "not-json")
    line = note.strip().split("\n")[-2].split(" ")[-1]
    value = json.loads(door.model().wire())
    value["signatures"][0]["sig"] = line
    door.refuses(json.dumps(value).encode(), 403, "signature-invalid")
    lab.slip(signed(lab.note().encode(), lab.keys["assessor"]))
    lab.finds("not-json")


def test_attack_claims_as_event(lab: Lab) -> None:
    """The engine signs claims too: its signature over claims is over another PAE than any event's."""
    written = lab.write(model.Registered, {"kind": "base"}, "model/a", "engine", subject="ab" * 32)
    payload = written.envelope.payload
    lab.slip(resigned(written.wire(), lab.keys["engine"].sign(pae(payload, CLAIMS))))
    lab.finds("key-use")
    files = {**lab.export()}
    fork = lab.fork()
    files["claims.json"] = payload
    line = json.loads(files["claims.sig"])
    files["claims.sig"] = json.dumps(
        {**line, "sig": format_base64(fork.keys["engine"].sign(pae(payload)))}, separators=(",", ":")
    ).encode()
    clean = Lab().export() | {n: files[n] for n in ("claims.json", "claims.sig")}
    assert verify_export(clean.get, Lab().pin()).to_json()["code"] == "signature-invalid"


def test_attack_the_logs_key_as_an_event_key(door: Door, lab: Lab) -> None:
    """Log keys sign checkpoints and nothing else: such a key can't be registered, here or in the auditor's replay."""
    private = _read(door.ledger.folder / "keys" / "log-ed25519.pem")
    assert isinstance(private, ed25519.Ed25519PrivateKey)
    own = SoftwareSigner(private)
    admins = door.signers("key-admin", 2)
    written = door.session.write(key.Registered, record(own, "deployer"), "ledger", [*admins, own])
    door.refuses(written.wire(), 409, "key-known")
    theirs = SoftwareSigner(log_signer(lab.origin, lab.origin)._classical)
    assert theirs.spki == private_spki(lab)
    lab.slip(lab.write(key.Registered, record(theirs, "deployer"), "ledger", *KEY_ADMINS, theirs).wire())
    lab.finds("key-known")


def private_spki(lab: Lab) -> bytes:
    """DER of the log's Ed25519 key."""
    return lab.log._classical.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_honest_right_type_passes(door: Door, lab: Lab) -> None:
    """The right type by the right key, and another key of the same principal."""
    stream = door.name()
    door.admits(door.model(stream).wire())
    said = {"of": stream, "ratio": "1.5"}
    door.admits(door.session.write(model.ComputeReached, said, stream, door.signers("evaluator")).wire())
    lab.say(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    lab.say(model.ComputeReached, {"of": "model/a", "ratio": "1.5"}, "model/a", "evaluator")
    lab.holds()
