"""Which packs bind: adopted ones, laws from their date, codes where their threshold stands; and whom a clause means."""

from itertools import permutations
from typing import Any

import pytest

from ledger.strict import shift
from policies.answer import AsOf, Request
from policies.binding import binding_packs, law_in_force
from policies.evaluate import evaluate
from policies.framework import pack_digest, pack_object, parse_pack
from policies.lapse import valid_until
from tests.policies.world import NOW, World, shipped

EU, CODE, RSP, XAI, GOOGLE = (
    "eu-ai-act-gpai", "eu-gpai-cop-safety-security", "anthropic-rsp-2.2", "xai-faif-2025-12-30", "google-deepmind-fsf-3.1",
)  # fmt: skip
LAW = "framework/anthropic-rsp-2.2"


def lawful(**changed: Any) -> World:
    """RSP 2.2's gates as if they were a law from NOW on: published, adopted by nobody."""
    law = {"binds": "law", "binds_whom": "someone", "in_force_from": "2026-01-15", "in_force_until": "2026-03-01"}
    world = World(RSP, **{**law, **changed})
    world.model()
    return world


def bound(world: World, at: str) -> list[str]:
    return [p.pack.id for p in binding_packs(world.state, at)]


def test_a_law_binds_from_its_first_day_until_its_last() -> None:
    world = lawful()
    first, last = "2026-01-15T00:00:00.000000Z", "2026-03-01T00:00:00.000000Z"
    assert bound(world, shift(first, micros=-1)) == []
    assert bound(world, first) == [RSP]
    assert bound(world, shift(last, micros=-1)) == [RSP]
    assert bound(world, last) == []
    assert valid_until(world.state, "model/m", AsOf(world.size, NOW)) == shift(last, micros=-1)


def test_nobody_determined_it_so_it_binds_and_says_so() -> None:
    verdict, _ = lawful().ask("external_deploy")
    assert f"scope-undetermined:{RSP}" in verdict.reasons
    assert verdict.answer == "undetermined"


@pytest.mark.parametrize("applies", [True, False])
def test_what_was_determined_of_its_reach_counts(applies: bool) -> None:
    world = lawful()
    world.scope(applies, ("someone",) if applies else ())
    assert bound(world, NOW) == ([RSP] if applies else [])
    assert f"scope-undetermined:{RSP}" not in world.ask("external_deploy")[0].reasons


def test_a_determination_counts_from_when_it_takes_effect() -> None:
    world = lawful()
    world.at = shift(NOW, days=3)
    world.scope(applies=False)
    assert (bound(world, NOW), bound(world, shift(NOW, days=4))) == ([RSP], [])
    assert valid_until(world.state, "model/m", AsOf(world.size, NOW)) == shift(NOW, days=3, micros=-1)


@pytest.mark.parametrize("how", ["stolen key", "history"])
def test_a_word_that_does_not_count_leaves_nobody_to_have_determined_it(how: str) -> None:
    world = lawful()
    world.back_recorded = how == "history"
    said = world.scope(applies=False)
    if how == "stolen key":
        world.state.put("taint", said.signers[0], 0)
    assert bound(world, NOW) == [RSP]


def test_a_code_binds_until_it_is_determined_not_to_reach_the_lab() -> None:
    world = World(CODE)
    assert bound(world, NOW) == [CODE]
    world.scope(applies=False)
    assert bound(world, NOW) == []


def republished(world: World, **changed: Any) -> str:
    pack = parse_pack({**pack_object(world.pack), **changed})
    body = {"digest": pack_digest(pack), "id": pack.id, "pack": pack_object(pack), "source_digest": pack.source.digest}
    world.say("framework.published", body, LAW)
    return body["digest"]


def test_of_two_versions_of_a_law_the_newest_in_force_binds_and_is_looked_at_again() -> None:
    world = lawful()
    world.scope(applies=False)
    assert bound(world, NOW) == []
    later = republished(world, title="amended", in_force_from="2026-02-01")
    assert bound(world, NOW) == []  # the amendment is not yet in force
    assert [p.digest for p in binding_packs(world.state, "2026-02-01T00:00:00.000000Z")] == [later]
    found = law_in_force(world.state, RSP, NOW)
    assert found is not None
    assert found.digest == world.digest


def test_nobody_adopts_a_law_and_a_law_that_ended_binds_no_longer_for_being_adopted() -> None:
    world = lawful()
    world.say("framework.adopted", {"digest": world.digest, "id": RSP, "effective": NOW, "scope": "all"}, LAW)
    assert bound(world, "2026-03-01T00:00:00.000000Z") == []


def classed(clause: str, *, at_pack: bool) -> World:
    """A law of one gate, which applies; whom it binds is said by the gate or by the pack."""
    value = pack_object(shipped(RSP))
    (gate,) = (g for g in value["gates"] if g["id"] == "G-WEIGHTS")
    duties = [{**o, "binds_whom": clause} for o in value["obligations"]]
    gates = [gate if at_pack else {**gate, "binds_whom": clause}]
    world = lawful(gates=gates, obligations=duties, binds_whom=clause if at_pack else "per_clause")
    world.determine("CBRN-3", "crossed")
    return world


@pytest.mark.parametrize("at_pack", [True, False])
@pytest.mark.parametrize(
    ("clause", "as_", "answer"),
    [
        ("frontier_developer", None, "undetermined"),
        ("frontier_developer", ("frontier_developer",), "deny"),
        ("frontier_developer", ("large_frontier_developer",), "deny"),
        ("large_frontier_developer", ("large_frontier_developer",), "deny"),
        ("large_frontier_developer", ("frontier_developer",), "past"),
    ],
)
def test_a_clause_binds_whom_it_says(clause: str, as_: tuple[str, ...] | None, answer: str, *, at_pack: bool) -> None:
    world = classed(clause, at_pack=at_pack)
    if as_ is not None:
        world.scope(True, as_)
    verdict, _ = world.ask("release_weights")
    if answer == "past":
        assert (verdict.findings[0].why, verdict.findings[0].state) == ("scope", "met")
        assert (verdict.answer, verdict.reasons) == ("undetermined", (f"not-gated:{RSP}", "no-rule"))
        return
    assert verdict.answer == answer
    assert ("scope-undetermined" in verdict.reasons) == (as_ is None)
    assert any(f.why == "scope" for f in verdict.findings) == (as_ is not None)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (None, f"scope-undetermined:{CODE}"),
        ("below_presumption", f"out-of-scope:{CODE}"),
        ("presumed", None),
        ("designated", None),
    ],
)
def test_a_code_binds_where_the_laws_threshold_stands(state: str | None, reason: str | None) -> None:
    world = World(CODE)
    world.model()
    world.bring(EU, adopt=False)
    if state is not None:
        with world.speaking_of(EU):
            world.determine("SR-PRESUMPTION", state)
    verdict, _ = world.ask("external_deploy", jurisdictions=("EU",))
    assert {r for r in verdict.reasons if r.endswith(CODE) and "scope" in r} == ({reason} if reason else set())
    assert any(f.pack == CODE for f in verdict.findings) == (reason != f"out-of-scope:{CODE}")


def test_a_state_in_doubt_takes_no_model_out_of_a_code() -> None:
    """The newest word fell with its key: the older one says that the model is out, and is not handed back."""
    world = World(CODE)
    world.model()
    world.bring(EU, adopt=False)
    with world.speaking_of(EU):
        world.determine("SR-PRESUMPTION", "below_presumption")
        assert f"out-of-scope:{CODE}" in world.ask("external_deploy")[0].reasons
        stolen = world.determine("SR-PRESUMPTION", "rebutted", by="thief")
    world.state.put("taint", stolen.signers[0], 0)
    verdict, _ = world.ask("external_deploy")
    assert f"scope-undetermined:{CODE}" in verdict.reasons
    assert any(f.pack == CODE for f in verdict.findings)


def test_the_order_in_which_packs_are_named_changes_nothing() -> None:
    world = World(RSP)
    world.model()
    for other in (XAI, GOOGLE):
        world.bring(other, adopt=True)
    world.determine("CBRN-3", "crossed")
    packs = binding_packs(world.state, NOW)
    assert len(packs) == 3
    request, as_of = Request("model/m", "external_deploy", audience="general"), AsOf(world.size, NOW)
    answers = {evaluate(world.state, request, as_of, tuple(order)).digest() for order in permutations(packs)}
    assert len(answers) == 1
    verdict = evaluate(world.state, request, as_of)
    assert verdict.digest() in answers
    assert {f.pack for f in verdict.findings} == {RSP, XAI, GOOGLE}
    assert verdict.answer == "deny"
