"""What opens a duty and whom it binds, by every trigger and pack (spec/obligations.md)."""

import pytest

from ledger.strict import shift
from tests.policies.regimes import DEPLOYED, SAID, START, TENTH, Regimes, days, deploy, duty, lab, regime, told

# -- what opens one ----------------------------------------------------------------------------------------------------


def test_an_event_opens_a_duty_and_time_runs_out() -> None:
    w = lab(DEPLOYED)
    opened = deploy(w)
    found = w.duty("TELL")
    assert told(found) == ("open", "yes", ())
    assert (found.opened_by, found.opened_type, found.models) == (opened.index, "deployment.started", ("model/m",))
    assert (found.started_at, found.due_strict, found.due_latest) == (START, TENTH, TENTH)
    assert found.seconds_left == 10 * 86400 + 15 * 3600 - 1
    assert w.duty("TELL", TENTH).state == "open"
    late = w.duty("TELL", shift(TENTH, micros=1))
    assert (late.state, late.seconds_left) == ("overdue", -1)


def test_another_action_opens_none() -> None:
    w = lab(DEPLOYED)
    deploy(w, "internal_deploy")
    assert w.duties() == []


def test_a_pack_that_does_not_bind_opens_none() -> None:
    pack = regime("fiction", "code", DEPLOYED)
    w = Regimes(pack, adopt=False)
    deploy(w)
    w.adopt("fiction")
    assert w.duties() == []  # what came before the adoption is not owed
    deploy(w)
    assert w.duty("TELL").state == "open"
    w.at = shift(w.at, days=1)
    other = regime("fiction-2", "code", title="Its successor")
    w.publish(other)
    w.adopt("fiction-2", supersedes=w.digests["fiction"])
    deploy(w)
    assert len(w.duties(obligation="TELL")) == 1


def test_draft_clauses_bind_nobody_and_what_is_not_tracked_opens_nothing() -> None:
    w = lab(
        {**DEPLOYED, "status": "draft"},
        duty("UNCONFIRMED", "deployment.started", status="unconfirmed"),
        duty("ELSEWHERE", "not_tracked", not_tracked_reason="no event names it"),
    )
    deploy(w)
    assert w.duties() == []


def test_a_law_binds_from_its_date_whoever_adopted_nothing() -> None:
    w = lab(DEPLOYED, binds="law")
    deploy(w, occurred_at="2025-12-31T23:59:59.999999Z", back_recorded=True)
    assert w.duties() == []
    deploy(w)
    assert told(w.duty("TELL")) == ("open", "unknown", ("scope-undetermined",))


def test_measured_numbers_open_a_duty_once() -> None:
    big = {"comparator": ">", "fact": "training_flop", "value": "10000000000000000000000000"}
    w = lab(duty("NOTIFY", "model.compute-reached", measured=big, clock="known", deadline=days(14)))
    w.compute("10000000000000000000000000", "training_flop")
    w.compute("20000000000000000000000000", "other_number")
    assert w.duties() == []
    w.compute("10000000000000000000000001", "training_flop")
    w.compute("30000000000000000000000000", "training_flop")
    assert w.duty("NOTIFY").due_latest == "2026-03-16T23:59:59.999999Z"


def test_training_compute_that_is_known_at_registration_opens_the_duty_too() -> None:
    big = {"comparator": ">", "fact": "training_flop", "value": "10000000000000000000000000"}
    w = lab(duty("NOTIFY", "model.compute-reached", measured=big, clock="known", deadline=days(14)))
    w.say("model.registered", {"kind": "base", "training_ops": "10000000000000000000000000"}, "model/small")
    w.say("model.registered", {"kind": "base"}, "model/unsaid")
    assert w.duties() == []
    w.say("model.registered", {"kind": "base", "training_ops": "10000000000000000000000001"}, "model/large")
    assert w.duty("NOTIFY").models == ("model/large",)
    w.say(
        "model.compute-reached", {"fact": "training_flop", "of": "model/large", "ratio": "2" + 25 * "0"}, "model/large"
    )
    assert w.duty("NOTIFY").opened_type == "model.registered", "once, however often it is said"


def test_documents_narrow_by_what_was_confirmed() -> None:
    w = lab(
        duty("SHOW", "document.confirmed", documents=["framework"], clock="occurred", deadline=days(5, "business_day")),
        documents=["framework", "model_report"],
    )
    w.document("model_report")
    assert w.duties() == []
    w.document("framework")
    found = w.duty("SHOW")
    assert (found.due_latest, found.models) == ("2026-03-09T23:59:59.999999Z", ("model/m",))


def test_a_body_that_was_handed_another_paper_is_not_meant() -> None:
    told = duty("THEN", "body.informed", bodies=["BOARD"], documents=["framework"])
    w = lab(told, documents=["framework", "model_report"], roles=[{"acts": ["oversee"], "id": "BOARD"}])
    w.document("framework")
    inform = {"documents": ["sha256:" + "0" * 64], "of": "0" * 64}
    w.say("body.informed", {**inform, "body": "STAFF"})
    w.say("body.informed", {**inform, "body": "BOARD", "documents": []})
    assert w.duties() == []
    w.say("body.informed", {**inform, "body": "BOARD"})
    assert told_of(w) == [("yes", ())]
    w.say("body.informed", {**inform, "body": "BOARD", "documents": ["sha256:" + "1" * 64]})
    assert told_of(w)[1] == ("unknown", ("trigger-not-said",))


def told_of(w: Regimes) -> list[tuple[str, tuple[str, ...]]]:
    return [(d.applies, d.reasons) for d in w.duties()]


def test_only_substantiated_and_material_concerns_are_meant() -> None:
    w = lab(duty("BOARD", "concern.found", material=True, promptness="promptly"))
    paper = {"digest": "sha256:" + "0" * 64}
    raised = w.say("concern.raised", {"channel": "named", **paper, "framework": w.digests["fiction"]}, "concern/1")
    for outcome, material in (("substantiated", False), ("not-substantiated", True), ("substantiated", True)):
        found = {"concern": w.ref(raised), **paper, "material": material, "outcome": outcome}
        w.say("concern.found", found, "concern/1")
    (found,) = w.duties()
    assert (found.state, found.applies) == ("no-period", "yes")


def test_what_was_triggered_for_other_thresholds_or_causes_is_not_meant() -> None:
    states = [{"id": "below", "rank": 0}, {"id": "crossed", "rank": 1}]
    number = {
        "determination": {"kind": "expert_case"},
        "domain": "d",
        "kind": "capability",
        "ref": "1",
        "summary": "size",
    }
    w = lab(duty("AGAIN", "reassessment.triggered", causes=["discretion"], thresholds=["A"]),
            states=states, thresholds=[{**number, "id": "A"}, {**number, "id": "B"}])  # fmt: skip
    said = {"evidence": [], "framework": w.digests["fiction"], "reason": "r"}
    w.say("reassessment.triggered", {**said, "cause": "age", "thresholds": ["A"]})
    w.say("reassessment.triggered", {**said, "cause": "discretion", "thresholds": ["B"]})
    assert w.duties() == []
    w.say("reassessment.triggered", {**said, "cause": "discretion", "thresholds": []})
    w.say("reassessment.triggered", {**said, "cause": "discretion", "thresholds": ["B", "A"]})
    assert len(w.duties()) == 2


# -- whom it binds -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("classes", "applies", "answer", "reasons"),
    [
        ((), False, "no", "scope-"),
        (("frontier_developer",), True, "yes", ""),
        (("large_frontier_developer",), True, "yes", ""),
        (("deployer",), True, "no", "not-frontier_developer"),
    ],
)
def test_a_law_binds_the_class_that_was_determined(classes, applies: bool, answer: str, reasons: str) -> None:
    w = lab({**DEPLOYED, "binds_whom": "frontier_developer"}, binds="law", binds_whom="per_clause")
    deploy(w)
    scope = w.scope_of("fiction", *classes, applies=applies)
    found = w.duty("TELL")
    assert found.applies == answer
    assert found.state == ("not-applicable" if answer == "no" else "open")
    assert any(r.startswith(reasons) for r in found.reasons) or not reasons
    assert scope.index in found.indexes


def test_large_is_among_all_but_all_are_not_large() -> None:
    w = lab({**DEPLOYED, "binds_whom": "large_frontier_developer"}, binds="law")
    deploy(w)
    w.scope_of("fiction", "frontier_developer")
    assert w.duty("TELL").applies == "no"


def test_a_scope_that_a_compromised_key_signed_is_none() -> None:
    w = lab({**DEPLOYED, "binds_whom": "frontier_developer"}, binds="law")
    deploy(w)
    w.scope_of("fiction", applies=False)
    assert w.duty("TELL").applies == "no"
    w.taint("someone")
    found = w.duty("TELL")
    assert (found.applies, found.state) == ("unknown", "open")


def test_a_code_may_reach_only_models_in_some_state() -> None:
    states = [{"id": "below", "rank": 0}, {"id": "presumed", "rank": 1}]
    number = {"determination": {"kind": "expert_case"}, "domain": "scope", "id": "BIG", "kind": "scope", "ref": "1",
              "summary": "size"}  # fmt: skip
    act = regime("act", "law", states=states, thresholds=[number])
    code = regime("code", "code", DEPLOYED, scope={"pack": "act", "state_in": ["presumed"], "threshold": "BIG"})
    w = Regimes(act, code)
    deploy(w)
    assert told(w.duty("TELL")) == ("open", "unknown", ("state-unknown:BIG",))
    said = {"evidence": [], "framework": w.digests["act"], "made": "role", "precautionary": False, "review_by": None,
            "subjects": ["model/m"], "threshold": "BIG"}  # fmt: skip
    low = w.say("threshold.determined", {**said, "state": "below"})
    assert told(w.duty("TELL"))[:2] == ("not-applicable", "no")
    assert low.index in w.duty("TELL").indexes
    w.say("threshold.determined", {**said, "state": "presumed"})
    assert told(w.duty("TELL")) == ("open", "yes", ())


def test_facts_that_nobody_stated_leave_it_unknown() -> None:
    held = duty("ASK", "action.requested", applies_when=[{"comparator": "=", "fact": "jurisdiction", "value": "EU"},
                                                          {"comparator": ">", "fact": "users", "value": "1000"}])  # fmt: skip
    w = lab(held)
    w.ask_to(jurisdictions=["US"], facts={"users": "5000"})
    w.ask_to(jurisdictions=["EU"], facts={"users": "5"})
    assert w.duties() == []
    w.ask_to(jurisdictions=["EU"])
    assert told(w.duty("ASK")) == ("no-period", "unknown", ("fact-unknown:users",))
    w.ask_to(jurisdictions=["EU"], facts={"users": "many"})
    w.ask_to(jurisdictions=["EU"], facts={"users": "5000"})
    assert [d.applies for d in w.duties()] == ["unknown", "unknown", "yes"]


def test_of_two_texts_of_a_law_the_one_in_force_opens_it_once() -> None:
    old = regime("act", "law", {**DEPLOYED, "deadline": days(10)}, clock=SAID)
    new = regime("act", "law", {**DEPLOYED, "deadline": days(4)}, clock=SAID, version="2", in_force_from="2026-04-01")
    w = Regimes(old)
    w.publish(new)
    deploy(w)
    assert w.duty("TELL").due_latest == TENTH  # the new text is published, and not in force
    w.at = "2026-04-02T09:00:00.000000Z"
    later = deploy(w)
    assert w.duty("TELL", opened_by=later.index).due_latest == "2026-04-06T23:59:59.999999Z"
    assert len(w.duties()) == 2


def test_a_scope_of_an_older_text_says_nothing_of_the_newer() -> None:
    old = regime("act", "law", DEPLOYED, clock=SAID)
    w = Regimes(old)
    w.scope_of("act", applies=False)
    w.publish(regime("act", "law", DEPLOYED, clock=SAID, version="2"))
    deploy(w)
    assert told(w.duty("TELL")) == ("open", "unknown", ("scope-undetermined",))
