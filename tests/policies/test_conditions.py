"""Named facts of a gate: three-valued, several together, and beside thresholds."""

from typing import Any

import pytest

from policies.framework import pack_object
from policies.places import within
from tests.policies.world import World, shipped

RSP = "anthropic-rsp-2.2"


def gated(*facts: dict[str, str], threshold: bool = False) -> World:
    """RSP 2.2 with one gate for releasing weights, on these facts."""
    when: dict[str, Any] = {"facts": list(facts)}
    if threshold:
        when |= {"any_of": ["CBRN-3"], "state_in": ["not_ruled_out", "crossed"]}
    gates = [{**g, "when": when} for g in pack_object(shipped(RSP))["gates"] if g["id"] == "G-WEIGHTS"]
    world = World(RSP, gates=gates)
    world.model()
    return world


def on(fact: str, value: str, comparator: str = "=") -> dict[str, str]:
    return {"comparator": comparator, "fact": fact, "value": value}


def answer(world: World, **context: Any) -> str:
    """deny = the gate applies; no-rule = its facts lead past it; undetermined = it can't be said."""
    verdict, _ = world.ask("release_weights", **context)
    return "past" if "no-rule" in verdict.reasons else verdict.answer.value


@pytest.mark.parametrize(
    ("audience", "expected"), [("partners", "deny"), ("general", "past"), (None, "undetermined")]
)  # fmt: skip
def test_audience(audience: str | None, expected: str) -> None:
    assert answer(gated(on("audience", "partners")), audience=audience) == expected


@pytest.mark.parametrize(
    ("stated", "named", "touches"),
    [
        ("US-CA", "US-CA", True), ("US", "US-CA", True), ("US-NY", "US-CA", False), ("US-CA", "US", True), ("EU", "EU", True),
        ("DE", "EU", True), ("NO", "EU", False), ("GB", "EU", False), ("EU", "DE", True), ("EU", "US", False),
        ("CA", "US-CA", False), ("everywhere", "EU", None), ("eu", "EU", None), ("", "EU", None),
        # codes that nobody assigned may be anywhere: worldwide, the United Kingdom, Greece as the Commission writes it, typing errors
        ("WW", "EU", None), ("UK", "EU", None), ("EL", "EU", None), ("XX", "US-CA", None), ("US-CAL", "US-CA", None),
        ("US-XX", "US-CA", None), ("EU-DE", "EU", None), ("GR", "EU", True), ("FR-75", "EU", True), ("RE", "EU", True),
        ("US-TX", "US-CA", False), ("JP", "US-NY", False),
    ],
)  # fmt: skip
def test_places(stated: str, named: str, touches: bool | None) -> None:
    assert within(stated, named) is touches


@pytest.mark.parametrize(
    ("stated", "expected"),
    [((), "undetermined"), (("EU",), "deny"), (("US-CA",), "past"), (("US-CA", "FR"), "deny"), (("US-CA", "the moon"), "undetermined"),
     (("the moon", "EU"), "deny")],
)  # fmt: skip
def test_jurisdictions(stated: tuple[str, ...], expected: str) -> None:
    assert answer(gated(on("jurisdiction", "EU")), jurisdictions=stated) == expected


@pytest.mark.parametrize(
    ("large", "ratio", "expected"),
    [
        ("true", "2", "deny"), ("true", "0.5", "past"), ("true", None, "undetermined"), ("false", None, "past"),
        (None, "0.5", "past"), (None, "2", "undetermined"), (None, None, "undetermined"), ("true", "two", "undetermined"),
    ],
)  # fmt: skip
def test_one_fact_that_is_not_so_settles_it_whatever_else_is_unknown(
    large: str | None, ratio: str | None, expected: str
) -> None:
    world = gated(on("large_scale", "true"), on("ratio", "1", ">="))
    stated = tuple((n, v) for n, v in (("large_scale", large), ("ratio", ratio)) if v is not None)
    assert answer(world, facts=stated) == expected


@pytest.mark.parametrize("large", ["true", "false", None])
@pytest.mark.parametrize("state", ["below", "crossed", None])
def test_facts_and_thresholds_must_both_hold(large: str | None, state: str | None) -> None:
    world = gated(on("large_scale", "true"), threshold=True)
    if state is not None:
        world.determine("CBRN-3", state)
    found = answer(world, facts=() if large is None else (("large_scale", large),))
    if large == "false":
        assert found == "past"
    elif state == "below":
        assert found == "permit"
    else:
        assert found == ("deny" if (large, state) == ("true", "crossed") else "undetermined")


def test_which_class_a_lab_is_in_is_a_fact_of_its_own() -> None:
    world = gated(on("binds_as", "frontier_developer"))
    assert answer(world) == "undetermined"
    assert answer(world, facts=(("binds_as", "frontier_developer"),)) == "undetermined"  # not for the asker to say
    world.scope(True, ("large_frontier_developer",))
    assert answer(world) == "deny"
    world.scope(True, ("deployer",))
    assert answer(world) == "past"
