"""What holds for every shipped pack, over generated histories and for all of them at once: worse never opens, order says nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.admit import fold_event
from ledger.event import Event
from ledger.state import State
from ledger.strict import shift
from policies.answer import STRICTNESS, AsOf, PolicyVerdict, Request
from policies.binding import binding_packs
from policies.evaluate import evaluate
from policies.lapse import valid_until
from policies.pack import Pack
from policies.pack_gate import Action
from policies.rules import RULES
from tests.policies.extracts import SHIPPED
from tests.policies.world import World, shipped

GATED = [name for name in SHIPPED if shipped(name).gates]
ACTIONS = get_args(Action)
HOW = ("plain", "plain", "plain", "expired", "elsewhere", "degraded")


@dataclass(frozen=True)
class Lived:
    """What was said under a pack, in the order of the members."""

    states: tuple[tuple[str, str], ...]
    shown: tuple[tuple[str, str], ...]
    papers: tuple[tuple[str, str, str], ...]
    interim: tuple[tuple[str, tuple[str, ...]], ...]
    exceptions: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    scope: tuple[str, ...] | None


@lru_cache
def lives(name: str) -> st.SearchStrategy[Lived]:
    """Histories that a pack can be asked about."""
    pack = shipped(name)
    thresholds, safeguards = [t.id for t in pack.thresholds], [s.id for s in pack.safeguards]
    tokens, roles = [s.id for s in pack.states], [r.id for r in pack.roles] or ["SOMEONE"]
    stated = {(c.fact, v) for g in pack.gates for c in g.when.facts for v in (c.value, f"{c.value}0")}
    sets = [s.id for s in pack.sets] + safeguards
    halting = [g.id for g in pack.gates if g.effect.startswith("interim_")]
    classes = sorted({g.binds_whom for g in pack.gates if g.binds_whom} | {"someone"})
    return st.builds(
        Lived,
        states=_pairs(thresholds, tokens),
        shown=_pairs(sets, HOW),
        papers=st.lists(st.tuples(*map(st.sampled_from, (pack.documents or ("none",), roles, ("confirm", "decide", "approve", "accept")))), max_size=4).map(tuple),
        interim=st.lists(st.tuples(st.sampled_from(halting or [""]), st.lists(st.sampled_from(sets or [""]), min_size=1, max_size=3, unique=True).map(tuple)), max_size=2 if halting else 0).map(tuple),
        exceptions=st.lists(st.sampled_from([e.id for e in pack.exceptions] or [""]), max_size=1 if pack.exceptions else 0).map(tuple),
        facts=st.lists(st.sampled_from(sorted(stated) or [("x", "y")]), unique_by=lambda f: f[0]).map(tuple),
        scope=st.none() | st.lists(st.sampled_from(classes), max_size=2, unique=True).map(tuple),
    )  # fmt: skip


def _pairs(names: list[str], how: Any) -> st.SearchStrategy[tuple[tuple[str, str], ...]]:
    if not names:
        return st.just(())
    pair = st.tuples(st.sampled_from(names), st.sampled_from(how))
    return st.lists(pair, max_size=8).map(tuple)


class Kept(World):
    """A world that keeps its events, so that it can be told again without one of them."""

    def __init__(self, pack: str) -> None:
        self.told: list[Event] = []
        super().__init__(pack)

    def fold(self, event: Event, by: tuple[str, ...] = ()) -> Event:
        place = len(self.told)
        self.told.append(event)
        self.told[place] = super().fold(event, by)  # as it was signed
        return self.told[place]

    def without(self, gone: int) -> State:
        """The state had entry `gone` never been made; all others keep their indexes, and who held a role held it."""
        state = State()
        for key, grant in self.state.scan("packrole"):
            state.put("packrole", key, grant)
        for event in self.told:
            if event.index != gone:
                fold_event(state, event, RULES)
        return state


def strictness(name: str, lived: Lived, action: str) -> int:
    """How strict the verdict is: 0 = permit, 3 = deny."""
    return STRICTNESS.index(answered(World(name), lived, action).answer)


def answered(world: World, lived: Lived, action: str) -> PolicyVerdict:
    world.model()
    if lived.scope is not None and world.pack.binds != "own":
        world.scope(True, lived.scope)
    for shown in lived.shown:
        _show(world, *shown)
    for threshold, state in lived.states:
        world.determine(threshold, state, vectors=["one"])
    for gate, names in lived.interim:
        world.interim(gate, *names)
    for exception in lived.exceptions:
        world.invoke(exception)
    for kind, role, verb in lived.papers:
        world.document(kind, role=role, verb=verb)
    return evaluate(world.state, asked(lived, action), AsOf(world.size, world.at))


def asked(lived: Lived, action: str) -> Request:
    places = tuple(v for n, v in lived.facts if n == "jurisdiction")
    facts = tuple(sorted(f for f in lived.facts if f[0] != "jurisdiction"))
    return Request("model/m", action, None, "general", ("api",), ("own",), places, facts)


def _show(world: World, name: str, how: str) -> None:
    if name in {s.id for s in world.pack.sets if not s.safeguards}:
        return
    until = shift(world.at, days=-1) if how == "expired" else None
    said = world.attest(name, until=until, host="elsewhere" if how == "elsewhere" else "own", vectors=["one"])
    if how == "degraded":
        body = {
            "attestation": {"index": said.index, "leaf": said.leaf}, "reason": "fell", "safeguards": list(said.body.safeguards),
            "since": world.at,
        }  # fmt: skip
        world.say("safeguard.degraded", body, said.stream)


def actions_of(pack: Pack) -> list[str]:
    return sorted({a for g in pack.gates for a in g.actions})


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_worse_opens_nothing(data: st.DataObject) -> None:
    """A determination worsened, an attestation removed or degraded, a paper taken away: never towards permit."""
    name = data.draw(st.sampled_from(GATED))
    lived = data.draw(lives(name))
    action = data.draw(st.sampled_from(actions_of(shipped(name))))
    bent = data.draw(st.sampled_from(worse(name, lived)))
    assert strictness(name, bent, action) >= strictness(name, lived, action), (name, action, lived, bent)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_without_an_entry_that_it_names_an_answer_changes(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(GATED))
    lived = data.draw(lives(name))
    action = data.draw(st.sampled_from(actions_of(shipped(name))))
    world = Kept(name)
    whole, request = answered(world, lived, action), asked(lived, action)
    for gone in sorted({i for f in whole.findings for i in f.indexes}):
        less = evaluate(world.without(gone), request, AsOf(world.size, world.at))
        assert (less.answer, less.reasons, less.conditions, less.findings) != (
            whole.answer, whole.reasons, whole.conditions, whole.findings,
        ), (name, action, gone, lived)  # fmt: skip


def worse(name: str, lived: Lived) -> list[Lived]:
    """The histories that differ in one thing, and that one is worse."""
    pack, found = shipped(name), [lived]
    for n, (threshold, state) in enumerate(lived.states):
        rank = pack.rank(state)
        for token in pack.states:
            if rank is not None and token.rank > rank:
                found.append(_with(lived, "states", n, (threshold, token.id)))
    kinds = [kind for kind, _, _ in lived.papers]
    for n, kind in enumerate(kinds):
        if kinds.count(kind) == 1:  # the newest of a kind counts: without it an older one would
            found.append(_with(lived, "papers", n, None))
    for part in ("shown", "interim", "exceptions"):
        found += [_with(lived, part, n, None) for n in range(len(getattr(lived, part)))]
    found += [_with(lived, "shown", n, (safeguard, "degraded")) for n, (safeguard, _) in enumerate(lived.shown)]
    return found


def _with(lived: Lived, part: str, n: int, item: Any) -> Lived:
    items = getattr(lived, part)
    return replace(lived, **{part: (*items[:n], *(() if item is None else (item,)), *items[n + 1 :])})


def test_all_packs_at_once_the_strictest_wins_and_order_says_nothing() -> None:
    world = World(SHIPPED[0])
    world.model()
    for name in SHIPPED[1:]:
        world.bring(name, adopt=shipped(name).binds != "law")
    at = "2027-06-01T00:00:00.000000Z"
    packs = binding_packs(world.state, at)
    assert {p.pack.id for p in packs} == set(SHIPPED)
    for action in ACTIONS:
        request, as_of = (
            Request("model/m", action, audience="general", jurisdictions=("EU", "US-CA", "US-NY")),
            AsOf(world.size, at),
        )
        whole = evaluate(world.state, request, as_of)
        assert evaluate(world.state, request, as_of, packs[::-1]) == whole
        alone = [evaluate(world.state, request, as_of, (p,)) for p in packs]
        opinions = [v.answer for v in alone if "no-rule" not in v.reasons]
        assert whole.answer == max(opinions or ["undetermined"], key=lambda a: STRICTNESS.index(a))  # type: ignore[arg-type]  # a str enum
        assert [f for v in alone for f in v.findings] == list(whole.findings)
        assert {f.pack for f in whole.findings} <= set(SHIPPED)


def test_a_question_looks_up_and_never_reads_through_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a million entries a scan of any table would take longer than the whole answer may."""
    world = World(SHIPPED[0])
    world.model()
    for name in SHIPPED[1:]:
        world.bring(name, adopt=shipped(name).binds != "law")
        with world.speaking_of(name):
            for threshold in world.pack.thresholds:
                world.determine(threshold.id, world.pack.states[-1].id)
    world.decide("withhold")

    def scan(_state: State, table: str, _prefix: str = "") -> Iterator[tuple[str, Any]]:
        raise AssertionError(table)

    monkeypatch.setattr(State, "scan", scan)
    for action in ACTIONS:
        assert world.ask(action)[0].packs
    assert valid_until(world.state, "model/m", AsOf(world.size, world.at)) is not None
