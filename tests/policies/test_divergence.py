"""A decision against the verdict says so, and says first which law it touches."""

import pytest

from disclosures.claims import claims_of
from policies.answer import AsOf
from policies.divergence import divergence_of, law_behind, laws_in
from policies.framework import pack_object, parse_pack
from tests.policies.world import World, shipped

XAI = "xai-faif-2025-12-30"
LAW = "us-ca-sb53: 22757.12(a), 22757.12(e)(1)(B), 22757.15(a), by xai-faif-2025-12-30"


@pytest.mark.parametrize("verdict", ["permit", "permit_with_conditions", "undetermined", "deny"])
@pytest.mark.parametrize("decision", ["permit", "restrict", "withhold", "pause", "de_deploy", "delete_weights"])
def test_a_decision_diverges_where_it_permits_what_the_verdict_does_not_or_the_other_way(
    decision: str, verdict: str
) -> None:
    permits, positive = decision in ("permit", "restrict"), verdict.startswith("permit")
    said = divergence_of(decision, verdict, [LAW])
    assert (said is None) == (permits == positive)
    if said is not None:
        assert said.startswith("statutory (us-ca-sb53: 22757.12(a)") == permits  # who withholds breaks no law
        assert said.endswith(f"the decision is {decision}, the policy verdict was {verdict}")


def test_a_framework_that_a_statute_makes_binding_says_the_law_first() -> None:
    world = World(XAI)
    world.model()
    verdict, _ = world.ask("external_deploy")
    assert (verdict.answer, verdict.laws) == ("undetermined", (LAW,))
    world.decide("permit", divergence_reason="fictional", basis="discretionary")
    gate = world.state.get("gate", world.request.digest)
    assert laws_in(gate.body.reasons) == (LAW,)
    assert gate.body.reasons[0] == f"statutory:{LAW}"
    clearance = world.ask("external_deploy")[1]
    assert clearance.divergence is not None
    assert clearance.divergence.startswith("statutory (us-ca-sb53: 22757.12(a), 22757.12(e)(1)(B), 22757.15(a)")


def test_claims_say_the_diverging_decision_first() -> None:
    world = World("anthropic-rsp-2.2")
    world.model()
    world.decide("withhold", "train")
    world.decide("permit", divergence_reason="fictional", basis="discretionary")
    claims = claims_of(world.state, AsOf(world.size, world.at))
    assert [d["divergence"] is None for d in claims["decisions"]] == [False, True]
    assert claims["decisions"][0]["flags"] == ["diverges"]
    assert claims["decisions"][0]["index"] > claims["decisions"][1]["index"]


def test_where_the_framework_is_kept_no_law_is_touched() -> None:
    world = World(XAI)
    world.model()
    world.rate("RESTRICTED-ANSWER-RATE", "0.01")
    world.rate("MASK-DISHONESTY", "0.2")
    verdict, _ = world.ask("external_deploy")
    assert (verdict.answer, verdict.laws) == ("permit", ())
    world.decide("withhold", divergence_reason="caution", basis="discretionary")
    assert world.ask("external_deploy")[1].divergence == "the decision is withhold, the policy verdict was permit"


def test_a_framework_of_the_lab_s_own_touches_no_law() -> None:
    world = World("anthropic-rsp-2.2")
    world.model()
    world.decide("permit", divergence_reason="fictional", basis="discretionary")
    found = world.ask("external_deploy")
    assert found[0].laws == ()
    assert found[1].divergence == "the decision is permit, the policy verdict was undetermined"


def test_a_law_names_the_clauses_that_are_open() -> None:
    value = pack_object(shipped(XAI))
    value = {k: v for k, v in value.items() if k != "statutory"}
    law = parse_pack({**value, "binds": "law", "binds_whom": "frontier_developer"})
    assert law_behind(law, ["22757.12(c)(1)", "22757.12(c)(1)"]) == f"{XAI}: 22757.12(c)(1)"
    assert law_behind(parse_pack(value), ["1"]) is None
