"""What a pack's parts must be to one another: unique, declared, free of contradiction (spec/framework-pack.md, Rules)."""

from policies.pack import Pack
from policies.pack_duty_rules import check_duties
from policies.pack_fault import PARTS, bad, check_condition, check_known, check_number
from policies.pack_gate import Gate, When
from policies.pack_origin_rules import check_origin
from policies.pack_parts import Determination

STOPPING = frozenset({"block", "halt_development", "pause_training", "pause_development_and_deployment"})


def check_pack(pack: Pack) -> None:
    """Raise `Malformed` where an id stands twice, a name is not declared, or two statements can't both be meant."""
    _unique(pack)
    _resolve(pack)
    _contradictions(pack)
    check_duties(pack)
    check_origin(pack)


def _unique(pack: Pack) -> None:
    for part in PARTS:
        ids = [item.id for item in getattr(pack, part)]
        for item in ids:
            if ids.count(item) > 1:
                raise bad(f"{part} {item}", "pack-duplicate")
    ranks = {s.rank for s in pack.states}
    if bool(pack.thresholds) != bool(ranks) or (ranks and (0 not in ranks or ranks == {0})):
        raise bad("states", "pack-states")


def _resolve(pack: Pack) -> None:
    thresholds, sets = {t.id for t in pack.thresholds}, {s.id for s in pack.sets}
    safeguards, roles = {s.id for s in pack.safeguards}, {r.id for r in pack.roles}
    states = {s.id for s in pack.states}
    for one in pack.sets:
        check_known(f"sets {one.id}", one.safeguards, safeguards)
    for t in pack.thresholds:
        check_known(f"thresholds {t.id}", t.requires_sets, sets)
        if t.rule is not None:
            check_known(f"thresholds {t.id} rule", (t.rule.holds, t.rule.fails), states)
        if t.rules_out is not None:
            check_known(f"thresholds {t.id} rules_out", t.rules_out.thresholds, thresholds)
            check_known(f"thresholds {t.id} rules_out", (t.rules_out.state,), states)
    for gate in pack.gates:
        place = f"gates {gate.id}"
        check_known(place, gate.requires_sets, sets)
        check_known(place, gate.requires_safeguards, safeguards)
        check_known(place, gate.requires_documents, set(pack.documents))
        check_known(place, gate.requires_metrics, thresholds)
        _acting(pack, gate, roles)
        _when(place, gate.when, thresholds, states)
    for part, ways in (("fallbacks", pack.fallbacks), ("exceptions", pack.exceptions)):
        for way in ways:
            check_known(f"{part} {way.id}", (*way.approved_by, *way.inform), roles)
    if pack.change_control is not None:
        change = pack.change_control
        check_known("change_control", (*change.approved_by, *change.proposed_by, *change.consulted), roles)


def _acting(pack: Pack, gate: Gate, roles: set[str]) -> None:
    """Roles that a gate names are declared, and do what the gate wants of them."""
    place, verbs = f"gates {gate.id}", {r.id: r.verbs for r in pack.roles}
    accepting = (gate.acceptance.role,) if gate.acceptance is not None else ()
    for verb, names in (
        ("decide", gate.decision_by), ("inform-before", gate.inform_before), ("recommend", gate.recommendation_by),
        ("approve", gate.approved_by), ("accept", accepting),
    ):  # fmt: skip
        check_known(place, names, roles)
        if any(verb not in verbs[n] for n in names):
            raise bad(place, "pack-verb")
    papers = {gate.approval_of, None if gate.acceptance is None else gate.acceptance.document} - {None}
    check_known(place, (p for p in papers if p is not None), set(pack.documents))
    if (gate.approval_of is None) != (not gate.approved_by):
        raise bad(place, "pack-contradiction")


def _when(place: str, when: When, thresholds: set[str], states: set[str]) -> None:
    forms = (
        when.always,
        bool(when.any_of) and bool(when.state_in),
        when.all_of_kind is not None and when.state is not None,
    )
    members = sum(bool(x) for x in (when.always, when.any_of, when.state_in, when.all_of_kind, when.state))
    wanted = 0 if not any(forms) else 1 if when.always else 2
    if sum(forms) > 1 or members != wanted or (not any(forms) and not when.facts) or (when.always and when.facts):
        raise bad(f"{place} when", "pack-when")
    for condition in when.facts:
        check_condition(f"{place} when", condition)
    check_known(f"{place} when", when.any_of, thresholds)
    check_known(f"{place} when", (*when.state_in, *((when.state,) if when.state else ())), states)


def _contradictions(pack: Pack) -> None:
    """What is well formed, and still can't be meant."""
    for t in pack.thresholds:
        place = f"thresholds {t.id}"
        _determination(place, t.determination)
        if t.rule is not None:
            check_number(f"{place} rule", t.rule.value)
            said = t.determination
            if (said.kind, said.metric, said.comparator, said.value) != (
                "quantitative", t.rule.metric, t.rule.comparator, t.rule.value,
            ):  # fmt: skip
                raise bad(f"{place} rule", "pack-contradiction")
            if pack.rank(t.rule.holds) == pack.rank(t.rule.fails):
                raise bad(f"{place} rule", "pack-contradiction")
        if t.rules_out is not None and (t.id in t.rules_out.thresholds or pack.rank(t.rules_out.state) != 0):
            raise bad(f"{place} rules_out", "pack-contradiction")
    for gate in pack.gates:
        _gate(pack, gate)
    rules = pack.reassess
    if rules is not None and (rules.compute_fact is None) != (rules.compute_ratio is None):
        raise bad("reassess", "pack-contradiction")


def _determination(place: str, said: Determination) -> None:
    numbers = [n for n in (said.value, said.upper) if n is not None]
    for number in numbers:
        check_number(f"{place} determination", number)
    for one in (*said.any_of, *((said.confirm,) if said.confirm is not None else ())):
        check_condition(f"{place} determination", one)
    named = (said.metric, said.comparator, said.value)
    whole = all(n is not None for n in named) if said.kind == "quantitative" else True
    bare = not any(n is not None for n in (*named, said.upper)) if said.kind == "expert_case" else True
    if not whole or not bare:
        raise bad(f"{place} determination", "pack-contradiction")


def _gate(pack: Pack, gate: Gate) -> None:
    place, when = f"gates {gate.id}", gate.when
    lists = (gate.actions, gate.requires_sets, gate.requires_safeguards, gate.requires_documents, gate.requires_metrics)
    if any(len(set(names)) != len(names) for names in lists):
        raise bad(place, "pack-duplicate")
    if not any(lists[1:]) and not gate.approved_by:
        raise bad(place, "pack-gate-empty")
    undefined = any(not pack.safeguard_set(s).safeguards for s in gate.requires_sets)
    # A standard nobody wrote stops what it gates, whatever word the source has for that; and nothing stands in for it.
    if undefined != (gate.effect == "block_standard_undefined") and not (undefined and gate.effect in STOPPING):
        raise bad(f"{place} effect", "pack-contradiction")
    if gate.effect.startswith("interim_") and not any(f.id == "INTERIM" and f.approved_by for f in pack.fallbacks):
        raise bad(f"{place} effect", "pack-contradiction")
    # Worsening a determination must never leave a gate: the states that trigger it reach up to the worst.
    # Two states of one rank go together: else a determination could leave by being worded otherwise.
    ranks = {s.rank for s in pack.states if s.id in when.state_in}
    above = {s.id for s in pack.states if ranks and s.rank >= min(ranks)}
    favourable = when.state is None or pack.rank(when.state) == 0
    kinds = {t.kind for t in pack.thresholds}
    if (
        set(when.state_in) != above
        or 0 in ranks
        or not favourable
        or (when.all_of_kind is not None and when.all_of_kind not in kinds)
    ):
        raise bad(f"{place} when", "pack-contradiction")
