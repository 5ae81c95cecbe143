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


def answered(world: World) -> tuple[str, str]:
    """The clearance and its first reason, once all were told whom the verdict wants told."""
    for _, role in world.ask("external_deploy")[0].inform_before:
        world.inform(role)
    clearance = world.ask("external_deploy")[1]
    return clearance.answer.value, clearance.reasons[0]


CLEARS = ("permit_with_conditions", "diverges-from-policy")


def against_a_missing_number() -> World:
    """A permission against the verdict: one number is missing, the other stands. It clears, and says that it diverges."""
    world = World(XAI)
    world.model()
    world.rate("MASK-DISHONESTY", "0.2")
    world.decide("permit", divergence_reason="fictional", basis="discretionary")
    assert answered(world) == CLEARS
    return world


def test_a_divergence_answers_for_no_danger_that_was_found_later() -> None:
    world = against_a_missing_number()
    world.rate("MASK-DISHONESTY", "0.9")
    assert answered(world) == ("deny", "verdict-changed")


def test_nor_for_another_requirement_that_fell_open_with_the_same_reason() -> None:
    world = World("anthropic-rsp-2.2")
    world.model()
    world.attest("ASL-2-SECURITY")
    world.decide("permit", divergence_reason="fictional", basis="discretionary")
    assert answered(world) == CLEARS
    attested = world.state.get("gate", world.request.digest).body
    assert "attestation-missing" in attested.reasons
    stands = next(f for _, f in world.state.scan("attested"))
    world.say(
        "safeguard.withdrawn",
        {"attestation": {"index": stands.index, "leaf": stands.leaf}, "reason": "gone"},
        "safeguard/all",
    )
    assert answered(world) == ("undetermined", "verdict-changed")


def test_nor_for_a_framework_that_is_adopted_later() -> None:
    world = against_a_missing_number()
    world.bring("anthropic-rsp-2.2", adopt=True)
    assert answered(world) == ("undetermined", "verdict-changed")


@pytest.mark.parametrize("first", ["anthropic-rsp-2.2", "meta-aasf-2.0", "amazon-fmsf-2025-02"])
def test_nor_where_nothing_was_met_and_what_falls_open_has_the_same_reason(first: str) -> None:
    world = World(first)
    world.model()
    world.decide("permit", divergence_reason="fictional", basis="discretionary")
    assert answered(world) == CLEARS
    shown = world.state.get("gate", world.request.digest).body
    assert {f.state for f in shown.findings} == {"unknown"}
    world.bring(XAI, adopt=True)
    assert set(world.ask("external_deploy")[0].reasons) <= set(shown.reasons)
    assert answered(world) == ("undetermined", "verdict-changed")


def test_what_was_shown_open_may_stay_open_or_be_shown_in_part() -> None:
    world = against_a_missing_number()
    world.rate("RESTRICTED-ANSWER-RATE", "0.5", outcome="matches")
    assert answered(world) == ("deny", "verdict-changed"), "unknown became unmet: worse than what was decided on"
    world = World("anthropic-rsp-2.2")
    world.model()
    world.attest("ASL-2-SECURITY")
    world.decide("permit", divergence_reason="fictional", basis="discretionary")
    world.attest("ASL-2-DEPLOYMENT")
    assert answered(world) == CLEARS


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
