"""Questions about a model over HTTP: what stands, why, what changed and which entries did it. Of any position, page by page."""

import base64
import json
from typing import Any

import pytest

from api.citing import LEAF_DIGITS
from api.why_text import lines_of
from disclosures.claims import answers
from ledger.errors import Fault
from policies.answer import Request
from policies.evaluate import evaluate
from tests.api.asker import Asker

MODEL = "/v1/models/fictional-one"
STREAM = "model/fictional-one"


def positions(story: Asker) -> list[int]:
    """Every size at which a state stood and the model was known."""
    found = []
    for size in range(1, story.ledger.appender.size + 1):
        try:
            if story.ledger.view(size).state.get("subject", STREAM) is not None:
                found.append(size)
        except Fault:
            continue
    return found


@pytest.mark.parametrize(
    ("path", "name", "member"),
    [(f"{MODEL}/thresholds", "thresholds", "key"), (f"{MODEL}/safeguards", "safeguards", "index"),
     ("/v1/frameworks/timeline", "timeline", "index")],
)  # fmt: skip
def test_pages_join_to_the_whole_at_one_position(story: Asker, path: str, name: str, member: str) -> None:
    whole = story.ask(path).json()
    assert whole["next"] is None
    assert len(whole[name]) > 1
    assert [r[member] for r in whole[name]] == sorted(r[member] for r in whole[name])
    at = story.ledger.appender.size
    assert story.all(f"{path}?limit=1&at={at}", name) == whole[name]
    first = story.ask(f"{path}?limit=1&at={at}").json()
    assert first["next"] == str(whole[name][0][member])


@pytest.mark.parametrize("path", [f"{MODEL}/safeguards", "/v1/frameworks/timeline"])
@pytest.mark.parametrize("after", ["x", "-1", "٤", "1" * 17])
def test_attack_a_cursor_that_is_no_index(story: Asker, path: str, after: str) -> None:
    answer = story.ask(f"{path}?after={after}")
    assert (answer.status_code, answer.json()["reason"]) == (400, "query")


def test_a_model_that_nobody_registered(story: Asker) -> None:
    for name in ("thresholds", "safeguards", "why", "diff"):
        answer = story.ask(f"/v1/models/nobody/{name}" + ("?from=1" if name == "diff" else ""))
        assert (answer.status_code, answer.json()["reason"]) == (404, "not-found"), name


def test_what_stood_then_is_not_what_stands_now(story: Asker) -> None:
    now = {r["threshold"]: r for r in story.ask(f"{MODEL}/thresholds").json()["thresholds"]}
    made = now["CBRN-3"]["history"][-1]
    assert (now["CBRN-3"]["state"], made["made"], made["dissent"]) == ("not_ruled_out", "role", 0)
    before = story.ask(f"{MODEL}/thresholds?at={made['index']}").json()["thresholds"]
    assert [(r["state"], r["why"], r["history"]) for r in before if r["threshold"] == "CBRN-3"] == [
        (None, "determination-missing", [])
    ]
    first = story.ask(f"{MODEL}/safeguards").json()["safeguards"][0]
    assert first["standing"] == first["safeguards"]
    assert first["state"] == "valid"
    assert story.ask(f"{MODEL}/safeguards?at={first['index']}").json()["safeguards"] == []
    late = story.ledger.still(first["valid_until"][:3] + "9" + first["valid_until"][4:])
    assert late.size == story.ledger.appender.size


def test_the_argument_names_every_finding_and_every_entry_with_its_place(story: Asker) -> None:
    view = story.ledger.still()
    (why,) = story.ask(f"{MODEL}/why?action=external_deploy").json()["actions"]
    verdict = evaluate(view.state, Request(STREAM, "external_deploy"), view.as_of)
    told = why["verdict"]["findings"]
    assert [(f["clause"], f["requirement"], f["state"], [e["index"] for e in f["entries"]]) for f in told] == [
        (f.clause, f.requirement, f.state, list(f.indexes)) for f in verdict.findings
    ]
    assert {f["state"] for f in told} >= {"met"}, "closed findings, too"
    assert {f["sourced"] for f in told} == {"primary"}
    for entry in (e for f in told for e in f["entries"]):
        row = story.ask(f"/v1/entries/{entry['index']}").json()
        assert row["leaf"][:LEAF_DIGITS] == entry["leaf"]
        assert (row["stream"], row["recorded_at"]) == (entry["stream"], entry["recorded_at"])
        assert entry["by"]
        assert story.ask(entry["receipt"]).status_code == 200
    assert why["clearance"]["answer"] == answers(view.state, STREAM, "external_deploy", view.as_of)["clearance"]
    text = "\n".join(lines_of(why))
    assert text.isascii()
    assert all(f["clause"] in text and f["requirement"] in text for f in told)
    assert len(story.ask(f"{MODEL}/why").json()["actions"]) > 1


def test_the_clearance_rests_on_the_decision_and_all_that_it_needed(story: Asker) -> None:
    (why,) = story.ask(f"{MODEL}/why?action=external_deploy").json()["actions"]
    types = [e["type"] for e in why["clearance"]["entries"]]
    assert types[0] == "decision.made"
    assert {"action.requested", "gate.evaluated"} <= set(types)


def test_what_changed_between_two_positions_is_what_their_answers_say(story: Asker) -> None:
    """Every pair of neighbours: the entries named are those between them, and the values are those of both ends."""
    known = positions(story)
    named = 0
    for old, new in zip(known, known[1:], strict=False):
        said = story.ask(f"{MODEL}/diff?from={old}&to={new}").json()
        assert (said["from"]["size"], said["as_of"]["size"]) == (old, new)
        for change in said["changes"]:
            assert change["before"] != change["after"]
            causes = [c if isinstance(c, str) else c["index"] for c in change["causes"]]
            assert causes, change
            assert all(c == "clock" or old <= c < new for c in causes)
            named += 1
            if change["kind"] == "answer":
                for size, value in ((old, change["before"]), (new, change["after"])):
                    view = story.ledger.view(size)
                    now = answers(view.state, STREAM, change["name"][0], view.as_of)
                    assert value is None or value["clearance"] == now["clearance"]
    assert named > 30


def test_over_the_whole_story_each_change_is_traced_to_the_entries_that_made_it(story: Asker) -> None:
    known = positions(story)
    said = story.ask(f"{MODEL}/diff?from={known[0]}&to={known[-1]}").json()["changes"]
    by = {(c["kind"], *c["name"]): c for c in said}
    state = by["threshold", "anthropic-rsp-2.2", "CBRN-3"]
    assert (state["before"]["state"], state["after"]["state"]) == (None, "not_ruled_out")
    assert "threshold.determined" in [c["type"] for c in state["causes"]]
    answer = by["answer", "external_deploy"]
    assert "decision.made" in [c["type"] for c in answer["causes"]]
    duties = [c for c in said if c["kind"] == "duty"]
    assert duties
    assert all(c["before"] is None and c["causes"] for c in duties)
    assert story.ask(f"{MODEL}/diff?from={known[-1]}&to={known[-1]}").json()["changes"] == []


def test_attack_positions_the_wrong_way_round(story: Asker) -> None:
    known = positions(story)
    answer = story.ask(f"{MODEL}/diff?from={known[-1]}&to={known[0]}")
    assert (answer.status_code, answer.json()["reason"]) == (400, "positions-reversed")
    assert story.ask(f"{MODEL}/diff").json()["reason"] == "query"


def test_nothing_withheld_is_in_any_answer(story: Asker) -> None:
    hidden: list[Any] = [json.loads(line)[-1] for line in disclosures(story)]
    assert len(hidden) > 3
    texts = [story.ask(f"{MODEL}/{name}").text for name in ("thresholds", "safeguards", "why", "diff?from=45")]
    for value in (v for v in hidden if isinstance(v, str) and v not in STREAM):
        assert not any(value in text for text in texts), value


def disclosures(story: Asker) -> list[str]:
    files = sorted((story.ledger.folder / "disclosures").glob("*.jsonl"))
    lines = [line for file in files for line in file.read_text().splitlines()]
    return [base64.urlsafe_b64decode(line + "=" * (-len(line) % 4)).decode() for line in lines]
