"""T02: NaN, 1e999, 2^53+1, 2^64, -0, `1.0` for 1: numbers that two readers round or print differently.

Integers within ±(2^53−1), measures as decimal strings; else `number-domain`, at the door and by the auditor. What is accepted
is read alike by json, msgspec and Node.
"""

import base64
import json

import msgspec
import pytest

from auditor.verify import verify_export
from disclosures.claims import PAYLOAD_TYPE, sign_claims
from ledger.canonical import dumps, loads
from ledger.envelope import pae
from ledger.errors import Malformed
from ledger.events import evaluation, framework, model
from ledger.strict import format_base64, format_base64url, parse_decimal
from ledger.withheld import parse_disclosure
from tests.conftest import FOUNDED
from tests.simulator import Lab, signed
from tests.threats import documents
from tests.threats.documents import replaced
from tests.threats.door import Door
from tests.threats.node import NODE, READ, ask_node

LITERALS = [
    "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e0", "1E5", "1e-5", "1.0", "0.5", "-0", "-0.0", "0e0", "0.1e1",
    "9007199254740992", "9007199254740993", "-9007199254740992", "18446744073709551615", "18446744073709551616", "1" + "0" * 400,
]  # fmt: skip
LIMITS = (0, 2**53 - 1)


@pytest.mark.parametrize("literal", LITERALS)
def test_attack_statement_and_wrapper(door: Door, lab: Lab, literal: str) -> None:
    number = literal.encode()
    raw = door.model(expected_version=1).envelope.payload
    forged = replaced(raw, b'"expected_version":1', b'"expected_version":' + number)
    door.refuses(signed(forged, *door.signers("assessor")), 400, "number-domain")
    wrapper = replaced(door.model().wire(), b'{"payload"', b'{"n":[%s],"payload"' % number)
    door.refuses(wrapper, 400, "number-domain")
    honest = lab.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32, expected_version=1)
    forged = replaced(honest.envelope.payload, b'"expected_version":1', b'"expected_version":' + number)
    lab.slip(signed(forged, lab.keys["assessor"]), stream="model/a")
    lab.finds("number-domain")


@pytest.mark.parametrize("literal", LITERALS)
def test_attack_where_the_schema_is_open(door: Door, lab: Lab, literal: str) -> None:
    """A pack is any object to the envelope's reader: the domain must hold there without a schema's help."""
    body, stream = documents.publication()
    admins = door.signers("framework-admin", 2)
    new = b'"pack":{"aa":%s,' % literal.encode()
    forged = replaced(door.session.write(framework.Published, body, stream, admins).envelope.payload, b'"pack":{', new)
    door.refuses(signed(forged, *admins), 400, "number-domain")
    names = ("framework-admin-1", "framework-admin-2")
    forged = replaced(lab.write(framework.Published, body, stream, *names).envelope.payload, b'"pack":{', new)
    lab.slip(signed(forged, *(lab.keys[n] for n in names)))
    lab.finds("number-domain")


@pytest.mark.parametrize("literal", LITERALS)
def test_attack_disclosure_claims_and_entry(lab: Lab, literal: str) -> None:
    text = format_base64url(b'["AAAAAAAAAAAAAAAAAAAAAA","scores",%s]' % literal.encode())
    with pytest.raises(Malformed) as caught:
        parse_disclosure(text)
    assert caught.value.code == "number-domain"
    files = lab.export()
    claims = replaced(files["claims.json"], b'"size":%d' % FOUNDED, b'"size":' + literal.encode())
    engine = lab.keys["engine"]
    files["claims.json"], files["claims.sig"] = claims, _sign(claims, engine)
    assert verify_export(files.get, lab.pin()).to_json()["code"] == "number-domain"
    raw = lab.fork().slip(
        lab.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32).wire()
    )
    lab.slip_entry(replaced(raw, b'"version":1', b'"version":' + literal.encode()), "model/a")
    lab.finds("number-domain")


def _sign(payload: bytes, engine) -> bytes:
    """The engine's real signature over claims that `sign_claims` would refuse to write."""
    sig = format_base64(engine.sign(pae(payload, PAYLOAD_TYPE)))
    line = dumps({"keyid": engine.keyid, "payloadType": PAYLOAD_TYPE, "sig": sig})
    assert set(json.loads(line)) == set(json.loads(sign_claims({}, engine)[1]))
    return line


@pytest.mark.parametrize(
    "text", ["1e3", "NaN", "Infinity", "-0", "-0.0", "01", "+1", ".5", "1.", "١", "1_0", " 1", "1\n", ""]
)
def test_attack_measures(door: Door, text: str) -> None:
    """Measures are decimal strings of one grammar."""
    with pytest.raises(Malformed):
        parse_decimal(text)
    body = documents.evaluation("r", scores=[{"name": "n", "scorer": "s", "value": text}])
    written = door.session.write(
        evaluation.Recorded, body, "model/none", door.signers("evaluator"), defaults=frozenset(), subject="ab" * 32
    )
    door.refuses(written.wire(), 400, "schema", "$.predicate.body.scores[0].value")


@pytest.mark.parametrize("number", LIMITS)
def test_honest_limits_survive_byte_for_byte(door: Door, lab: Lab, number: int) -> None:
    stream = door.name()
    door.admits(door.model(stream).wire())
    body = documents.evaluation(f"run:{number}", log_bytes=number)
    written = door.session.write(evaluation.Recorded, body, stream, door.signers("evaluator"))
    value = door.admits(written.wire())
    shown = door.ask("GET", f"/v1/entries/{value['index']}").json()
    payload = base64.b64decode(shown["entry"]["envelope"]["payload"])
    assert payload == written.envelope.payload
    assert b'"log_bytes":%d,' % number in payload
    lab.say(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    lab.say(evaluation.Recorded, body, "model/a", "evaluator")
    lab.holds()


def test_honest_readers_agree(door: Door) -> None:
    """What is accepted means the same to json, msgspec and, where it is here, Node."""
    documents = [e.entry for e in door.ledger.desk.read_entries(0, 20)]
    documents += [dumps([n, -n, 0, str(n), "0.1", {"a": n}]) for n in LIMITS]
    for raw in documents:
        assert loads(raw) == json.loads(raw) == msgspec.json.decode(raw)
    if NODE is not None:
        read = ask_node(READ, [base64.b64encode(d).decode() for d in documents])
        assert [r.encode() for r in read] == documents
