"""Determinations by rule (domain.md §3), through admission: what lets a number decide, what doesn't, and whose run counts for whom."""

from functools import lru_cache
from typing import Any

import pytest

from ledger.event import Event
from ledger.events import evaluation, framework, model, threshold
from ledger.events.threshold import Determined
from ledger.fields import UNSET
from ledger.replay import Replay
from ledger.strict import shift
from policies.answer import AsOf, Finding, Request
from policies.determinations import standing_determination
from policies.evaluate import evaluate
from policies.framework import pack_digest, pack_object
from policies.rules import RULES
from projections.decode import Decoder
from tests.access.asking import asked
from tests.adopting import adopt
from tests.policies.world import shipped
from tests.simulator import Lab

RSP, XAI = "anthropic-rsp-2.2", "xai-faif-2025-12-30"
RATE = "RESTRICTED-ANSWER-RATE"
DIGEST = "sha256:" + "7" * 64


@lru_cache(maxsize=2)
def adopted(name: str) -> Lab:
    """A lab that adopted one framework, with a model and a helpful-only sibling, and one that is no relation."""
    lab, pack = Lab(name=f"by rule {name}"), shipped(name)
    adopt(lab, pack)
    lab.say(model.Registered, {"kind": "base"}, "model/m", "assessor", subject="aa" * 32)
    related = {"kind": "helpful_only", "parent": "model/m", "relation": "helpful_only_of"}
    lab.say(model.Registered, related, "model/h", "assessor", subject="bb" * 32)
    tuned = {"kind": "fine_tune", "parent": "model/m", "relation": "fine_tune_of"}
    lab.say(model.Registered, tuned, "model/t", "assessor", subject="cc" * 32)
    return lab


@pytest.fixture
def lab() -> Lab:
    return adopted(XAI).fork()


def promise(pack: str = XAI, **more: Any) -> dict[str, Any]:
    return {
        "comparator": "<", "framework": pack_digest(shipped(pack)), "max_runs": 2, "metric": "accuracy", "min_samples": 20,
        "scorer": "includes", "task": "toy", "task_digest": DIGEST, "threshold": RATE, "value": "0.05", **more,
    }  # fmt: skip


def promised(lab: Lab, **more: Any) -> Event:
    return lab.say(evaluation.Preregistered, promise(**more), "model/m", "evaluator")


def run(to: Event | None, value: str | None = "0.04", outcome: str = "matches", **more: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "dataset": {"name": "toy", "samples_declared": 20, "samples_run": 20}, "edits_detected": [], "independence": "internal",
        "log_bytes": 1, "log_format": "inspect-json", "log_sha256": "sha256:" + "1" * 64, "model_as_named": "mockllm/model", "run": "eval:1",
        "safeguards_off": False, "status": "success", "task": "toy", "task_version": "1", "tool": "inspect_ai", "tool_version": "1", "warnings": [],
    }  # fmt: skip
    if value is not None:
        body["scores"] = [{"name": "accuracy", "scorer": "includes", "value": value}]
    if to is not None:
        body["preregistration"] = {"entry": {"index": to.index, "leaf": to.leaf}, "outcome": outcome}
    return {**body, **more}


def record(lab: Lab, body: dict[str, Any], stream: str = "model/m") -> str | None:
    """Record a run; the state that is determined behind it, in the same group, or `None`."""
    size = len(lab.entries)
    run_ = lab.say(evaluation.Recorded, body, stream, "evaluator")
    decoder = Decoder(dict(owners(lab)))
    behind = [decoder.decode(size + 1 + n, raw) for n, raw in enumerate(lab.entries[size + 1 :])]
    found = [e for e in behind if isinstance(e.body, Determined)]
    if not found:
        return None
    (event,) = found
    assert (event.body.made, event.principals, event.recorded_at) == ("rule", ("engine",), run_.recorded_at)
    assert [r.index for r in event.body.evidence] == [run_.index]
    assert event.body.sd is UNSET  # no `_sd`: derived bytes are not random
    return str(event.body.state)


def owners(lab: Lab) -> list[tuple[str, str]]:
    return [(life.record.keyid, life.record.principal) for _, life in lab.replay.state.scan("key")]


IN, OUT = "within_criterion", "outside_criterion"


@pytest.mark.parametrize(
    ("value", "state"),
    [
        ("0.0499999999999999999", IN),
        ("0.05", OUT),
        ("0.0500", OUT),
        ("0.05000000000000000001", OUT),
        ("0", IN),
        ("-1", IN),
        ("0.95", OUT),
    ],
)
def test_the_boundary_is_exact(lab: Lab, value: str, state: str) -> None:
    assert record(lab, run(promised(lab), value)) == state
    lab.holds()


DEFECTS: dict[str, tuple[str, dict[str, Any]]] = {
    "failed": ("not-successful", {"status": "error"}),
    "cancelled": ("not-successful", {"status": "cancelled"}),
    "no status": ("not-successful", {"status": "not-recorded"}),
    "partial": ("too-few-samples", {"dataset": {"samples_declared": 100, "samples_run": 20}}),
    "below the promise": ("too-few-samples", {"dataset": {"samples_declared": 19, "samples_run": 19}}),
    "samples not said": ("too-few-samples", {"dataset": {"name": "toy"}}),
    "edited": ("edited", {"edits_detected": ["sample 3: 1 edits"]}),
    "another task": ("task-changed", {"task": "toy-2"}),
    "another task digest": ("task-changed", {"task_hash": "sha256:" + "8" * 64}),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_pass_needs_a_complete_successful_unedited_run_and_a_failure_does_not(lab: Lab, name: str) -> None:
    outcome, more = DEFECTS[name]
    to = promised(lab)
    assert (
        asked(lab, evaluation.Recorded, run(to, "0.01", "matches", **more), "model/m", "evaluator") == "reference-wrong"
    )
    other = lab.fork()
    assert record(lab, run(to, "0.01", outcome, **more)) is None
    assert record(other, run(to, "0.9", outcome, **more)) == OUT
    lab.holds()


@pytest.mark.parametrize(
    ("scores", "outcome"),
    [
        ([{"name": "f1", "scorer": "includes", "value": "0.01"}], "metric-absent"),
        ([{"name": "accuracy", "scorer": "model_graded", "value": "0.01"}], "scorer-changed"),
        ([], "metric-absent"),
    ],
)
def test_only_the_metric_and_scorer_announced_count(lab: Lab, scores: list[dict[str, str]], outcome: str) -> None:
    assert record(lab, run(promised(lab), None, outcome, scores=scores)) is None


def test_the_same_digest_of_the_task_matches(lab: Lab) -> None:
    assert record(lab, run(promised(lab), "0.01", task_hash=DIGEST)) == IN


def test_a_number_given_twice_decides_nothing(lab: Lab) -> None:
    twice = [{"name": "accuracy", "scorer": "includes", "value": v} for v in ("0.01", "0.9")]
    assert record(lab, run(promised(lab), None, scores=twice)) is None


def test_a_result_that_nobody_announced_decides_nothing(lab: Lab) -> None:
    promised(lab)
    assert record(lab, run(None, "0.01")) is None
    assert record(lab, run(None, "0.9", run="eval:2")) is None


def test_withheld_scores_decide_nothing(lab: Lab) -> None:
    to = promised(lab)
    # The lab writes `scores` open; withheld they are only a digest among the slots.
    assert record(lab, run(to, None)) is None
    assert why(lab) == ("unknown", "score-withheld")


def finding(lab: Lab, at: str | None = None) -> Finding:
    return next(f for f in findings(lab, at) if f.requirement.startswith(RATE))


def findings(lab: Lab, at: str | None = None) -> tuple[Finding, ...]:
    request = Request("model/m", "external_deploy", audience="general")
    return evaluate(lab.replay.state, request, AsOf(len(lab.entries), at or lab.time)).findings


def why(lab: Lab) -> tuple[str, str]:
    found = finding(lab)
    return found.state, found.why


def test_a_promise_is_of_the_pack_s_number(lab: Lab) -> None:
    def may(**more: Any) -> str | None:
        return asked(lab, evaluation.Preregistered, promise(**more), "model/m", "evaluator")

    assert may() is None
    assert may(value="0.06") == "threshold-unknown"
    assert may(comparator="<=") == "threshold-unknown"
    assert may(threshold="NOTHING") == "threshold-unknown"
    assert may(framework=DIGEST) == "framework-unknown"


def test_a_promise_for_another_model_does_not_count(lab: Lab) -> None:
    to = promised(lab)
    assert asked(lab, evaluation.Recorded, run(to), "model/h", "evaluator") == "reference-wrong"


def test_the_same_run_is_recorded_once_and_names_the_first(lab: Lab) -> None:
    record(lab, run(promised(lab)))
    assert asked(lab, evaluation.Recorded, run(None, "0.01"), "model/m", "evaluator") == "duplicate-evaluation"
    assert asked(lab, evaluation.Recorded, run(None, "0.01", run="eval:2"), "model/m", "evaluator") is None
    assert asked(lab, evaluation.Recorded, run(None, "0.01", task="toy-2"), "model/m", "evaluator") is None


def test_more_runs_than_announced_are_a_finding(lab: Lab) -> None:
    to = promised(lab)
    for n in range(2):
        record(lab, run(to, "0.01", run=f"eval:{n}"))
    assert why(lab) == ("met", "determined")
    assert {f.why for f in findings(lab)} >= {"determined"}
    record(lab, run(to, "0.01", "not-successful", run="eval:3", status="error"))  # failed ones count too
    assert "repeated-runs" in {f.why for f in findings(lab)}


def test_amended_and_invalidated_results_are_open_again(lab: Lab) -> None:
    to = promised(lab)
    record(lab, run(to, "0.01"))
    first = next(f for _, f in lab.replay.state.scan("evaluation"))
    reference = {"index": first.index, "leaf": first.leaf}
    other = lab.fork()
    said = {"evaluation": reference, "reason": "wrong model"}
    ended = other.say(evaluation.Invalidated, said, "model/m", "evaluator")
    assert why(other) == ("unknown", "evidence-ended")
    assert ended.index in finding(other).indexes
    same = {
        "amends": reference, "edits_detected": [], "log_bytes": 2, "log_format": "inspect-eval", "log_sha256": DIGEST, "only_encoding": True,
        "reason": "the same run as an archive", "scores": [{"name": "accuracy", "scorer": "includes", "value": "0.01"}],
    }  # fmt: skip
    better = {**same, "scores": [{"name": "accuracy", "scorer": "includes", "value": "0.001"}]}
    edited = {**same, "edits_detected": ["sample 1: 1 edits"]}
    for lie in (better, edited, {**same, "log_sha256": first.body.log_sha256}):
        assert asked(lab, evaluation.Amended, lie, "model/m", "evaluator") == "reference-wrong"
    lab.say(evaluation.Amended, same, "model/m", "evaluator")
    assert why(lab) == ("met", "determined")
    late = lab.say(evaluation.Amended, {**better, "only_encoding": False}, "model/m", "evaluator")
    assert why(lab) == ("unknown", "evidence-amended")
    assert late.index in finding(lab).indexes


def test_what_the_tool_s_clock_and_tree_say_is_shown_and_decides_nothing(lab: Lab) -> None:
    to = promised(lab)
    dirty = {"revision": {"commit": "0" * 40, "dirty": True}, "started_at": shift(to.recorded_at, seconds=-1)}
    assert record(lab, run(to, "0.01", **dirty)) == IN
    assert [f.state for f in findings(lab) if f.why == "run-before-preregistration"] == ["met"]
    assert record(lab, run(to, "0.01", run="eval:2", started_at=to.recorded_at)) == IN
    assert [f for f in findings(lab) if f.why == "run-before-preregistration"] == []


def test_the_rule_of_one_framework_is_no_rule_of_another() -> None:
    lab = adopted(RSP).fork()
    for n, name in enumerate(("CBRN-3", "AIRD-5", "AUTONOMY-CHECKPOINT")):
        to = promised(lab, pack=RSP, threshold=name, comparator=">=", value="1000")
        for value in ("0", "2000"):
            assert record(lab, run(to, value, run=f"eval:{n}{value}")) is None


# -- evidence of other models ------------------------------------------------------------------------------------------


def determined(lab: Lab, evidence: Event | Any, **more: Any) -> dict[str, Any]:
    return {
        "evidence": [{"index": evidence.index, "leaf": evidence.leaf}], "framework": pack_digest(shipped(RSP)), "made": "role",
        "precautionary": False, "review_by": None, "state": "below", "subjects": ["model/m"], "threshold": "CBRN-3", **more,
    }  # fmt: skip


@pytest.mark.parametrize(("stream", "reason"), [("model/m", None), ("model/h", None), ("model/t", "subject-mismatch")])
def test_a_run_of_another_model_counts_only_by_a_registered_relation(stream: str, reason: str | None) -> None:
    lab = adopted(RSP).fork()
    own = lab.say(evaluation.Recorded, run(None), stream, "evaluator")
    assert asked(lab, threshold.Determined, determined(lab, own), "model/m", "assessor") == reason
    if stream == "model/h":
        lab.say(threshold.Determined, determined(lab, own), "model/m", "assessor")
        request = Request("model/m", "external_deploy", audience="general")
        found = evaluate(lab.replay.state, request, AsOf(len(lab.entries), lab.time)).findings
        assert "determined-on-relative:helpful_only_of" in {f.why for f in found}


@pytest.mark.parametrize(("stream", "reason"), [("model/h", None), ("model/t", "subject-mismatch")])
def test_to_name_both_models_as_subjects_is_no_relation(stream: str, reason: str | None) -> None:
    lab = adopted(RSP).fork()
    own = lab.say(evaluation.Recorded, run(None), stream, "evaluator")
    body = determined(lab, own, subjects=sorted(["model/m", stream]))
    assert asked(lab, threshold.Determined, body, "model/m", "assessor") == reason
    if reason is None:
        lab.say(threshold.Determined, body, "model/m", "assessor")
        published = lab.replay.state.get("published", body["framework"])
        as_of = AsOf(len(lab.entries), lab.time)
        whys = [
            standing_determination(lab.replay.state, s, published, "CBRN-3", as_of).why for s in ("model/m", stream)
        ]
        assert whys == ["determined-on-relative:helpful_only_of", "determined"]


def test_a_relation_is_to_a_model(lab: Lab) -> None:
    def may(**more: Any) -> str | None:
        return asked(lab, model.Registered, {"kind": "snapshot", **more}, "model/new", "assessor", subject="dd" * 32)

    assert may() is None
    assert may(relation="checkpoint_of") == "subject-unknown"
    assert may(relation="checkpoint_of", parent="model/nobody") == "subject-unknown"
    assert may(relation="checkpoint_of", parent="model/m") is None
    assert may(effective_compute={"of": "model/nobody", "ratio": "1"}) == "subject-unknown"


def test_a_late_record_does_not_make_a_judgement_young() -> None:
    """`occurred_at` is a claim that only counts against who makes it."""
    lab = adopted(RSP).fork()
    own = lab.say(evaluation.Recorded, run(None), "model/m", "evaluator")
    made = shift(lab.time, days=-150)
    lab.say(threshold.Determined, determined(lab, own), "model/m", "assessor", occurred_at=made)
    request = Request("model/m", "external_deploy", audience="general")

    def state_at(days: int) -> set[str]:
        found = evaluate(lab.replay.state, request, AsOf(len(lab.entries), shift(lab.time, days=days))).findings
        return {f.why for f in found if f.clause == "G-EXTERNAL-ASL3"}

    assert state_at(20) == {"determined", "not-preregistered", "revision-unknown"}
    assert state_at(60) == {"determination-stale"}


def test_compute_is_determined_in_the_same_group_and_a_replay_derives_it_too() -> None:
    """Of a law that is published and not in force: the presumption is there when it begins."""
    lab, pack = Lab(name="by compute"), shipped("eu-ai-act-gpai")
    said = {"digest": pack_digest(pack), "id": pack.id, "pack": pack_object(pack), "source_digest": pack.source.digest}
    lab.say(framework.Published, said, f"framework/{pack.id}", "framework-admin-1", "framework-admin-2")
    ops = {"kind": "base", "training_ops": "10000000000000000000000001"}
    registered = lab.say(model.Registered, ops, "model/m", "assessor", subject="aa" * 32)
    size = len(lab.entries)
    assert size == registered.index + 2
    found: Determined = Decoder(dict(owners(lab))).decode(size - 1, lab.entries[-1]).body
    assert (found.state, found.made, found.threshold) == ("presumed", "rule", "SR-PRESUMPTION")
    assert [e.index for e in found.evidence] == [registered.index]
    replay = Replay(RULES)
    for raw in lab.entries:
        replay.step(raw)
    assert (replay.size, not replay.owed) == (size, True)


def test_a_replay_of_it_all_agrees(lab: Lab) -> None:
    record(lab, run(promised(lab), "0.04"))
    replay = Replay(RULES)
    for raw in lab.entries:
        replay.step(raw)
    assert (replay.size, replay.owed) == (len(lab.entries), replay.owed)
    assert not replay.owed
