"""The gate over HTTP: the rules' own answer, bound to a position, never kept, never late, never more than was shown."""

import time

import pytest

from api import answers_models
from api.gate_text import ask as judge
from api.routes import gate
from ledger.strict import shift
from policies.answer import Request
from tests.api.asker import Asker

GATE = "/v1/models/fictional-one/gate/external_deploy"


def test_it_is_the_answer_of_the_rules(story: Asker) -> None:
    verdict, clearance, as_of = judge(story.ledger, Request("model/fictional-one", "external_deploy"))
    answer = story.ask(GATE)
    value = answer.json()
    answers_models.Gate.model_validate_json(answer.content)
    assert (value["clearance"], value["verdict"]) == (clearance.answer, verdict.answer) == ("permit", "permit")
    assert [f["why"] for f in value["findings"]] == [f.why for f in verdict.findings]
    assert value["decision"] == clearance.decision
    assert value["as_of"]["size"] == as_of.size
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers
    assert answer.headers["ledger-checkpoint"].startswith(f"size={as_of.size}, root=:")
    assert not value["projected"]


def test_it_holds_until_it_says_and_ends_on_the_next_microsecond(story: Asker) -> None:
    now = value = story.ask(GATE).json()
    for _ in range(10):
        at_end = story.ask(f"{GATE}?at={value['valid_until']}").json()
        after = story.ask(f"{GATE}?at={shift(value['valid_until'], micros=1)}").json()
        assert at_end["projected"]
        assert (at_end["clearance"], at_end["findings"]) == (value["clearance"], value["findings"])
        value = after
        if after["findings"] != now["findings"]:
            break
    assert value["clearance"] == "undetermined", "evidence expired with no new event"


def test_time_travel(story: Asker) -> None:
    decisions = story.all("/v1/decisions", "decisions")
    withheld = next(d["index"] for d in decisions if d["decision"] == "withhold")
    then = story.ask(f"{GATE}?at={withheld + 1}").json()
    assert (then["clearance"], then["reasons"]) == ("deny", ["withheld-by-decision"])
    assert story.ask(f"{GATE}?at={withheld}").json()["clearance"] != "permit"


def test_what_was_not_decided_on_is_not_cleared(story: Asker) -> None:
    outside = story.ask(f"{GATE}?audience=general&surface=api&surface=telephone&jurisdiction=XX").json()
    assert outside["clearance"] == "undetermined"
    assert outside["reasons"] == ["decision-out-of-scope"]
    assert {"surfaces", "jurisdictions"} <= set(outside["missing"])
    assert story.ask(f"{GATE}?artifact={'00' * 32}").json()["verdict_reasons"] == ["artifact-mismatch"]
    unknown = story.ask("/v1/models/nobody/gate/external_deploy").json()
    assert (unknown["clearance"], unknown["verdict_reasons"][0]) == ("undetermined", "subject-unknown")


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("fact=ratio", "fact-form"),
        ("fact=ratio=1e3", "fact-form"),
        ("fact=ratio=-0", "fact-form"),
        ("fact=ratio=1&fact=ratio=2", "fact-form"),
        ("fact==1", "fact-form"),
        ("fact=scenario=", "fact-form"),
        ("fact=scenario=two%20words", "fact-form"),
        ("fact=scenario=a&fact=scenario=b", "fact-form"),
        ("artifact=xyz", "query"),
        ("audience=a%20b", "query"),
        ("surface=%00", "query"),
        ("at=yesterday", "time-form"),
        ("at=0", "at-before-start"),
        ("at=999999", "at-beyond-head"),
        ("hosts=own", "query"),
    ],
)
def test_attack_a_question_that_would_be_misread(story: Asker, query: str, reason: str) -> None:
    answer = story.ask(f"{GATE}?{query}")
    assert (answer.status_code, answer.json()["reason"]) == (400, reason)


def test_an_action_that_no_pack_can_gate_is_no_question(story: Asker) -> None:
    answer = story.ask("/v1/models/fictional-one/gate/external-deploy")
    assert (answer.status_code, answer.json()["reason"], answer.json()["place"]) == (400, "query", "action")
    assert story.ask("/v1/models/fictional-one/gate/fly").status_code == 400


def test_a_time_that_is_none_is_named_by_its_parameter(story: Asker) -> None:
    answer = story.ask(f"{GATE}?at=yesterday").json()
    assert (answer["reason"], answer["place"]) == ("time-form", "at")


def test_a_fact_that_is_stated_is_looked_at(story: Asker) -> None:
    train = "/v1/models/fictional-one/gate/train"
    plain = story.ask(train).json()
    stated = story.ask(f"{train}?fact=pretraining_effective_compute_ratio_to_model_needing_ASL3_security=0.5").json()
    assert plain["findings"] != stated["findings"]


def test_a_word_is_a_fact_as_much_as_a_number(story: Asker) -> None:
    """Gates compare tokens with `=` (RSP 3.x's scenarios, the code's changes): what a file may ask, a pipeline may."""
    assert gate._facts(["scenario=lead", "ratio=0.5"]) == (("ratio", "0.5"), ("scenario", "lead"))
    train = "/v1/models/fictional-one/gate/train"
    answer = story.ask(f"{train}?fact=pretraining_effective_compute_ratio_to_model_needing_ASL3_security=lots")
    assert answer.status_code == 200
    assert "fact-unreadable" in {f["why"] for f in answer.json()["findings"]}
    assert answer.json()["clearance"] == "undetermined"


def test_attack_a_late_answer_is_never_a_permit(story: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "GATE_SECONDS", 0.05)
    honest = gate._judge
    monkeypatch.setattr(gate, "_judge", lambda *args: (time.sleep(2.0), honest(*args))[1])
    started = time.monotonic()
    answer = story.ask(GATE)
    assert time.monotonic() - started < 1.8
    answers_models.Gate.model_validate_json(answer.content)
    value = answer.json()
    assert (value["clearance"], value["verdict"], value["reasons"]) == ("undetermined", "undetermined", ["deadline"])
    assert value["valid_until"] == value["as_of"]["time"]


def test_it_reads_memory_alone(story: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is away does not stop the gate: what is answered is what is committed and signed."""

    monkeypatch.setattr(story.ledger, "desk", None)
    assert story.ask(GATE).json()["clearance"] == "permit"
