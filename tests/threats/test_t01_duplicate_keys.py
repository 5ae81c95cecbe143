"""T01: one key twice, also as "a" and "\\u0061": two readers, two meanings. Refused at the door, and again by the auditor.

Places: the submission, the DSSE wrapper, the statement at every depth, a pack inside it, a field disclosure, an imported
log; for the auditor also entry, claims and pin. Routes that take JSON: POST /v1/entries, single and as NDJSON.
"""

import json
from collections.abc import Callable

import pytest

from api.importers import read_log
from auditor.pin import format_pin, parse_pin
from auditor.verdict import VerifyVerdict
from auditor.verify import verify_export
from ledger.errors import Malformed
from ledger.events import framework, model
from ledger.strict import format_base64, format_base64url
from ledger.withheld import parse_disclosure
from tests.simulator import Lab, signed
from tests.threats.documents import publication, replaced
from tests.threats.door import NDJSON, Door

WRAPPER = {
    "payload": lambda raw: replaced(raw, b'"payload":', b'"payload":"e30=","payload":'),
    "escaped": lambda raw: replaced(raw, b'{"payload":', b'{"p\\u0061yload":"e30=","payload":'),
    "signatures": lambda raw: replaced(raw, b'"signatures":', b'"signatures":[],"signatures":'),
    "in a signature": lambda raw: replaced(raw, b'"keyid":', b'"keyid":"","keyid":'),
}
STATEMENT = {
    "top": lambda raw: replaced(raw, b'"predicateType":', b'"predicateType":"x","predicateType":'),
    "predicate": lambda raw: replaced(raw, b'"founding":', b'"founding":"","founding":'),
    "body": lambda raw: replaced(raw, b'"kind":', b'"kind":"snapshot","kind":'),
    "body, escaped": lambda raw: replaced(raw, b'"kind":', b'"k\\u0069nd":"snapshot","kind":'),
    "subject": lambda raw: replaced(raw, b'"name":"_"', b'"name":"_","name":"_"'),
    "the same value twice": lambda raw: replaced(raw, b'"kind":"base"', b'"kind":"base","kind":"base"'),
}
Change = Callable[[bytes], bytes]


@pytest.mark.parametrize("change", WRAPPER.values(), ids=WRAPPER)
def test_attack_wrapper(door: Door, lab: Lab, change: Change) -> None:
    raw = change(door.model().wire())
    door.refuses(raw, 400, "duplicate-key")
    door.refuses_line(raw, 400, "duplicate-key")
    door.refuses(b'{"envelope":%s}' % raw, 400, "duplicate-key")
    lab.slip(change(lab.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32).wire()))
    lab.finds("duplicate-key")


@pytest.mark.parametrize("change", STATEMENT.values(), ids=STATEMENT)
def test_attack_statement(door: Door, lab: Lab, change: Change) -> None:
    raw = signed(change(door.model().envelope.payload), *door.signers("assessor"))
    door.refuses(raw, 400, "duplicate-key")
    door.refuses_line(raw, 400, "duplicate-key")
    honest = lab.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    lab.slip(signed(change(honest.envelope.payload), lab.keys["assessor"]), stream="model/a")
    lab.finds("duplicate-key")


def test_attack_submission(door: Door) -> None:
    raw = door.model().wire()
    door.refuses(b'{"envelope":{},"envelope":%s}' % raw, 400, "duplicate-key")
    door.refuses(b'{"disclosures":[],"disclosures":[],"envelope":%s}' % raw, 400, "duplicate-key")


@pytest.mark.parametrize("deep", [b'"pack":{', b'"gates":[{'])
def test_attack_pack(door: Door, lab: Lab, deep: bytes) -> None:
    body, stream = publication()
    admins = door.signers("framework-admin", 2)
    honest = door.session.write(framework.Published, body, stream, admins)
    twice = replaced(honest.envelope.payload, deep, deep + b'"id":"one","id":"two",')
    door.refuses(signed(twice, *admins), 400, "duplicate-key")
    names = ("framework-admin-1", "framework-admin-2")
    twice = replaced(
        lab.write(framework.Published, body, stream, *names).envelope.payload, deep, deep + b'"id":"1","id":"2",'
    )
    lab.slip(signed(twice, *(lab.keys[n] for n in names)))
    lab.finds("duplicate-key")


def test_attack_disclosure(door: Door) -> None:
    text = format_base64url(b'["AAAAAAAAAAAAAAAAAAAAAA","subject",{"name":"a","name":"b"}]')
    value = {"envelope": json.loads(door.model().wire()), "disclosures": [text]}
    door.refuses(json.dumps(value).encode(), 400, "duplicate-key")
    with pytest.raises(Malformed) as caught:
        parse_disclosure(text)
    assert caught.value.code == "duplicate-key"


@pytest.mark.parametrize("name", ["claims.json", "claims.sig"])
def test_attack_claims(lab: Lab, name: str) -> None:
    files = lab.export()
    raw = files[name]
    member = next(iter(json.loads(raw)))
    files[name] = replaced(raw, b'"%s":' % member.encode(), b'"%s":0,"%s":' % (member.encode(), member.encode()))
    report = verify_export(files.get, lab.pin())
    assert report.verdict is VerifyVerdict.INVALID
    # claims.json is read after its signature, which the altered bytes no longer fit
    assert report.to_json()["code"] == ("duplicate-key" if name == "claims.sig" else "signature-invalid")


@pytest.mark.parametrize("member", [b'"recorded_at":', b'"stream":', b'"previous":', b'"envelope":'])
def test_attack_entry(lab: Lab, member: bytes) -> None:
    raw = lab.fork().slip(
        lab.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32).wire()
    )
    lab.slip_entry(replaced(raw, member, member + b'"",' + member), "model/a")
    lab.finds("duplicate-key")


def test_attack_pin(lab: Lab) -> None:
    raw = format_pin(lab.origin, lab.founding, tuple(str(v) for v in lab.log.vkeys), lab.note())
    assert parse_pin(raw).origin == lab.origin
    with pytest.raises(Malformed) as caught:
        parse_pin(replaced(raw, b'"origin":', b'"origin":"dev/other","origin":'))
    assert caught.value.code == "duplicate-key"


@pytest.mark.parametrize(
    "place", [b'{"status":"error",', b'{"st\\u0061tus":"error",', b'{"eval":{"task":"x","task":"y"},']
)
def test_attack_imported_log(place: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        read_log(place + b'"version":2,"status":"success","eval":{"task":"t"}}')
    assert caught.value.code == "duplicate-key"


def test_honest_same_key_in_sibling_objects(door: Door, lab: Lab) -> None:
    causes = [{"index": i, "leaf": door.ledger.appender.state.get("entry", str(i)).leaf} for i in (1, 2)]
    raw = door.model(causes=tuple(causes)).wire()
    wrapped = b'{"disclosures":[],"envelope":%s}' % replaced(raw, b'{"payload"', b'{"a":{"k":1},"b":{"k":1},"payload"')
    value = door.admits(wrapped)
    assert value["entry"]["envelope"] == json.loads(raw), "what is no member of an envelope is not kept"
    again = door.post(raw + b"\n", NDJSON)
    assert json.loads(again.text)["index"] == value["index"]
    known = [lab.replay.state.get("entry", str(i)).leaf for i in (1, 2)]
    twins = tuple({"index": i + 1, "leaf": leaf} for i, leaf in enumerate(known))
    lab.say(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32, causes=twins)
    lab.holds()
    assert format_base64(b"{}") == "e30="
