"""Open exceptional grants, over generated histories: all that were given and not reviewed, at every position (access.md §2)."""

import random

import pytest

from disclosures.alerts import alert_lines, break_glass_of
from ledger.strict import shift
from ledger.trust import live_grant, open_break_glass, separation_refusal
from tests.policies.world import World

RSP = "anthropic-rsp-2.2"


def give(world: World, who: str, role: str, *, glass: bool = True) -> int:
    body = {"principal": who, "role": role, "streams": ["model/"], "actions": ["train"]}
    if glass:
        body |= {"break_glass": True, "valid_until": shift(world.at, days=1)}
    return world.say("role.granted", body, "ledger", "key-admin-1").index


def review(world: World, index: int) -> None:
    entry = world.state.get("entry", str(index))
    body = {"actions": [], "grant": {"index": index, "leaf": entry.leaf}, "outcome": "justified", "reason": "fictional"}
    world.say("break-glass.reviewed", body, "ledger", "key-admin-3")


@pytest.mark.parametrize("seed", range(8))
def test_open_are_those_given_and_not_reviewed_at_every_position(seed: int) -> None:
    dice, world, expected = random.Random(seed), World(RSP, adopt=False), {}
    given: list[int] = []
    reviewed: set[int] = set()
    for _ in range(40):
        match dice.randint(0, 3):
            case 0:
                given.append(give(world, f"p-{dice.randint(0, 3)}", "decider"))
            case 1 if given:
                index = dice.choice(given)
                if index not in reviewed:
                    review(world, index)
                    reviewed.add(index)
            case 2:
                give(world, f"q-{dice.randint(0, 3)}", "approver", glass=False)
            case _:  # its end, or its revocation, is no review
                world.at = shift(world.at, days=dice.randint(0, 2))
                if given:
                    world.say(
                        "role.revoked",
                        {"principal": f"p-{dice.randint(0, 3)}", "role": "decider"},
                        "ledger",
                        "key-admin-1",
                    )
        expected[world.size] = [i for i in given if i not in reviewed]
    assert any(expected.values())
    for size, open_ in expected.items():
        state = world.state if size == world.size else world.state.at(size)
        assert [index for index, _ in open_break_glass(state)] == open_
        assert [g["index"] for g in break_glass_of(state)] == open_
        assert len(alert_lines(break_glass_of(state))) == len(open_)


def test_a_grant_says_to_whom_by_whom_and_until_when() -> None:
    world = World(RSP, adopt=False)
    index = give(world, "night-shift", "decider")
    ((found, glass),) = open_break_glass(world.state)
    assert (found, glass.principal, glass.role, glass.granted_by) == (index, "night-shift", "decider", ("key-admin-1",))
    assert glass.valid_until == shift(world.at, days=1)
    (line,) = alert_lines(break_glass_of(world.state))
    assert line.startswith(f"BREAK-GLASS, not reviewed: entry {index} gave night-shift the role decider until ")


def test_it_lifts_the_separation_for_the_role_it_gives_and_for_no_other() -> None:
    """A key-admin who decides for one night grants nothing meanwhile; when it is over both is as before."""
    world = World(RSP, adopt=False)
    world.empower("admin", "key-admin")
    assert separation_refusal(world.state, "admin", "key-admin", world.at) is None
    give(world, "admin", "decider")
    assert live_grant(world.state, "admin", "decider", world.at) is not None
    refused = separation_refusal(world.state, "admin", "key-admin", world.at)
    assert refused is not None
    assert refused.reason == "separation"
    after = shift(world.at, days=1, micros=1)
    assert live_grant(world.state, "admin", "decider", after) is None
    assert separation_refusal(world.state, "admin", "key-admin", after) is None
