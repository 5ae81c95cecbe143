"""Every status names the entries it rests on: without any one of them the status or its reasons change (domain.md §8.12).

Over generated histories of several packs of every style: determinations made again, with evidence and vectors; runs that decide by
number, amended and invalidated, whose determinations are retracted; attestations that lapse, degrade or are withdrawn; documents
confirmed and accepted; interim measures, exceptions, decisions, and who was told.
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.admit import fold_event
from ledger.event import Event
from ledger.place import references
from ledger.state import State
from policies.answer import AsOf, Clearance, PolicyVerdict, Request
from policies.clear import clear
from policies.evaluate import evaluate
from policies.rules import RULES
from tests.policies.world import World

PACKS = (
    "anthropic-rsp-2.2",
    "anthropic-rsp-3.1",
    "google-deepmind-fsf-3.1",
    "meta-aasf-2.0",
    "microsoft-fgf-2026-02",
    "openai-preparedness-2",
    "xai-faif-2025-12-30",
)
STEP = st.tuples(st.integers(0, 15), st.integers(0, 997), st.integers(0, 997))
"""Which step, and two choices that it makes among what the pack has."""
VECTORS = ("aerosol", "toxin")
SHOWN = 12
"""Entries taken out of one history at most: the first ones named."""


class Told(World):
    """A world that keeps its events; `adopted` is the state behind the pack's adoption, which every refold starts from."""

    def __init__(self, pack: str) -> None:
        self.events: list[Event] = []
        super().__init__(pack)
        self.before, self.adopted = self.size, self.state
        self.state = self.adopted.layer()
        self.events.clear()
        self.model()
        self.model("model/older")

    def fold(self, event: Event, by: tuple[str, ...] = ()) -> Event:
        self.events.append(event)
        return super().fold(event, by)

    def without(self, index: int) -> State:
        """The state of the same events but one, what it derived, and what refers to it: that could never have been admitted."""
        state, gone = self.adopted.layer(), {index}
        for event in self.events:
            if event.index in gone or any(r.index in gone for r in (*references(event.body), *event.causes)):
                gone.add(event.index)
            else:
                fold_event(state, event, RULES)
        return state


def pick(among: Any, n: int) -> Any:
    found = sorted(among)
    return found[n % len(found)] if found else None


def last(world: Told, table: str, n: int) -> Any:
    """One of the facts of a table, or `None`."""
    found = sorted((f for _, f in world.state.scan(table)), key=lambda f: f.index)
    return found[n % len(found)] if found else None


def named(fact: Any) -> dict[str, Any]:
    return {"index": fact.index, "leaf": fact.leaf}


def determined(world: Told, a: int, b: int) -> None:
    watched, state = pick((t.id for t in world.pack.thresholds), a), pick((s.id for s in world.pack.states), b)
    run = last(world, "evaluation", b)
    more: dict[str, Any] = {"evidence": [named(run)]} if run is not None and b % 3 == 0 else {}
    world.determine(watched, state, **more, vectors=list(VECTORS[: b % 3]))


def attested(world: Told, a: int, b: int) -> None:
    names = [s.id for s in world.pack.sets if s.safeguards] + [s.id for s in world.pack.safeguards][:3]
    if names:
        world.attest(pick(names, a), host="own" if b % 4 else "elsewhere", vectors=list(VECTORS[: b % 3]))


def degraded(world: Told, a: int, b: int) -> None:
    fact = last(world, "attested", a)
    if fact is not None:
        body = {
            "attestation": named(fact),
            "reason": "x",
            "safeguards": [pick(fact.body.safeguards, b)],
            "since": world.at,
        }
        world.say("safeguard.degraded", body, fact.stream)


def withdrawn(world: Told, a: int, _b: int) -> None:
    fact = last(world, "attested", a)
    if fact is not None and world.state.get("ended", str(fact.index)) is None:
        world.say("safeguard.withdrawn", {"attestation": named(fact), "reason": "broken"}, fact.stream)


def documented(world: Told, a: int, b: int) -> None:
    gates = world.pack.gates
    kinds = {k for g in gates for k in g.requires_documents} | {g.acceptance.document for g in gates if g.acceptance}
    if kinds:
        role = pick((r.id for r in world.pack.roles), b)
        world.document(pick(kinds, a), role=role or "RSO", verb=("confirm", "approve", "accept")[b % 3])


def accepted(world: Told, a: int, _b: int) -> None:
    found = [g.acceptance for g in world.pack.gates if g.acceptance is not None]
    if found:
        one = found[a % len(found)]
        world.document(one.document, role=one.role, verb="accept")


def rated(world: Told, a: int, b: int) -> None:
    ruled = [t.id for t in world.pack.thresholds if t.rule is not None]
    if ruled:
        world.rate(pick(ruled, a), ("0.01", "0.49", "0.99")[b % 3])
    else:
        world.run("task")


def taken_back(world: Told, a: int, b: int) -> None:
    fact = last(world, "evaluation", a)
    if fact is None or world.state.get("ended", str(fact.index)) is not None:
        return
    if b % 2:
        world.say("evaluation.invalidated", {"evaluation": named(fact), "reason": "wrong model"})
        return
    body = {
        "amends": named(fact), "edits_detected": [], "log_bytes": 2, "log_format": "g", "log_sha256": "sha256:" + "2" * 64,
        "only_encoding": b % 4 == 0, "reason": "another file",
    }  # fmt: skip
    world.say("evaluation.amended", body)


def covered(world: Told, a: int, b: int) -> None:
    gates = [g for g in world.pack.gates if g.requires_sets or g.requires_safeguards]
    if gates:
        gate = gates[a % len(gates)]
        world.interim(gate.id, *(gate.requires_sets or gate.requires_safeguards)[: 1 + b % 3])


def excepted(world: Told, a: int, _b: int) -> None:
    if world.pack.exceptions:
        world.invoke(world.pack.exceptions[a % len(world.pack.exceptions)].id)


def decided(world: Told, a: int, b: int) -> None:
    made = last(world, "decided", a)
    over = {"supersedes": named(made)} if made is not None and b % 3 == 0 else {}
    what = ("permit", "restrict", "withhold")[b % 3]
    world.decide(what, actions_of(world, a), divergence_reason="generated", **over)


def informed(world: Told, a: int, _b: int) -> None:
    role = pick((r.id for r in world.pack.roles), a)
    if role is not None and hasattr(world, "request"):
        world.inform(role)


def measured(world: Told, a: int, b: int) -> None:
    names = {f.fact for g in world.pack.gates for f in g.when.facts} | {"effective_compute_ratio"}
    world.compute(("1", "4", "10")[b % 3], pick(names, a))


def waited(world: Told, a: int, _b: int) -> None:
    world.tell(f"wait {1 + a % 20}")


STEPS: tuple[Callable[[Told, int, int], None], ...] = (
    determined, determined, determined, attested, attested, attested, degraded, withdrawn, documented, accepted, rated,
    taken_back, covered, excepted, decided, informed,
)  # fmt: skip


def actions_of(world: Told, n: int) -> str:
    return str(pick({a for g in world.pack.gates for a in g.actions}, n))


Answered = tuple[PolicyVerdict, Clearance]


def answer(state: State, request: Request, as_of: AsOf) -> Answered:
    verdict = evaluate(state, request, as_of)
    return verdict, clear(state, verdict, request, as_of)


def entries(found: Answered) -> list[int]:
    verdict, clearance = found
    listed = {i for f in verdict.findings for i in f.indexes}
    told = {
        int(c.rsplit(":", 1)[1])
        for c in (*verdict.conditions, *clearance.conditions)
        if c.startswith("interim-measures:")
    }
    return sorted(listed | told | ({clearance.decision} if clearance.decision is not None else set()))


@pytest.mark.parametrize("pack", PACKS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEP, min_size=8, max_size=24), asked=st.integers(0, 997), waits=st.integers(0, 3))
def test_without_any_entry_that_it_names_an_answer_changes(
    pack: str, steps: list[tuple[int, int, int]], asked: int, waits: int
) -> None:
    world = Told(pack)
    for which, a, b in steps:
        STEPS[which % len(STEPS)](world, a, b)
        if a % 5 == 0:
            measured(world, a, b)
        if b % 7 == 0:
            waited(world, a, b)
    for _ in range(waits):
        waited(world, asked, 0)
    request = Request("model/m", actions_of(world, asked), audience="general", surfaces=("api",), hosts=("own",))
    as_of = AsOf(world.size, world.at)
    whole = answer(world.state, request, as_of)
    for index in entries(whole)[:SHOWN]:
        if index >= world.before:
            assert answer(world.without(index), request, as_of) != whole, (
                index,
                world.events[index - world.before].name,
            )


def test_the_histories_reach_what_they_are_about() -> None:
    """A fixed history of each pack names entries of many kinds: the property above is not about nothing."""
    kinds: set[str] = set()
    for pack in PACKS:
        world = Told(pack)
        for which in range(48):
            STEPS[which % len(STEPS)](world, which * 7 + which // 16, which * 11 + 1)
        for n in range(8):
            request = Request("model/m", actions_of(world, n), audience="general", surfaces=("api",), hosts=("own",))
            found = entries(answer(world.state, request, AsOf(world.size, world.at)))
            kinds |= {world.events[i - world.before].name for i in found if i >= world.before}
    assert kinds >= {
        "decision.made", "document.confirmed", "document.submitted", "evaluation.recorded", "safeguard.attested",
        "safeguard.degraded", "threshold.determined",
    }  # fmt: skip
