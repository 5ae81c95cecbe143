"""Who decides under OpenAI's Preparedness Framework 2: the advisory group recommends, leadership decides, with or without it."""

from typing import Any

import pytest

from tests.policies.world import World

LOW = tuple(f"determine {t} below" for t in ("BIO-HIGH", "CYBER-HIGH", "SELF-HIGH"))
REPORT = "document capabilities_report role=LEADERSHIP verb=decide"


@pytest.fixture
def world() -> World:
    """All below and the report confirmed; a covered deployment is asked for, and nobody approved yet."""
    world = World("openai-preparedness-2")
    for line in ("register", *LOW, REPORT):
        world.tell(line)
    world.empower("head", "approver", "LEADERSHIP")
    world.empower("chair", "approver", "SAG")
    world.empower("chair", "assessor", "SAG")
    world.empower("third", "approver")
    world.empower("decider", "decider")
    world.ask_to(facts={"covered_deployment": "true"})
    return world


def decide(world: World, *approvals: Any, without: tuple[str, ...] = ("SAG",)) -> str | None:
    said = {"without_recommendation": list(without)} if without else {}
    return world.refusal("decision.made", world.decided("permit", *approvals, **said), by="decider")


def approval(world: World, who: str, verb: str) -> str | None:
    body = {
        "action": "external_deploy", "checkpoint": {"root": "0" * 64, "size": 1}, "conditions": [], "packs": [world.digest],
        "request": world.request.digest, "verb": verb,
    }  # fmt: skip
    return world.refusal("approval.given", body, by=who)


def test_the_advisory_group_does_not_decide(world: World) -> None:
    assert approval(world, "chair", "decide") == "verb-missing"
    assert approval(world, "chair", "accept") == "verb-missing"
    assert approval(world, "head", "decide") is None


def test_leadership_decides_without_the_group_only_openly(world: World) -> None:
    head, third = world.approve("head", []), world.approve("third", [], verb="approve")
    assert decide(world, head, third, without=()) == "recommendation-missing"
    assert decide(world, head, third) is None


def test_a_recommendation_is_no_approval(world: World) -> None:
    body = {
        "conditions": [], "framework": world.digest, "recommendation": "permit", "request": world.request.digest, "role": "SAG",
    }  # fmt: skip
    world.say("recommendation.issued", body, by="chair")
    head = world.approve("head", [])
    assert decide(world, head, without=()) == "quorum-short"
    assert decide(world, head, world.approve("third", [], verb="approve"), without=()) is None


def test_two_others_are_not_leadership(world: World) -> None:
    world.empower("fourth", "approver")
    third, fourth = world.approve("third", [], verb="approve"), world.approve("fourth", [], verb="approve")
    assert decide(world, third, fourth) == "quorum-short"


def test_only_leadership_decides_at_both_gates_of_an_external_deployment(world: World) -> None:
    verdict, _ = world.ask("external_deploy", facts=(("covered_deployment", "true"),))
    assert (verdict.answer.value, verdict.decision_by) == ("permit", (("openai-preparedness-2", "LEADERSHIP"),))
