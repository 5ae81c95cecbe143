"""Each shipped pack against the facts that it was written from: what it says of itself, watches, needs and gates."""

from typing import Any, get_args

import pytest

from policies.pack import Pack
from policies.pack_gate import Effect, Statistic
from policies.pack_parts import Threshold
from tests.policies.extracts import (
    SHIPPED,
    SHORTENED,
    WHOLE,
    day,
    delta_of,
    digest_of,
    extract,
    facts_of,
    listed,
    number,
    when_of,
)
from tests.policies.world import shipped

every_pack = pytest.mark.parametrize("stem", SHIPPED)
every_whole_pack = pytest.mark.parametrize("stem", WHOLE)


@every_pack
def test_a_pack_says_of_itself_what_its_facts_say(stem: str) -> None:
    facts, pack = facts_of(stem), shipped(stem)
    for mine, theirs in (("id", "id"), ("title", "title"), ("publisher", "publisher"), ("version", "version")):
        assert getattr(pack, mine) == facts[theirs]
    assert (pack.style, pack.binds) == (facts["enforcement_style"], facts["binds"])
    assert (pack.in_force_from, pack.in_force_until) == (
        day(facts["effective_date"]),
        day(facts.get("effective_until")),
    )
    assert pack.enforced_from == day(facts.get("enforcement_from"))
    assert (pack.supersedes, pack.superseded_by) == (facts.get("supersedes"), facts.get("superseded_by"))
    assert pack.binds_whom == facts.get("binds_whom")
    assert (pack.statutory is not None) == ("statutory" in facts)
    if pack.statutory is not None:
        assert (pack.statutory.law, list(pack.statutory.clauses)) == (facts["statutory"], facts["statutory_clauses"])
    if delta_of(stem) is None:
        assert pack.penalty == facts.get("penalty")
        assert (pack.determination_rule is None) == ("determination_rule" not in facts)


@every_pack
def test_a_pack_names_its_source_and_what_was_not_read(stem: str) -> None:
    facts, pack = facts_of(stem), shipped(stem)
    source = facts["source"]
    assert (pack.source.citation, pack.source.digest) == (source["citation"], digest_of(source))
    assert list(pack.source.unread_parts) == facts["unread_parts"]
    assert list(pack.source.unconfirmed) == facts["unconfirmed"]
    variant = source.get("silent_variant_sha256")
    assert list(pack.source.variants) == ([] if variant is None else [f"sha256:{variant}"])
    weak = "secondary sources only" in source["confidence"]
    assert pack.source.sourced == ("secondary" if weak else "primary")


@every_whole_pack
def test_a_pack_has_the_states_and_levels_of_its_facts(stem: str) -> None:
    facts, pack = extract(stem), shipped(stem)
    assert [s.id for s in pack.states] == facts.get("determination_states", [])
    assert [(x.id, x.order, x.undefined) for x in pack.levels] == [
        (x["id"], x["order"], x.get("status") == "announced_undefined") for x in facts["levels"]
    ]
    assert all(x.summary == y["meaning"] for x, y in zip(pack.levels, facts["levels"], strict=True) if "meaning" in y)
    assert set(facts.get("documents", ())) <= set(pack.documents)
    if "change_control" in facts:
        assert pack.change_control is not None
        for verb in ("proposed_by", "approved_by", "consulted"):
            assert list(getattr(pack.change_control, verb)) == facts["change_control"][verb]


def statistic(mine: Statistic | None, theirs: dict[str, Any] | None) -> None:
    if mine is None or theirs is None:
        assert mine is theirs
        return
    operator = "=" if theirs["op"] == "==" else theirs["op"]
    assert (mine.metric, mine.comparator, mine.value) == (theirs["metric"], operator, number(theirs["value"]))
    assert mine.suite == theirs.get("suite", mine.suite)
    assert mine.note == theirs.get("note", mine.note)


def determination(watched: Threshold, source: dict[str, Any]) -> None:
    said, told = watched.determination, source["determination"]
    named = told.get("screen", told)
    assert (said.kind, said.metric, said.comparator) == (told["kind"], named.get("metric"), named.get("op"))
    assert (said.value, said.upper) == (number(named.get("value")), number(told.get("upper")))
    assert (said.baseline, said.proxies) == (told.get("baseline", said.baseline), told.get("proxies", said.proxies))
    assert (said.derivation or "").startswith(told.get("derivation", ""))
    statistic(said.confirm, told.get("confirm"))
    for mine, theirs in zip(said.any_of, told.get("any_of", ()), strict=True):
        statistic(mine, theirs)


@every_whole_pack
def test_a_pack_watches_what_its_facts_watch(stem: str) -> None:
    facts, pack = extract(stem), shipped(stem)
    for watched, source in zip(pack.thresholds, facts["thresholds"], strict=True):
        assert (watched.id, watched.domain, watched.summary) == (source["id"], source["domain"], source["summary"])
        holds = source["determination"].get("direction") == "must_hold"
        assert watched.kind == ("criterion" if holds else source.get("kind", "capability"))
        assert (watched.level, watched.security_level, watched.defines, watched.exploratory) == (
            source.get("level"), source.get("security_level"), source.get("defines"), source.get("exploratory", False),
        )  # fmt: skip
        assert watched.ref == source.get("ref", watched.ref)
        assert list(watched.on_reach) == source.get("on_reach", [])
        assert list(watched.requires_sets) == source["requires_sets"] if "requires_sets" in source else True
        determination(watched, source)
        assert (watched.rule is not None) == source["rule_determinable"]
        if watched.rule is not None and "rule_states" in source:
            assert {watched.rule.holds, watched.rule.fails} == set(source["rule_states"])
        out = source.get("rules_out")
        assert (watched.rules_out is None) == (out is None)
        if watched.rules_out is not None:
            assert (watched.rules_out.state, list(watched.rules_out.thresholds)) == (out["state"], out["thresholds"])


@every_whole_pack
def test_a_pack_asks_for_the_safeguards_of_its_facts(stem: str) -> None:
    facts, pack = extract(stem), shipped(stem)
    assert {s.id: list(s.safeguards) for s in pack.sets} == facts["safeguard_sets"]
    claims = {n for n, how in facts.get("set_semantics", {}).items() if how == "claims_any_sufficient"}
    assert {s.id for s in pack.sets if s.operator == "claim_per_vector"} == claims
    assert [(s.id, s.kind, s.summary) for s in pack.safeguards] == [
        (s["id"], s["kind"], s["summary"]) for s in facts["safeguards"]
    ]


def gate_of(pack: Pack, source: dict[str, Any]) -> None:
    gate = pack.gate(source["id"])
    assert gate is not None
    told = [SHORTENED.get(a, ([a], None)) for a in listed(source["action"])]
    assert list(gate.actions) == [a for actions, _ in told for a in actions]
    standing = {fact for _, fact in told if fact is not None}
    when = when_of(pack, source["when"])
    facts = {(c.fact, c.comparator, c.value) for c in gate.when.facts}
    # What an action of the source says beyond ours is a fact, or (where no fact can carry it) at least a note.
    assert when["facts"] <= facts <= when["facts"] | {(name, "=", value) for name, value in standing}
    assert gate.note or gate.condition or not any(a in SHORTENED for a in listed(source["action"]))
    assert (gate.when.always and not facts) == bool(when.get("always") and not facts)
    assert (gate.when.all_of_kind, gate.when.state) == (when.get("all_of_kind"), when.get("state"))
    assert set(gate.when.any_of) == when.get("any_of", set())
    if "from" in when:
        from_there = {s.id for s in pack.states if s.rank >= when["from"]}
        assert set(gate.when.state_in) == from_there
        assert gate.note or when["stated"] == from_there, "stricter than its source, and no note says so"
    paid = source["effect_if_unmet"] not in get_args(Effect)
    assert gate.effect == ("penalty" if paid else source["effect_if_unmet"])
    for said in (
        *([source["effect_if_unmet"]] if paid else ()),
        *listed(source.get("note")),
        *listed(source.get("exception")),
    ):
        assert said in (gate.note or "")


@every_whole_pack
def test_a_pack_gates_what_its_facts_gate(stem: str) -> None:
    facts, pack = extract(stem), shipped(stem)
    assert [g.id for g in pack.gates] == [g["id"] for g in facts["gates"]]
    for gate, source in zip(pack.gates, facts["gates"], strict=True):
        gate_of(pack, source)
        assert gate.ref == source.get("ref", gate.ref)
        assert gate.condition == source.get("condition", source.get("requires", gate.condition))
        assert gate.binds_whom == source.get("binds_whom")
        assert gate.approval_of == source.get("approval_of")
        for mine, theirs in (
            ("requires_sets", "requires_sets"), ("requires_safeguards", "requires_safeguards"),
            ("requires_documents", "requires_documents"), ("requires_metrics", "requires_metrics"),
            ("decision_by", "decision_by"), ("inform_before", "inform_before_action"),
            ("recommendation_by", "recommendation_by"), ("approved_by", "requires_approvals"),
        ):  # fmt: skip
            assert list(getattr(gate, mine)) == source.get(theirs, []), gate.id


@every_whole_pack
def test_a_pack_has_the_roles_of_its_facts(stem: str) -> None:
    facts, pack = extract(stem), shipped(stem)
    assert [(r.id, list(r.acts)) for r in pack.roles] == [(r["id"], r.get("acts", [])) for r in facts["roles"]]
    for mine, theirs in zip(pack.roles, facts["roles"], strict=True):
        assert mine.title == theirs.get("name", mine.title)
        assert mine.note == theirs.get("note", theirs.get("summary", mine.note))
