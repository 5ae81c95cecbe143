"""The named facts of a gate's condition: true, false, or unknown, each with the findings that say so (domain.md §5)."""

from policies.answer import Finding
from policies.asked import Asked
from policies.binding import classes_of, whom
from policies.facts import tainted
from policies.numbers import compare, exact
from policies.pack_gate import Condition
from policies.places import within
from policies.stale import recorded_compute

Told = tuple[bool | None, list[Finding]]


def facts_hold(asked: Asked) -> Told:
    """Whether the gate is meant for the lab, and all named facts are as it says; one that is not settles it, whatever else is
    unknown."""
    told = [binds(asked), *(_fact_holds(asked, condition) for condition in asked.gate.when.facts)]
    for holds, findings in told:
        if holds is False:
            return False, findings
    return (None if any(h is None for h, _ in told) else True), [f for _, findings in told for f in findings]


def _fact_holds(asked: Asked, condition: Condition) -> Told:
    if condition.comparator == "=":
        return _token_holds(asked, condition)
    return _number_holds(asked, condition)


def _token_holds(asked: Asked, condition: Condition) -> Told:
    name, request = condition.fact, asked.request
    if name == "jurisdiction":
        return _place_holds(asked, condition.value)
    if name == "binds_as":
        return binds(asked, condition.value)
    stated = tuple(v for k, v in (*request.facts, ("audience", request.audience)) if k == name and v is not None)
    if not stated:
        return None, [asked.finding(f"{name} stated", "unknown", "fact-unknown")]
    return condition.value in stated, [asked.finding(f"{name} = {', '.join(stated)}", "met", "fact")]


def _place_holds(asked: Asked, named: str) -> Told:
    """One jurisdiction that touches the place is enough; one that can't be read may be anywhere."""
    stated = asked.request.jurisdictions
    if not stated:
        return None, [asked.finding("jurisdiction stated", "unknown", "fact-unknown")]
    touches = [within(place, named) for place in stated]
    if True not in touches and None in touches:
        return None, [asked.finding("jurisdiction a code", "unknown", "fact-unreadable")]
    return True in touches, [asked.finding(f"jurisdiction = {', '.join(stated)}", "met", "fact")]


def binds(asked: Asked, class_: str | None = None) -> Told:
    """Whether the clause binds the lab as `class_` (else as the gate says); nobody's word on it is no way out."""
    named = class_ or whom(asked.pack, asked.gate)
    if named is None:
        return True, []
    classes = classes_of(asked.state, asked.published, asked.as_of.time)
    if classes is None:
        return None, [asked.finding(f"binds as {named}", "unknown", "scope-undetermined")]
    verdict = "binds as" if named in classes[0] else "does not bind as"
    return named in classes[0], [asked.finding(f"{verdict} {named}", "met", "scope", (classes[1],))]


def _number_holds(asked: Asked, condition: Condition) -> Told:
    """Where the request and the record differ, either one that trips the gate is enough: a statement can't undo a record."""
    name, state = condition.fact, asked.state
    stated = dict(asked.request.facts).get(name)
    measured = recorded_compute(state, asked.request.stream, name)
    sound = [f for f in measured if not f.back_recorded and tainted(state, f) is None]
    values = [v for v in (stated, *(f.body.ratio for f in sound[-1:])) if v is not None]
    indexes = tuple(f.index for f in sound[-1:])
    # History from before the ledger may trip the gate, and never shows that it does not apply.
    values += [f.body.ratio for f in measured if f.back_recorded and tainted(state, f) is None]
    doubted = tuple(f.index for f in measured[-1:] if tainted(state, f) is not None)
    if not values or (stated is None and not sound):
        why = "tainted" if doubted else "back-recorded" if measured else "fact-unknown"
        return None, [asked.finding(f"{name} stated", "unknown", why, tuple(f.index for f in measured[-1:]))]
    read = [v for v in values if exact(v) is not None]
    trips = any(compare(v, condition.comparator, condition.value) for v in read)
    if doubted and not trips:
        return None, [asked.finding(f"{name} sound", "unknown", "tainted", doubted)]
    if len(read) < len(values) and not trips:
        return None, [asked.finding(f"{name} a decimal", "unknown", "fact-unreadable", indexes)]
    return trips, [asked.finding(f"{name} = {v}", "met", "fact", indexes) for v in read]
