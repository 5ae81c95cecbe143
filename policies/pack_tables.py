"""Which rule compares which field of which part of two packs (policies/pack_diff.py). What a table does not name is no demand: a
note, a reference, how well something was sourced.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.pack_compare import (
    Kind,
    Rule,
    Step,
    fewer,
    greater,
    later,
    laxer,
    limit,
    lowered,
    more,
    narrower,
    other,
    said,
    softened,
    sooner,
    step,
    way_out,
    worded,
)
from policies.pack_duties import Obligation
from policies.pack_gate import Gate, When
from policies.pack_parts import Level, Role, SafeguardSet, Threshold
from policies.pack_words import needs, period_words, when_words

Reading = Iterator[tuple[str, Step]]
Fields = Mapping[str, Rule]


@dataclass(frozen=True, slots=True)
class Part:
    """A list of clauses of a pack: how each field compares, what it means that one is lost or gained, and what one says."""

    name: str
    one: str
    fields: Fields
    says: Callable[[Any], str]
    lost: Kind = "vanished"
    gained: Kind = "added"
    readings: tuple[Callable[[Any, Any], Reading], ...] = field(default=())


def gate_said(gate: Gate) -> str:
    return f"{said(gate.actions)} needs {said(needs(gate))}, else {gate.effect}"


def duty_said(duty: Obligation) -> str:
    return f"{duty.form} to {said(duty.recipients)}, {period_words(duty)}"


def set_said(one: SafeguardSet) -> str:
    return said(one.safeguards) if one.safeguards else "announced, not written"


def set_read(old: SafeguardSet, new: SafeguardSet) -> Reading:
    """A standard that is not written satisfies nobody, so writing it is no plain gain."""
    if bool(old.safeguards) != bool(new.safeguards):
        yield "", step("changed", set_said(old), set_said(new))
    else:
        found = fewer(old.safeguards, new.safeguards)
        if found is not None:
            yield "safeguards", found
    if old.operator != new.operator:
        yield (
            "operator",
            step("weaker" if new.operator == "claim_per_vector" else "stronger", old.operator, new.operator),
        )


def verbs_read(old: Role, new: Role) -> Reading:
    """To accept a risk is the one verb that loosens."""
    found = fewer(old.verbs, new.verbs)
    if found is not None:
        loosened = "accept" in new.verbs and "accept" not in old.verbs
        yield "verbs", ("changed", *found[1:]) if loosened and found[0] == "stronger" else found


def when_read(old: Gate, new: Gate) -> Reading:
    """What triggers a gate: fewer thresholds or states, or one condition more, is narrower."""
    was, stands = old.when, new.when
    if was.always or stands.always:
        if was.always != stands.always:
            yield "trigger", step("weaker" if was.always else "stronger", when_words(was), when_words(stands))
        return
    if _form(was) != _form(stands):
        narrowed: Kind = "weaker" if not _form(was) else "stronger" if not _form(stands) else "changed"
        yield "trigger", step(narrowed, when_words(was), when_words(stands))
    else:
        for what, a, b in (
            ("trigger thresholds", was.any_of, stands.any_of),
            ("trigger states", was.state_in, stands.state_in),
        ):
            found = fewer(a, b)
            if found is not None:
                yield what, found
        if was.state != stands.state:
            yield "trigger state", step("changed", was.state, stands.state)
    yield from _facts(was, stands)


def _form(when: When) -> str:
    return "any" if when.any_of else "all" if when.all_of_kind else ""


def _facts(was: When, stands: When) -> Reading:
    old, new = {c.fact: c for c in was.facts}, {c.fact: c for c in stands.facts}
    lost, gained = [c for n, c in old.items() if n not in new], [c for n, c in new.items() if n not in old]
    if lost or gained:
        kind: Kind = "changed" if lost and gained else "weaker" if gained else "stronger"
        yield "trigger facts", step(kind, tuple(lost), tuple(gained))
    for name in old.keys() & new.keys():
        found = limit(old[name], new[name], accepts=False)
        if found is not None:
            yield "trigger fact", found


def judged_read(old: Threshold, new: Threshold) -> Reading:
    for name, rule in JUDGED.items():
        found = rule(getattr(old.determination, name), getattr(new.determination, name))
        if found is not None:
            yield f"determination {name}", found


def level_read(old: Level, new: Level) -> Reading:
    if old.undefined != new.undefined:
        words = {True: "announced, not written", False: "written"}
        yield "", step("changed", words[old.undefined], words[new.undefined])


GATE: Fields = {
    "actions": fewer, "requires_sets": fewer, "requires_safeguards": fewer, "requires_documents": fewer,
    "requires_metrics": fewer, "decision_by": fewer, "recommendation_by": fewer, "approved_by": fewer, "approval_of": worded,
    "inform_before": fewer, "effect": laxer, "acceptance": way_out, "condition": worded, "binds_whom": other,
}  # fmt: skip
THRESHOLD: Fields = {
    "kind": other, "domain": other, "level": other, "security_level": worded, "requires_sets": fewer, "on_reach": fewer,
    "exploratory": softened, "rules_out": way_out, "summary": other, "defines": other,
}  # fmt: skip
JUDGED: Fields = {"kind": other, "baseline": other, "derivation": other, "proxies": other}
"""How people determine; the numbers are compared apart (policies/pack_numbers.py)."""
DUTY: Fields = {
    "deadline": later, "every": later, "promptness": worded, "recipients": fewer, "form": other, "trigger": other,
    "trigger_event": other, "clock": other, "soft": softened, "optional": softened, "approx": softened, "imminent": softened,
    "material": softened, "applies_when": more, "exemptions": more, "actions": narrower, "bodies": narrower,
    "categories": narrower, "causes": narrower, "documents": narrower, "states": narrower, "thresholds": narrower,
    "reports": narrower, "minimum_gap": other, "measured": way_out, "after": way_out, "report": other, "also_on": fewer,
    "alternative": way_out, "or_sooner": worded, "extends": more, "until": other, "status": other, "binds": other,
    "binds_whom": other,
    "not_tracked_reason": other,
}  # fmt: skip
WAY_OUT: Fields = {"conditions": fewer, "approved_by": fewer, "inform": fewer, "summary": other}
PARTS: tuple[Part, ...] = (
    Part("gates", "gate", GATE, gate_said, readings=(when_read,)),
    Part("thresholds", "threshold", THRESHOLD, lambda t: f"{t.summary}", readings=(judged_read,)),
    Part("sets", "set", {}, set_said, readings=(set_read,)),
    Part("safeguards", "safeguard", {"kind": other, "summary": other}, lambda s: f"{s.summary}"),
    Part("obligations", "obligation", DUTY, duty_said),
    Part("roles", "role", {"acts": other}, lambda r: said(r.acts), readings=(verbs_read,)),
    Part("retention", "retention", {"period": sooner, "minimum": other, "start": other, "content": other, "binds_whom": other},
         lambda r: said(r.period)),
    Part("reviews", "review", {"every": later, "trigger": other, "action": other, "minimum_gap": other, "unless": way_out},
         lambda r: f"{said(r.every or r.trigger)}: {said(r.action)}"),
    Part("incident_categories", "incident category", {"summary": other}, lambda c: f"{c.summary}"),
    Part("report_fields", "report field", {"title": other, "final_only": softened}, lambda f: f"{f.title}"),
    Part("prohibitions", "prohibition", {"summary": other, "binds_whom": other}, lambda p: f"{p.summary}"),
    Part("exceptions", "exception", WAY_OUT, lambda e: f"{e.summary}", lost="stronger", gained="weaker"),
    Part("fallbacks", "fallback", WAY_OUT, lambda e: f"{e.summary}", lost="stronger", gained="weaker"),
    Part("states", "state", {"rank": other, "alert": other, "provisional": other}, lambda s: f"rank {s.rank}",
         "changed", "changed"),
    Part("levels", "level", {"order": other}, lambda x: f"order {x.order}", "changed", "changed", readings=(level_read,)),
)  # fmt: skip
WHOLE: Fields = {
    "style": other, "binds": other, "binds_whom": other, "documents": fewer, "quorum": lowered, "quorum_units": lowered,
    "determination_rule": worded, "penalty": worded, "enforced_from": other, "scope": way_out, "clock": other,
}  # fmt: skip
LISTED: Mapping[str, Fields] = {
    "statutory": {"law": other, "clauses": fewer},
    "reassess": {"max_age_months": greater, "compute_ratio": greater, "compute_fact": other},
    "change_control": {"proposed_by": other, "approved_by": fewer, "consulted": fewer, "publish": worded},
}  # fmt: skip
"""Parts that stand once, or not at all."""
