"""Recommendations: by the role that the framework names, before action is permitted, or said to be left out where that may be."""

from typing import Any

import pytest

from policies.framework import pack_object
from tests.policies.world import World, hexed, shipped

RSP = "anthropic-rsp-2.2"
READY = ("register", "determine CBRN-3 below", "determine CBRN-4 below", "determine AUTONOMY-CHECKPOINT below",
         "attest ASL-2-DEPLOYMENT", "attest ASL-2-SECURITY", "document capability_report")  # fmt: skip


def advised(*, without: bool = True) -> World:
    """RSP 2.2 as a fictional variant: its gate on a release asks advisers first, and its CEO may go on without them."""
    value: dict[str, Any] = pack_object(shipped(RSP))
    for gate in value["gates"]:
        if gate["id"] == "G-EXTERNAL-ASL2":
            gate["recommendation_by"] = ["SAG"]
    for role in value["roles"]:
        if role["id"] == "CEO" and without:
            role["acts"] = [*role["acts"], "decide_without_SAG"]
    roles = [*value["roles"], {"acts": ["recommend"], "id": "SAG", "verbs": ["recommend"]},
             {"acts": ["oversee", "reverse"], "id": "SSC", "verbs": ["oversee", "may-reverse"]}]  # fmt: skip
    world = World(RSP, gates=value["gates"], roles=roles)
    for line in READY:
        world.tell(line)
    world.empower("ceo", "approver", "CEO")
    world.empower("rso", "approver", "RSO")
    world.empower("decider", "decider")
    world.empower("adviser", "assessor", "SAG")
    world.ask_to()
    return world


def advice(world: World, **more: Any) -> dict[str, Any]:
    said = {"conditions": [], "framework": world.digest, "recommendation": "permit", "request": world.request.digest}
    return {**said, "role": "SAG", **more}


def decide(world: World, decision: str = "permit", **more: Any) -> str | None:
    approvals = [world.approve("ceo", []), world.approve("rso", [])]
    return world.refusal("decision.made", world.decided(decision, *approvals, **more), by="decider")


def test_a_gate_that_asks_for_advice_waits_for_it() -> None:
    world = advised()
    assert decide(world) == "recommendation-missing"
    world.say("recommendation.issued", advice(world), by="adviser")
    assert decide(world) is None


def test_advice_against_binds_nobody() -> None:
    world = advised()
    world.say("recommendation.issued", advice(world, recommendation="withhold"), by="adviser")
    assert decide(world) is None


def test_nobody_waits_for_advice_to_withhold() -> None:
    world = advised()
    assert decide(world, "withhold", divergence_reason="caution", basis="discretionary") is None


@pytest.mark.parametrize("how", ["tainted", "back-recorded"])
def test_advice_that_nobody_stands_behind_counts_for_nothing(how: str) -> None:
    world = advised()
    world.back_recorded = how == "back-recorded"
    issued = world.say("recommendation.issued", advice(world), by="adviser")
    world.back_recorded = False
    if how == "tainted":
        world.state.put("taint", hexed("adviser"), issued.index)
    assert decide(world) == "recommendation-missing"


def test_advice_on_another_request_counts_for_nothing() -> None:
    world = advised()
    world.say("recommendation.issued", advice(world), by="adviser")
    world.ask_to(jurisdictions=["us"])
    assert decide(world) == "recommendation-missing"


def test_a_deciding_role_may_go_without_where_the_framework_says_so_and_the_record_says_it() -> None:
    assert decide(advised(without=False), without_recommendation=["SAG"]) == "recommendation-missing"
    world = advised()
    assert decide(world, without_recommendation=["RSO"]) == "recommendation-missing"
    assert decide(world, without_recommendation=["SAG"]) is None
    approvals = [world.approve("ceo", []), world.approve("rso", [])]
    world.say("decision.made", world.decided("permit", *approvals, without_recommendation=["SAG"]), by="decider")
    for body in ("BOARD", "LTBT"):
        world.inform(body)
    clearance = world.ask("external_deploy")[1]
    assert (clearance.answer, clearance.reasons) == ("permit", ("decided", "without-recommendation"))


def test_who_has_advised_is_not_said_to_be_missing() -> None:
    world = advised()
    world.say("recommendation.issued", advice(world), by="adviser")
    assert decide(world, without_recommendation=["SAG"]) == "reference-wrong"


def test_advice_is_by_a_role_with_that_verb_as_of_its_index() -> None:
    world = advised()
    world.empower("deployer", "assessor", "SAG")

    def said(by: str, **more: Any) -> str | None:
        return world.refusal("recommendation.issued", advice(world, **more), by=by)

    assert said("adviser") is None
    assert said("adviser", role="CEO") == "verb-missing"
    assert said("ceo", role="CEO") == "verb-missing"  # decides, and recommends nothing
    assert said("ceo") == "verb-missing"
    assert said("deployer") == "self-approval"
    assert said("adviser", framework="sha256:" + "1" * 64) == "request-mismatch"
    assert said("adviser", request="1" * 64) == "request-unknown"
    world.state.put("packrole", f"{RSP}|SAG|adviser", None)
    assert said("adviser") == "verb-missing"
    world.empower("adviser", "assessor", "SAG")
    world.say("recommendation.issued", advice(world), by="adviser")
    world.state.put("packrole", f"{RSP}|SAG|adviser", None)  # lost since: what was advised stands
    assert decide(world) is None


def test_a_body_that_no_framework_knows_is_not_informed() -> None:
    world = advised()
    told = {"documents": [], "of": world.request.digest}
    for body, reason in (
        ("BOARD", None),
        ("LTBT", None),
        ("SSC", None),
        ("BORD", "verb-missing"),
        ("CEO", "verb-missing"),
    ):
        assert world.refusal("body.informed", {**told, "body": body}, by="deployer") == reason, body


@pytest.mark.parametrize(("who", "roles", "reversed_"), [("overseer", ("SSC",), True), ("decider", (), False)])
def test_a_decision_is_reversed_by_who_may_reverse_as_of_that_index(
    who: str, roles: tuple[str, ...], reversed_: bool
) -> None:
    world = advised()
    made = world.say("decision.made", world.decided("permit"), by="decider")
    if roles:
        world.empower(who, "decider", *roles)
    over = world.decided("withhold", supersedes={"index": made.index, "leaf": made.leaf})
    second = world.say("decision.made", over, by=who)
    world.state.put("packrole", f"{RSP}|SSC|{who}", None)  # lost since
    found = world.state.get("reversed", str(made.index))
    assert (found is not None) == reversed_
    if reversed_:
        assert (found.index, found.pack, found.role) == (second.index, RSP, "SSC")
