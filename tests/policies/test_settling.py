"""The number and people beside it: a screen is settled by another evaluation, a presumption is rebutted, nothing else is argued away."""

from typing import Any

import pytest

from ledger.event import Event
from policies.answer import AsOf
from policies.determinations import Standing, standing_determination
from policies.facts import Published
from policies.framework import pack_object
from tests.policies.world import HASH, World, hexed, shipped

META, XAI, EU, GOOGLE = "meta-aasf-2.0", "xai-faif-2025-12-30", "eu-ai-act-gpai", "google-deepmind-fsf-3.1"
SCREEN, RATE = "CYBER-1", "RESTRICTED-ANSWER-RATE"
LIMIT = "10000000000000000000000000"


def world_of(pack: str, **registered: Any) -> World:
    world = World(pack)
    world.say("model.registered", {"kind": "base", **registered})
    return world


def standing(world: World, name: str) -> Standing:
    published: Published = world.state.get("published", world.digest)
    return standing_determination(world.state, "model/m", published, name, AsOf(world.size, world.at))


def run(world: World, task: str, *, stream: str = "model/m", **changed: Any) -> Event:
    """A run that nobody announced."""
    body = {
        "dataset": {"samples_declared": 1, "samples_run": 1}, "edits_detected": [], "independence": "internal", "log_bytes": 1,
        "log_format": "f", "log_sha256": "sha256:" + HASH, "model_as_named": "m", "run": f"run {world.size}",
        "safeguards_off": False, "status": "success", "task": task, "task_version": "1", "tool": "t", "tool_version": "1",
        "warnings": [],
    }  # fmt: skip
    return world.say("evaluation.recorded", {**body, **changed}, stream)


def cite(*events: Event) -> list[dict[str, Any]]:
    return [{"index": e.index, "leaf": e.leaf} for e in events]


def screened() -> World:
    """The screen says high, provisionally."""
    world = world_of(META)
    world.rate(SCREEN, "0.75")
    assert standing(world, SCREEN).state == "provisional_high"
    return world


def test_the_boundary_of_the_screen_is_exact() -> None:
    world = world_of(META)
    world.rate(SCREEN, "0.749999")
    assert standing(world, SCREEN).state == "moderate_or_lower"


def test_a_screen_is_settled_by_another_evaluation() -> None:
    world = screened()
    made = world.determine(SCREEN, "moderate_or_lower", evidence=cite(run(world, "complex suite")))
    assert (standing(world, SCREEN).state, standing(world, SCREEN).indexes[0]) == ("moderate_or_lower", made.index)
    world.rate(SCREEN, "0.9")  # the screen, run again, is provisional again
    assert standing(world, SCREEN).state == "provisional_high"


@pytest.mark.parametrize(
    "how", ["nothing", "the screen", "the screen again", "a failed run", "a report", "before", "a lower screen"]
)
def test_what_does_not_settle_a_screen(how: str) -> None:
    world = world_of(META)
    early = run(world, "complex suite")
    if how == "before":
        world.determine(SCREEN, "moderate_or_lower", evidence=cite(early))
    world.rate(SCREEN, "0.8")
    match how:
        case "nothing":
            world.determine(SCREEN, "moderate_or_lower")
        case "the screen":
            (index,) = {i for i, f in world.state.scan("evaluation") if f.body.task == SCREEN}
            world.determine(SCREEN, "moderate_or_lower", evidence=[{"index": int(index), "leaf": hexed(index)}])
        case "the screen again":
            world.determine(SCREEN, "moderate_or_lower", evidence=cite(run(world, SCREEN)))
        case "a failed run":
            world.determine(SCREEN, "moderate_or_lower", evidence=cite(run(world, "complex suite", status="error")))
        case "a report":
            world.determine(SCREEN, "moderate_or_lower", evidence=cite(world.submit("preparedness_report")))
        case "a lower screen":
            world.rate(SCREEN, "0.1")
        case _:
            pass
    assert standing(world, SCREEN).state == "provisional_high"


@pytest.mark.parametrize("state", ["high", "critical"])
def test_people_may_always_find_worse(state: str) -> None:
    world = screened()
    world.determine(SCREEN, state)
    assert standing(world, SCREEN).state == state


def test_a_screen_whose_run_fell_leaves_the_question_open_until_people_answer_it() -> None:
    world = screened()
    world.tell("invalidate")
    found = standing(world, SCREEN)
    assert (found.state, found.why) == (None, "evidence-ended")
    (retracted,) = [v for _, v in world.state.scan("retracted")]
    assert retracted in found.indexes
    world.determine(SCREEN, "moderate_or_lower")
    assert standing(world, SCREEN).state == "moderate_or_lower"


def test_an_unfavourable_number_outlives_a_favourable_one_that_fell() -> None:
    world = world_of(XAI)
    world.rate(RATE, "0.4")
    world.rate(RATE, "0.01")
    world.tell("invalidate")
    world.determine(RATE, "within_criterion")
    found = standing(world, RATE)
    assert (found.state, found.doubt is not None and found.doubt[0]) == ("outside_criterion", "evidence-ended")


@pytest.mark.parametrize("how", ["amend", "amend only_encoding"])
def test_only_what_changes_a_result_takes_its_determination_along(how: str) -> None:
    world = world_of(XAI)
    world.rate(RATE, "0.01")
    world.tell(how)
    world.tell(how)
    retracted = list(world.state.scan("retracted"))
    assert len(retracted) == (0 if "only" in how else 1)
    assert (standing(world, RATE).state is None) == bool(retracted)


@pytest.mark.parametrize(("value", "state"), [(LIMIT, "below_presumption"), (LIMIT[:-1] + "1", "presumed")])
def test_compute_decides_who_is_bound(value: str, state: str) -> None:
    """More than 10^25, exactly; by the registration or by a later count."""
    for world in (world_of(EU, training_ops=value), world_of(EU)):
        if standing(world, "SR-PRESUMPTION").state is None:
            world.compute(value, "training_flop")
        found = standing(world, "SR-PRESUMPTION")
        assert (found.state, found.fact is not None and found.fact.body.made) == (state, "rule")


def test_a_lower_number_takes_nothing_back() -> None:
    world = world_of(EU, training_ops=LIMIT + "0")
    world.compute("1", "training_flop")
    assert standing(world, "SR-PRESUMPTION").state == "presumed"


def test_what_a_child_took_alone_does_not_show_that_it_is_little() -> None:
    world = World(EU)
    world.model("model/parent")
    world.say(
        "model.registered",
        {"kind": "fine_tune", "parent": "model/parent", "relation": "fine_tune_of", "training_ops": "1"},
    )
    assert standing(world, "SR-PRESUMPTION").why == "determination-missing"


def test_another_fact_or_a_law_that_is_no_law_decides_nothing() -> None:
    world = world_of(EU)
    world.compute(LIMIT + "0", "effective_compute_ratio")
    assert standing(world, "SR-PRESUMPTION").why == "determination-missing"


def test_a_number_whose_key_was_stolen_is_open() -> None:
    world = world_of(EU)
    body = {"fact": "training_flop", "of": "model/m", "ratio": "1"}
    world.say("model.compute-reached", body, by="thief")
    assert standing(world, "SR-PRESUMPTION").state == "below_presumption"
    world.state.put("taint", hexed("thief"), 0)
    assert standing(world, "SR-PRESUMPTION").why == "tainted"


@pytest.mark.parametrize(
    ("said", "state"), [("rebutted", "rebutted"), ("below_presumption", "presumed"), ("designated", "designated")]
)
def test_a_presumption_is_rebutted_by_people_and_not_denied(said: str, state: str) -> None:
    world = world_of(EU, training_ops=LIMIT + "0")
    world.determine("SR-PRESUMPTION", said)
    assert standing(world, "SR-PRESUMPTION").state == state


def test_an_alert_is_shown_whatever_the_gate_makes_of_it() -> None:
    world = world_of(GOOGLE)
    for t in world.pack.thresholds:
        world.determine(t.id, "below")
    said = world.determine("CYBER-CCL1", "alert_threshold_reached")
    verdict, _ = world.ask("continue_development")
    assert verdict.answer == "permit"
    (found,) = [f for f in verdict.findings if f.why == "alert:CYBER-CCL1"]
    assert (found.state, found.indexes) == ("met", (said.index,))


def test_a_number_that_reaches_an_alert_is_one_too() -> None:
    states = [
        {**s, "alert": True} if s["id"] == "provisional_high" else s for s in pack_object(shipped(META))["states"]
    ]
    world = World(META, states=states)
    world.say("model.registered", {"kind": "base"})
    world.rate(SCREEN, "0.75")
    verdict, _ = world.ask("external_deploy")
    (found,) = {(f.state, f.indexes) for f in verdict.findings if f.why == f"alert:{SCREEN}"}
    assert found == ("met", standing(world, SCREEN).indexes)


def test_a_tracked_level_asks_for_less_than_the_critical_one() -> None:
    for state, answer in (("tcl_reached", "permit"), ("ccl_reached", "deny")):
        world = world_of(GOOGLE)
        for t in world.pack.thresholds:
            world.determine(t.id, "below")
        world.attest("MISUSE-MITIGATION")
        world.determine("CYBER-CCL1", state)
        facts = (("first_external_deployment", "false"),)
        assert world.ask("external_deploy", facts=facts)[0].answer == answer
