"""T03: lone surrogates, U+0000, control, bidi and zero-width characters.

Surrogates and U+0000 are refused, names are `[a-z0-9._:/@-]+`; nothing is normalised, and the rest is kept byte for byte through
post, store, read and export, and shown with controls made visible.
"""

import base64
import json
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.explain import visible
from ledger.canonical import loads_canonical
from ledger.errors import Malformed
from ledger.events import evaluation, model
from ledger.strict import parse_stream
from tests.simulator import Lab, altered, signed
from tests.threats import documents
from tests.threats.documents import replaced
from tests.threats.door import Door

BAD = {
    "lone high surrogate": b"\\ud800",
    "lone low surrogate": b"\\udc00",
    "surrogates in the wrong order": b"\\udc00\\ud800",
    "U+0000": b"\\u0000",
}
RAW = {"raw surrogate": b"\xed\xa0\x80", "overlong": b"\xc0\x80", "cut": b"\xe2\x82", "latin-1": b"\xe9"}
NAMES = [
    "model/A",
    "model/é",
    "model/\u202ea",
    "model/a\u200b",
    "model/а",
    "model/a b",
    "model/a\n",
    "model/ａ",
    "model/a\x7f",
]
HONEST = {
    "Arabic": "تقييم",
    "Hebrew": "הערכה",
    "emoji with joiners": "👩\u200d🔬🏽",
    "combining marks": "e\u0301 é",
    "bidi": "\u202eevil\u202c",
    "controls": "\x1b[2J\r\n\t\x07\x7f\x85",
    "noncharacters": "\ufffe\U0010ffff",
}


def elicited(place: Door | Lab, run: str, text: str, stream: str):
    """A record whose free text is `text`."""
    body = documents.evaluation(run, elicitation=text)
    if isinstance(place, Door):
        return place.session.write(evaluation.Recorded, body, stream, place.signers("evaluator"))
    return place.write(evaluation.Recorded, body, stream, "evaluator")


@pytest.mark.parametrize(
    ("bad", "rule"), [*((b, "text-domain") for b in BAD.values()), *((b, "not-utf8") for b in RAW.values())]
)
def test_attack_text(door: Door, lab: Lab, bad: bytes, rule: str) -> None:
    honest = elicited(door, "r", "HERE", "model/none")
    forged = replaced(honest.envelope.payload, b"HERE", bad)
    door.refuses(signed(forged, *door.signers("evaluator")), 400, rule)
    door.refuses(replaced(honest.wire(), b'{"payload"', b'{"x":"%s","payload"' % bad), 400, rule)
    lab.say(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    forged = replaced(elicited(lab, "r", "HERE", "model/a").envelope.payload, b"HERE", bad)
    lab.slip(signed(forged, lab.keys["evaluator"]), stream="model/a")
    lab.finds(rule)


@pytest.mark.parametrize("name", NAMES)
def test_attack_names(door: Door, lab: Lab, name: str) -> None:
    with pytest.raises(Malformed):
        parse_stream(name)
    (assessor,) = door.signers("assessor")
    door.refuses(altered(door.model(), {"stream": name}, assessor), 400, "schema", "$.predicate.stream")
    written = lab.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    lab.slip(altered(written, {"stream": name}, lab.keys["assessor"]), stream=name)
    lab.finds("schema")


@pytest.fixture(scope="module")
def stream(door: Door) -> str:
    name = door.name()
    door.admits(door.model(name).wire())
    return name


@given(text=st.text(st.characters(codec=None), max_size=60))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_attack_all_of_unicode_is_kept_or_refused(door: Door, stream: str, text: str) -> None:
    number = door.ledger.appender.size
    fits = not any(unicodedata.category(c) == "Cs" or c == "\0" for c in text)
    if not fits:
        honest = elicited(door, f"run:{number}", "HERE", stream)
        escaped = json.dumps(text).encode()[1:-1]
        forged = replaced(honest.envelope.payload, b"HERE", escaped)
        door.refuses(signed(forged, *door.signers("evaluator")), 400, "text-domain")
        return
    written = elicited(door, f"run:{number}", text, stream)
    index = door.admits(written.wire())["index"]
    assert kept(door, index) == written.envelope.payload
    assert loads_canonical(kept(door, index))["predicate"]["body"]["elicitation"] == text


def kept(door: Door, index: int) -> bytes:
    """The payload as read back over HTTP."""
    shown = door.ask("GET", f"/v1/entries/{index}").json()
    return base64.b64decode(shown["entry"]["envelope"]["payload"])


@pytest.mark.parametrize("text", HONEST.values(), ids=HONEST)
def test_honest_scripts_are_kept_as_they_are(door: Door, lab: Lab, stream: str, text: str) -> None:
    written = elicited(door, f"run:{text!r}", text, stream)
    index = door.admits(written.wire())["index"]
    assert kept(door, index) == written.envelope.payload
    lab.say(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    lab.add(elicited(lab, "r", text, "model/a"))
    lab.holds()
    exported = b"".join(lab.export().values())
    assert base64.b64encode(lab_payload(lab)) in exported


def lab_payload(lab: Lab) -> bytes:
    """The payload of the lab's last entry."""
    return base64.b64decode(json.loads(lab.entries[-1])["envelope"]["payload"])


def test_honest_controls_are_shown() -> None:
    assert visible(HONEST["Arabic"]) == HONEST["Arabic"]
    for name in ("bidi", "controls"):
        shown = visible(HONEST[name])
        assert shown != HONEST[name]
        assert shown.isprintable()
