"""A state between: it does not trigger a gate that asks for a worse one, for as long as what it rests on stands.

Every gate of every shipped pack that is there from some unfavourable state on, at every state below that one.
"""

from collections.abc import Iterator

import pytest

from policies.answer import Answer
from policies.pack_gate import Gate
from tests.policies.extracts import SHIPPED
from tests.policies.world import World, shipped

ENDED = {"invalidate": ("evidence-ended", "unknown"), "wait 400": ("determination-review-due", "expired")}


def between() -> Iterator[tuple[str, str, str, str]]:
    """Pack, gate, threshold, and an unfavourable state in which that threshold does not trigger the gate."""
    for stem in SHIPPED:
        pack = shipped(stem)
        middle = [s.id for s in pack.states if s.rank > 0]
        for gate in pack.gates:
            for name in gate.when.any_of:
                yield from ((stem, gate.id, name, s) for s in middle if s not in gate.when.state_in)


ROWS = sorted(between())


def answered(
    stem: str, gate: Gate, name: str, state: str, ended: str | None
) -> tuple[Answer, set[tuple[str, str, str]]]:
    """The verdict on the gate's action with all else at its best, and what is open at the gate."""
    world = World(stem)
    pack = world.pack
    best = next(s.id for s in pack.states if s.rank == 0)
    world.model()
    for one in pack.thresholds:
        if one.id != name:
            world.determine(one.id, best)
    world.run("a look at it")
    # Its own review is due before anything else grows old.
    review_by = f"{world.at[:4]}-12-31T00:00:00.000000Z"
    world.determine(name, state, evidence=world.last_run(), review_by=review_by)
    for kind in pack.documents:
        world.submit(kind)
        for role in pack.roles:
            for verb in {"confirm", "approve"} & {*role.verbs}:
                world.confirm(kind, role=role.id, verb=verb)
    if ended is not None:
        world.tell(ended)
    for safeguard in pack.safeguards:
        world.attest(safeguard.id)
    facts = tuple(sorted((c.fact, c.value) for g in pack.gates for c in g.when.facts))
    verdict, _ = world.ask(gate.actions[0], facts=facts)
    return verdict.answer, {
        (f.requirement, f.why, f.state) for f in verdict.findings if f.clause == gate.id and f.state != "met"
    }


def test_there_are_such_states() -> None:
    assert {stem for stem, *_ in ROWS} >= {"google-deepmind-fsf-3.1", "meta-aasf-2.0", "microsoft-fgf-2026-02"}


@pytest.mark.parametrize(("stem", "clause", "name", "state"), ROWS)
def test_it_passes_the_gate_only_while_it_stands(stem: str, clause: str, name: str, state: str) -> None:
    gate = shipped(stem).gate(clause)
    assert gate is not None
    _, open_ = answered(stem, gate, name, state, None)
    assert not [o for o in open_ if o[0] == f"{name} determined"]
    for ended, (why, how) in ENDED.items():
        answer, open_ = answered(stem, gate, name, state, ended)
        assert (f"{name} determined", why, how) in open_, ended
        assert answer in (Answer.UNDETERMINED, Answer.DENY), ended
