"""A decision's life: each phase is reached by the event that makes it, and what is missing names whose move it is."""

from typing import Any

import msgspec
import pytest

from ledger.event import Event
from ledger.strict import shift
from policies.answer import AsOf
from policies.facts import fact_of
from projections.carried_out import without_decision
from projections.decision_life import Life, life_of, request_named
from tests.policies.test_recommend import advice, advised
from tests.policies.world import World, hexed


@pytest.fixture
def world() -> World:
    world = advised()
    world.empower("deployer", "deployer")
    return world


def life(world: World, at: str | None = None) -> Life:
    request = request_named(world.state, world.request.digest)
    assert request is not None
    return life_of(world.state, request, AsOf(world.size, at or world.at))


def moves(found: Life) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(m.what, m.role, m.holders) for m in found.moves]


def step(found: Life, name: str) -> tuple[str, tuple[int, ...], str]:
    (one,) = [s for s in found.steps if s.name == name]
    return one.state, tuple(s.index for s in one.seen), one.note


def permit(world: World, **more: Any) -> Event:
    world.say("recommendation.issued", advice(world), by="adviser")
    given = [world.approve(who, ["rate limits stay on"]) for who in ("ceo", "rso")]
    body = world.decided("permit", *given, **more)
    assert world.refusal("decision.made", body, by="decider") is None
    return world.say("decision.made", body, by="decider")


def start(world: World, made: Event | None, action: str = "external_deploy") -> Event:
    decision = None if made is None else {"index": made.index, "leaf": made.leaf}
    body = {"action": action, "artifact": hexed("model/m"), "audience": "general", "decision": decision, "hosts": ["own"],
            "surfaces": ["api"]}  # fmt: skip
    return world.say("deployment.started", body, by="deployer")


def test_each_event_moves_it_on_and_says_whose_move_is_next(world: World) -> None:
    found = life(world)
    assert (found.phase, found.flags, found.verdict) == ("requested", (), "permit")
    assert moves(found) == [
        ("recommend", "SAG", ("adviser",)), ("approve", "CEO", ("ceo",)), ("approve", "RSO", ("rso",)),
    ]  # fmt: skip
    assert found.moves[0].note == "or decide with --without-recommendation SAG, as CEO may"
    issued = world.say("recommendation.issued", advice(world), by="adviser")
    found = life(world)
    assert (found.phase, step(found, "recommended")) == ("recommended", ("done", (issued.index,), ""))
    ceo = world.approve("ceo", [])
    assert moves(life(world)) == [("approve", "RSO", ("rso",))]
    rso = world.approve("rso", ["rate limits stay on"])
    found = life(world)
    assert (found.phase, moves(found)) == ("approved", [("decide", "decider", ("decider",))])
    made = world.say("decision.made", world.decided("permit", ceo, rso), by="decider")
    found = life(world)
    assert (found.phase, found.decision, found.basis) == ("decided", made.index, "policy")
    assert found.conditions == ("rate limits stay on",)
    assert moves(found) == [("inform", "BOARD", ("deployer",)), ("inform", "LTBT", ("deployer",))]
    for body in ("BOARD", "LTBT"):
        world.inform(body)
    assert moves(life(world)) == [("carry-out", "deployer", ("deployer",))]
    began = start(world, made)
    found = life(world)
    assert (found.phase, found.flags, moves(found)) == ("carried-out", (), [])
    assert step(found, "carried-out") == ("done", (began.index,), "")
    assert request_named(world.state, str(made.index)) == request_named(world.state, str(world.request.index))
    assert request_named(world.state, "9" * 64) is None


def test_the_requester_and_authors_of_evidence_are_not_asked_to_approve(world: World) -> None:
    world.empower("deployer", "approver", "CEO")
    world.empower("attester", "approver", "CEO")
    approve = next(m for m in life(world).moves if m.role == "CEO")
    assert approve.holders == ("ceo",)
    assert "2 asked for it or wrote the evidence" in approve.note


def test_a_veto_is_its_author_s_to_withdraw(world: World) -> None:
    no = {"action": "external_deploy", "checkpoint": {"root": "0" * 64, "size": 1}, "packs": [world.digest],
          "request": world.request.digest, "verb": "decide"}  # fmt: skip
    refused = world.say("approval.refused", no, by="rso")
    found = life(world)
    assert (found.phase, step(found, "approved")[0]) == ("refused", "against")
    assert ("withdraw", "approver", ("rso",)) in moves(found)
    body = {"approval": refused.digest, "reason": "resolved", "request": world.request.digest}
    world.say("approval.withdrawn", body, by="rso")
    assert life(world).phase == "requested"


def test_approvals_expire_and_a_request_is_never_decided(world: World) -> None:
    assert life(world, shift(world.at, days=30)).phase == "requested"
    late = life(world, shift(world.at, days=31))
    assert (late.phase, late.flags) == ("lapsed", ("never-decided",))
    world.approve("ceo", [], valid_until=shift(world.at, seconds=5))
    assert life(world).phase == "requested"
    over = life(world, shift(world.at, seconds=6))
    assert (over.phase, over.flags) == ("lapsed", ("approvals-expired",))
    assert ("approve", "CEO", ("ceo",)) in moves(over)


def test_other_packs_end_a_request(world: World) -> None:
    xai = World("xai-faif-2025-12-30", adopt=False)
    for name, body in xai.adoption():
        world.say(name, body, f"framework/{xai.pack.id}")
    found = life(world)
    assert (found.phase, found.flags[0]) == ("lapsed", "packs-changed")
    assert moves(found) == [("request", "deployer", ("deployer",))]


def test_a_changed_verdict_is_answered_anew_by_an_approval(world: World) -> None:
    world.say("recommendation.issued", advice(world), by="adviser")
    for who in ("ceo", "rso"):
        world.approve(who, [])
    world.tell("withdraw")
    assert [m.what for m in life(world).moves] == ["evidence", "approve", "decide"]
    world.approve("rso", [])
    assert [m.what for m in life(world).moves] == ["evidence", "decide"]


@pytest.mark.parametrize(("roles", "phase"), [((), "superseded"), (("SSC",), "reversed")])
def test_superseded_or_reversed(world: World, roles: tuple[str, ...], phase: str) -> None:
    made = permit(world)
    world.empower("overseer", "decider", *roles)
    over = world.decided("withhold", supersedes={"index": made.index, "leaf": made.leaf},
                         divergence_reason="caution", basis="discretionary")  # fmt: skip
    first = life(world)
    world.ask_to(jurisdictions=["us"])  # the reversal answers another request
    world.say("decision.made", {**over, "request": world.request.digest}, by="overseer")
    request = request_named(world.state, first.request)
    assert request is not None
    found = life_of(world.state, request, AsOf(world.size, world.at))
    assert (found.phase, step(found, "ended")[0]) == (phase, "against")
    assert moves(found) == [("request", "deployer", ("deployer",))]


def test_a_decision_lapses_with_the_clock_alone(world: World) -> None:
    until = shift(world.at, seconds=9)
    permit(world, valid_until=until)
    assert life(world, until).phase == "decided"
    assert life(world, shift(until, micros=1)).phase == "lapsed"


def test_divergence_and_what_was_left_out_are_flags(world: World) -> None:
    world.say("recommendation.issued", advice(world, recommendation="permit"), by="adviser")
    body = world.decided("withhold", divergence_reason="caution", basis="discretionary")
    world.say("decision.made", body, by="decider")
    found = life(world)
    assert found.divergence == "the decision is withhold, the policy verdict was permit"
    assert found.flags == ("diverges", "against-recommendation")
    assert (found.basis, moves(found)) == ("discretionary", [])
    world.ask_to(jurisdictions=["us"])
    given = [world.approve(who, []) for who in ("ceo", "rso")]
    world.say("decision.made", world.decided("permit", *given, without_recommendation=["SAG"]), by="decider")
    assert life(world).flags == ("without-recommendation",)


def test_nothing_is_carried_out_on_a_decision_that_does_not_clear(world: World) -> None:
    """The evidence that it was made on has gone since: whose move it is, is not the deployer's."""
    permit(world)
    for body in ("BOARD", "LTBT"):
        world.inform(body)
    assert (life(world).clearance, [m.what for m in life(world).moves]) == ("permit_with_conditions", ["carry-out"])
    world.tell("withdraw")
    found = life(world)
    assert (found.clearance, [m.what for m in found.moves]) == ("undetermined", ["evidence"])
    assert "verdict-changed" in found.moves[0].note


def test_bodies_told_after_the_action_were_told_late(world: World) -> None:
    made = permit(world)
    world.inform("BOARD")
    start(world, made)
    world.inform("LTBT")
    found = life(world)
    assert found.flags == ("informed-late",)
    (informed,) = [s for s in found.steps if s.name == "informed"]
    assert [s.note for s in informed.seen] == ["BOARD", "LTBT, after the action"]


@pytest.mark.parametrize("how", ["none", "withheld", "lapsed", "superseded", "another action", "standing"])
def test_what_is_carried_out_without_a_standing_decision_is_shown(world: World, how: str) -> None:
    made: Event | None = None
    if how != "none":
        made = permit(world, **({"valid_until": world.at} if how == "lapsed" else {}))
    if how == "withheld":
        body = world.decided("withhold", divergence_reason="caution", basis="discretionary")
        made = world.say("decision.made", body, by="decider")
    if how == "superseded" and made is not None:
        over = world.decided("withhold", supersedes={"index": made.index, "leaf": made.leaf})
        world.say("decision.made", over, by="decider")
    if how == "lapsed":
        world.at = shift(world.at, seconds=1)
    for body in ("BOARD", "LTBT"):
        world.inform(body)
    began = start(world, made, "internal_deploy" if how == "another action" else "external_deploy")
    lacking = [f.index for f in without_decision(world.state, "model/m")]
    assert lacking == ([] if how == "standing" else [began.index])
    if made is not None and how in ("lapsed", "another action", "withheld"):
        assert "carried-out-without-standing-decision" in life(world).flags


def test_training_needs_a_decision_where_a_pack_gates_it(world: World) -> None:
    run = world.say("training.started", {"purpose": "fictional"}, by="deployer")
    assert [f.index for f in without_decision(world.state, "model/m")] == [run.index]  # RSP 2.2 gates training
    free = World("xai-faif-2025-12-30")
    free.model()
    free.say("training.started", {"purpose": "fictional"}, by="deployer")
    assert without_decision(free.state, "model/m") == ()


def test_measures_and_exceptions_stand_beside_it(world: World) -> None:
    world.interim("G-EXTERNAL-ASL3", "ASL-3-DEPLOYMENT")
    body = {"exception": "X-COMPETITOR", "framework": world.digest, "reason": "fictional", "shown": [],
            "valid_until": shift(world.at, seconds=5)}  # fmt: skip
    world.say("exception.invoked", body, by="decider")
    names = {s.name: [e.note for e in s.seen] for s in life(world, shift(world.at, seconds=6)).steps}
    assert names["interim measures"] == [f"G-EXTERNAL-ASL3, until {shift(world.at, days=7)}"]
    assert names["exceptions"] == ["X-COMPETITOR, ended"]


def test_an_earlier_position_has_the_earlier_life(world: World) -> None:
    request = fact_of(world.request)
    then = msgspec.json.encode(life(world))
    size, at = world.size, world.at
    permit(world)
    assert msgspec.json.encode(life_of(world.state.at(size), request, AsOf(size, at))) == then
