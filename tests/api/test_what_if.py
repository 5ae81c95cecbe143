"""Hypothetical events: judged by the very admission, folded on a layer, told apart from what is recorded, and gone afterwards."""

import json
from typing import Any

import pytest

from api.session import Session
from api.what_if import MOST, read_hypotheses
from ledger.errors import Malformed
from ledger.strict import shift
from policies.answer import Request
from policies.clear import clear
from policies.evaluate import evaluate
from policies.facts import Fact
from tests.api.asker import Asker

STREAM = "model/fictional-one"
ACTION = "external_deploy"


def determination(story: Asker, state: str = "crossed", **more: Any) -> dict[str, Any]:
    facts = story.ledger.appender.state
    digest = next(a.digest for _, a in facts.scan("adopted"))
    body = {
        "evidence": [], "framework": digest, "made": "role", "precautionary": False, "review_by": None, "state": state,
        "subjects": [STREAM], "threshold": "CBRN-4", **more,
    }  # fmt: skip
    return {"type": "threshold.determined", "stream": STREAM, "body": body}


def answer(state: Any, as_of: Any) -> tuple[str, str]:
    request = Request(STREAM, ACTION)
    verdict = evaluate(state, request, as_of)
    return verdict.answer.value, clear(state, verdict, request, as_of).answer.value


def test_a_danger_supposed_denies_and_nothing_is_recorded(story: Asker) -> None:
    session, view = Session(story.ledger), story.ledger.still()
    before = (story.ledger.appender.size, story.ledger.desk.read_head().root, answer(view.state, view.as_of))
    supposed = session.suppose([determination(story)])
    (told,) = supposed.told
    assert (told["admitted"], told["by"], told["index"]) == (True, ["assessor"], view.size)
    assert answer(supposed.state, supposed.as_of)[0] == "deny"
    now = story.ledger.still()
    assert (story.ledger.appender.size, story.ledger.desk.read_head().root, answer(now.state, now.as_of)) == before
    assert story.ledger.appender.state.get("determined", str(view.size)) is None


def test_what_follows_is_derived_and_later_events_refer_to_earlier_ones(story: Asker) -> None:
    session = Session(story.ledger)
    first = next(f for _, f in story.ledger.appender.state.scan("attested"))
    attested = {
        "claim": "a second look", "evidence": [], "framework": first.body.framework, "independence": "external",
        "safeguards": list(first.body.safeguards), "valid_from": session.now(), "valid_until": shift(session.now(), days=9),
        "scope": {"audiences": ["general"], "hosts": ["own"], "subjects": [STREAM], "surfaces": ["api"]},
    }  # fmt: skip
    events = [
        {"type": "safeguard.attested", "stream": "safeguard/supposed", "body": attested},
        {"type": "safeguard.withdrawn", "stream": "safeguard/supposed", "body": {"attestation": {"hypothetical": 1}, "reason": "x"}},
    ]  # fmt: skip
    supposed = session.suppose(events)
    assert [t["admitted"] for t in supposed.told] == [True, True]
    assert [d["type"] for d in supposed.told[0]["derived"]] == ["model.referenced"]
    assert supposed.told[1]["index"] == supposed.told[0]["index"] + 2
    gone: int | None = supposed.state.get("ended", str(supposed.told[0]["index"]))
    assert gone == supposed.told[1]["index"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"by": ["deployer"]}, "role-missing"), ({"by": ["nobody"]}, "role-missing"), ({"stream": "model/nobody"}, "subject-unknown")],
)  # fmt: skip
def test_a_refused_one_says_why_and_has_no_effect(story: Asker, change: dict[str, Any], reason: str) -> None:
    session, view = Session(story.ledger), story.ledger.still()
    supposed = session.suppose([{**determination(story), **change}])
    (told,) = supposed.told
    assert (told["admitted"], told["reason"]) == (False, reason)
    assert told["detail"]
    assert (supposed.as_of.size, answer(supposed.state, supposed.as_of)) == (view.size, answer(view.state, view.as_of))


def test_rules_refuse_with_their_code(story: Asker) -> None:
    session = Session(story.ledger)
    codes = [session.suppose([determination(story, **change)]).told[0]["reason"] for change in (
        {"state": "unheard-of"}, {"threshold": "NOPE"}, {"framework": "sha256:" + "1" * 64})]  # fmt: skip
    assert codes == ["state-not-declared", "threshold-unknown", "framework-unknown"]
    derived = {"type": "model.referenced", "stream": STREAM, "body": {"index": 1, "leaf": "0" * 64, "type": "x"}}
    (told,) = session.suppose([{**derived, "by": ["assessor"]}]).told
    assert (told["admitted"], told["reason"]) == (False, "derived-type")


def test_of_a_past_position(story: Asker) -> None:
    made: Fact = next(f for _, f in story.ledger.appender.state.scan("determined"))
    supposed = Session(story.ledger).suppose([determination(story)], at=made.index)
    assert supposed.told[0]["index"] == made.index
    assert supposed.state.get("determination", f"{STREAM}|{made.body.framework}|CBRN-4")[-1].index == made.index


@pytest.mark.parametrize(
    ("raw", "place", "rule"),
    [
        (b"{", "file", "not-json"),
        (b"\xff", "file", "not-utf8"),
        (b'[{"type":"x","type":"y","stream":"s","body":{}}]', "file", "duplicate-key"),
        (b'[{"type":"x","stream":"s","body":{"n":1.5}}]', "file", "number-domain"),
        (b'[{"type":"x","stream":"s","body":{"n":' + b"[" * 600 + b"]" * 600 + b"}}]", "file", "too-deep"),
        (b"[]", f"file: a list of 1 to {MOST} events", "schema"),
        (json.dumps([{}] * (MOST + 1)).encode(), f"file: a list of 1 to {MOST} events", "schema"),
        (b"[1]", "[0]: an object", "schema"),
        (b'[{"type":"x","stream":"s"}]', "[0].body", "schema"),
        (b'[{"type":1,"stream":"s","body":{}}]', "[0].type", "schema"),
        (b'[{"type":"x","stream":"s","body":{},"at":"now"}]', "[0].at", "unknown-member"),
        (b'[{"type":"x","stream":"s","body":{},"by":"me"}]', "[0].by", "schema"),
    ],
)  # fmt: skip
def test_a_malformed_file_is_named_by_its_member(raw: bytes, place: str, rule: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_hypotheses(raw)
    assert (caught.value.place, caught.value.rule) == (place, rule)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"type": "thing.unheard-of"}, "[0].type"),
        ({"stream": "Model/ONE"}, "[0].stream"),
        ({"body": {"threshold": "CBRN-4"}}, "[0].body"),
    ],
)
def test_attack_a_malformed_event_names_event_and_member(story: Asker, change: dict[str, Any], place: str) -> None:
    with pytest.raises(Malformed) as caught:
        Session(story.ledger).suppose([{**determination(story), **change}])
    assert caught.value.place.startswith(place)


def test_a_wrong_member_of_a_body_is_named(story: Asker) -> None:
    with pytest.raises(Malformed) as caught:
        Session(story.ledger).suppose([determination(story), determination(story, review_by="tomorrow")])
    assert caught.value.place.startswith("[1].body.review_by")
    for number in (1, 0, "1", True, [], None):
        broken = {"attestation": {"hypothetical": number}, "reason": "x"}
        with pytest.raises(Malformed, match="reference-wrong"):
            Session(story.ledger).suppose([{"type": "safeguard.withdrawn", "stream": "safeguard/a", "body": broken}])
