"""No pack permits anything on a ledger that shows nothing: not before the model is known, and not by what a question states alone."""

from typing import get_args

import pytest

from policies.answer import Answer
from policies.pack import Pack
from policies.pack_gate import Action, Condition
from tests.policies.extracts import SHIPPED
from tests.policies.world import World, shipped

NOTHING_LACKS = {Answer.UNDETERMINED, Answer.DENY}


def stated(pack: Pack, *, holds: bool) -> tuple[tuple[str, str], ...]:
    """Every fact that a gate of the pack names, so that its condition holds, or fails."""
    told = {}
    for condition in (c for g in pack.gates for c in g.when.facts):
        told[condition.fact] = condition.value if holds else _beside(condition)
    return tuple(sorted(told.items()))


def _beside(condition: Condition) -> str:
    """A value for which the condition fails; of a token, another one."""
    if condition.comparator == "=":
        return "false" if condition.value == "true" else "another"
    return "0" if condition.comparator.startswith(">") else "1000000000000000000000000000000"


@pytest.mark.parametrize("stem", SHIPPED)
@pytest.mark.parametrize("action", get_args(Action))
def test_an_empty_ledger_permits_nothing(stem: str, action: str) -> None:
    world = World(stem)
    pack = shipped(stem)
    for facts in ((), stated(pack, holds=True), stated(pack, holds=False)):
        verdict, clearance = world.ask(action, facts=facts)
        assert verdict.answer in NOTHING_LACKS, (facts, verdict)
        assert facts or verdict.answer == Answer.UNDETERMINED
        assert "subject-unknown" in verdict.reasons
        assert clearance.answer in NOTHING_LACKS


@pytest.mark.parametrize("stem", SHIPPED)
@pytest.mark.parametrize("action", get_args(Action))
def test_a_model_of_which_nothing_is_shown_is_not_permitted(stem: str, action: str) -> None:
    """Nothing but its registration: a gate whose breach is only flagged may answer with conditions, and clears nothing alone."""
    world = World(stem)
    world.model()
    pack = shipped(stem)
    flagged = any(g.effect == "non_conformance" and action in g.actions for g in pack.gates)
    for facts in ((), stated(pack, holds=True), stated(pack, holds=False)):
        verdict, clearance = world.ask(action, facts=facts)
        may = NOTHING_LACKS | ({Answer.PERMIT_WITH_CONDITIONS} if flagged else set())
        assert verdict.answer in may, (facts, verdict)
        assert verdict.conditions or verdict.answer in NOTHING_LACKS
        assert clearance.answer in NOTHING_LACKS
