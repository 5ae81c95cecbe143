"""What lowers a result is shown beside what rests on it, and stands in the way where a number is to decide; claims per vector."""

from typing import Any

import pytest

from policies.answer import Finding
from tests.policies.test_settling import RATE, XAI, cite, run, world_of
from tests.policies.world import World

RSP, OPENAI = "anthropic-rsp-2.2", "openai-preparedness-2"
CLEAN = {"revision": {"commit": "abc", "dirty": False}}
LOWERED: dict[str, dict[str, Any]] = {
    "run-partial": {"dataset": {"samples_declared": 14_042, "samples_run": 1}},
    "run-edited": {"edits_detected": ["score of sample 1"]},
    "run-not-successful": {"status": "cancelled"},
    "revision-dirty": {"revision": {"commit": "abc", "dirty": True}},
    "revision-unknown": {"revision": {"origin": "somewhere"}},
    "run-warned": {"warnings": ["limit reached"]},
}


def found(world: World, action: str, why: str) -> list[Finding]:
    return [f for f in world.ask(action)[0].findings if f.why == why]


@pytest.mark.parametrize("why", [*LOWERED, "not-preregistered"])
def test_it_is_shown_with_the_determination_that_rests_on_it(why: str) -> None:
    world = world_of(RSP)
    ran = run(world, "task", **{**CLEAN, **LOWERED.get(why, {})})
    for t in world.pack.thresholds:
        world.determine(t.id, "below", evidence=cite(ran))
    shown = found(world, "store_weights", why)
    assert {(f.state, f.indexes) for f in shown} == {("met", (ran.index,))}
    for other in set(LOWERED) - {why}:
        assert found(world, "store_weights", other) == []


def test_a_partial_run_says_how_much_it_saw() -> None:
    world = world_of(RSP)
    ran = run(world, "task", **LOWERED["run-partial"])
    world.determine("CBRN-3", "not_ruled_out", evidence=cite(ran))
    (shown,) = {f.requirement for f in found(world, "store_weights", "run-partial")}
    assert shown == f"CBRN-3 by the run at {ran.index} (1 of 14042 samples)"


def test_what_covers_a_model_is_shown_with_its_runs_too() -> None:
    world = world_of(RSP)
    world.model("model/older")
    ran = run(world, "task", stream="model/older", **{**CLEAN, **LOWERED["run-partial"]})
    old = world.determine("CBRN-3", "below", subjects=["model/older"], evidence=cite(ran))
    world.determine("CBRN-3", "below", covered_by={"index": old.index, "leaf": old.leaf})
    (shown,) = found(world, "release_weights", "run-partial")
    assert shown.indexes == (ran.index,)


@pytest.mark.parametrize("why", list(LOWERED))
def test_where_a_number_is_to_decide_people_need_a_whole_run_too(why: str) -> None:
    world = world_of(XAI)
    world.rate("MASK-DISHONESTY", "0.1")
    ran = run(world, "task", **{**CLEAN, **LOWERED[why]})
    world.determine(RATE, "within_criterion", evidence=cite(ran))
    verdict, _ = world.ask("external_deploy")
    decisive = why in ("run-partial", "run-edited", "run-not-successful")
    (mine,) = [f for f in verdict.findings if f.why == why and ran.index in f.indexes]
    assert mine.state == ("unknown" if decisive else "met")
    assert verdict.answer == ("undetermined" if decisive else "permit")


def vectored(*named: str) -> World:
    """Biological capability at High, by these harm vectors; everything but the misuse claims is there."""
    world = world_of(OPENAI)
    for t in world.pack.thresholds:
        world.determine(t.id, "below")
    world.determine("BIO-HIGH", "crossed", vectors=list(named))
    world.attest("SECURITY-HIGH")
    for kind in ("capabilities_report", "safeguards_report"):
        world.document(kind, role="LEADERSHIP", verb="decide")
    return world


def misuse(world: World) -> dict[str, tuple[str, str]]:
    verdict, _ = world.ask("external_deploy", facts=(("covered_deployment", "true"),), hosts=("own",))
    return {f.requirement: (f.state, f.why) for f in verdict.findings if f.requirement.startswith("MISUSE-HIGH")}


def test_each_harm_vector_needs_one_sufficient_claim_that_names_it() -> None:
    world = vectored("uplift", "theft")
    one = world.pack.safeguard_set("MISUSE-HIGH").safeguards[0]
    missing = ("unmet", "attestation-missing")
    assert misuse(world) == {"MISUSE-HIGH/vector:uplift": missing, "MISUSE-HIGH/vector:theft": missing}
    world.attest(one, vectors=["uplift"])
    assert misuse(world) == {"MISUSE-HIGH/vector:uplift": ("met", "attested"), "MISUSE-HIGH/vector:theft": missing}
    world.attest(one, vectors=["theft"], host="elsewhere")
    assert misuse(world)["MISUSE-HIGH/vector:theft"] == ("out-of-scope", "attestation-out-of-scope")
    world.attest(one, vectors=["theft", "other"])
    assert {state for state, _ in misuse(world).values()} == {"met"}
    verdict, _ = world.ask("external_deploy", facts=(("covered_deployment", "true"),), hosts=("own",))
    assert verdict.answer == "permit"


def test_a_claim_that_names_no_vector_covers_none() -> None:
    world = vectored("uplift")
    world.attest("MISUSE-HIGH")
    assert misuse(world) == {"MISUSE-HIGH/vector:uplift": ("unmet", "attestation-missing")}


def test_a_danger_without_vectors_leaves_open_what_is_to_be_covered() -> None:
    world = vectored()
    world.attest("MISUSE-HIGH", vectors=["uplift"])
    assert misuse(world) == {"MISUSE-HIGH for BIO-HIGH": ("unknown", "vectors-unstated")}


def test_of_two_dangers_each_names_its_own() -> None:
    """A careless engine takes the vectors of the one for those of both."""
    world = vectored("uplift")
    world.determine("CYBER-HIGH", "crossed")
    world.attest("MISUSE-HIGH", vectors=["uplift"])
    assert misuse(world) == {
        "MISUSE-HIGH/vector:uplift": ("met", "attested"), "MISUSE-HIGH for CYBER-HIGH": ("unknown", "vectors-unstated"),
    }  # fmt: skip
    world.determine("CYBER-HIGH", "crossed", vectors=["chains"])
    assert misuse(world)["MISUSE-HIGH/vector:chains"] == ("unmet", "attestation-missing")
