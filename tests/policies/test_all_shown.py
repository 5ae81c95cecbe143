"""Every shipped pack with nothing shown and with all: no worse state permits more, and what was not read never permits alone.

`test_empty.py` asks the same packs on a ledger that shows nothing, `test_all_packs.py` over generated histories.
"""

from collections.abc import Iterator
from typing import Any, get_args

import pytest

from policies.answer import STRICTNESS, Answer, PolicyVerdict
from policies.pack import Pack
from policies.pack_gate import Action, Condition
from tests.policies.extracts import SHIPPED
from tests.policies.world import World, shipped

ACTIONS: tuple[Action, ...] = get_args(Action)
CLEARING = {Answer.PERMIT, Answer.PERMIT_WITH_CONDITIONS}
VECTORS = ("one", "two")


def conditions(pack: Pack) -> Iterator[Condition]:
    for gate in pack.gates:
        yield from gate.when.facts


def asked(world: World, how: str) -> Iterator[tuple[Action, PolicyVerdict]]:
    """The verdict on every action, with nothing `stated`, all that the gates `want`, or all `otherwise`."""
    context: dict[str, Any] = {}
    named = [c for c in conditions(world.pack) if c.fact not in ("jurisdiction", "audience", "binds_as")]
    match how:
        case "want":
            context["facts"] = tuple(sorted({c.fact: c.value for c in named}.items()))
            context["jurisdictions"] = tuple(
                sorted({c.value for c in conditions(world.pack) if c.fact == "jurisdiction"})
            )
        case "otherwise":
            context["facts"] = tuple(sorted({c.fact: "0" for c in named}.items()))
            context["jurisdictions"] = ("ZZ",)
        case _:
            pass
    for action in ACTIONS:
        yield action, world.ask(action, **context)[0]


def showing(world: World) -> World:
    """All that the pack could ask for: safeguards on every vector, papers confirmed, approved and accepted by who should."""
    pack = world.pack
    if pack.binds == "law":
        world.scope(applies=True, binds_as=tuple(sorted({g.binds_whom for g in pack.gates if g.binds_whom})))
    for safeguard in pack.safeguards:
        world.attest(safeguard.id, vectors=list(VECTORS))
    for kind in pack.documents:
        world.submit(kind)
        for gate in pack.gates:
            for role in gate.decision_by or ("ANY",):
                world.confirm(kind, role=role)
            for role in gate.approved_by:
                world.confirm(kind, role=role, verb="approve")
    return world


def determined(world: World, threshold: str, state: str) -> None:
    world.determine(threshold, state, vectors=list(VECTORS))


def worlds(stem: str) -> Iterator[tuple[World, str]]:
    """With nothing shown and with all, the other thresholds as good and as bad as can be."""
    pack = shipped(stem)
    ranked = sorted(pack.states, key=lambda s: s.rank)
    for shown in (False, True):
        for others in dict.fromkeys((ranked[0].id, ranked[-1].id)) if ranked else ("",):
            world = World(stem)
            world.model()
            yield (showing(world) if shown else world), others


@pytest.mark.parametrize("stem", [s for s in SHIPPED if shipped(s).thresholds])
def test_a_worse_state_never_permits_more(stem: str) -> None:
    pack = shipped(stem)
    ranked = [s.id for s in sorted(pack.states, key=lambda s: s.rank)]
    for world, others in worlds(stem):
        for threshold in pack.thresholds:
            determined(world, threshold.id, others)
        for threshold in pack.thresholds:
            for how in ("stated", "want", "otherwise"):
                seen: dict[Action, int] = {}
                for state in ranked:
                    determined(world, threshold.id, state)
                    for action, verdict in asked(world, how):
                        strict = STRICTNESS.index(verdict.answer)
                        assert strict >= seen.get(action, 0), (threshold.id, state, action, how)
                        seen[action] = strict
            determined(world, threshold.id, others)


@pytest.mark.parametrize("stem", SHIPPED)
def test_what_was_not_read_never_permits_alone(stem: str) -> None:
    """And what was read in full does permit something, once all of it is shown: else the property above says nothing."""
    pack = shipped(stem)
    answers = set()
    for world, others in worlds(stem):
        for threshold in pack.thresholds:
            determined(world, threshold.id, others)
        for how in ("stated", "want", "otherwise"):
            answers |= {verdict.answer for _, verdict in asked(world, how)}
    assert bool(answers & CLEARING) == (bool(pack.gates) and not pack.source.unread_parts)
