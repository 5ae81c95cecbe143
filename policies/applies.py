"""When a gate applies: by the facts that it names, and by the states in which its thresholds stand."""

from policies.answer import Finding
from policies.asked import Asked
from policies.conditions import Told, facts_hold
from policies.determinations import Standing
from policies.results import result_findings


def applies(asked: Asked) -> Told:
    """Whether the gate applies: `None` = it can't be said, and the findings say what is missing."""
    when = asked.gate.when
    stated, told = facts_hold(asked)
    if stated is False or not (when.any_of or when.all_of_kind):
        return stated, told
    watched, findings = _watched(asked)
    if watched is False:
        return False, findings
    return (True if stated and watched else None), [*told, *findings]


def watched_thresholds(asked: Asked) -> tuple[str, ...]:
    """The thresholds that the gate's condition looks at."""
    when = asked.gate.when
    return when.any_of or tuple(t.id for t in asked.pack.thresholds if t.kind == when.all_of_kind)


def triggering(asked: Asked) -> list[tuple[str, Standing]]:
    """The watched thresholds that stand in a state for which the gate is there."""
    when = asked.gate.when
    return [(n, s) for n in when.any_of if (s := asked.standing(n)).state in when.state_in]


def _watched(asked: Asked) -> Told:
    """Whether the thresholds that the gate watches stand so that it applies."""
    when = asked.gate.when
    standing = {n: asked.standing(n) for n in watched_thresholds(asked)}
    shown = [f for n, s in standing.items() for f in result_findings(asked, n, s)]
    unclear = [
        asked.finding(f"{n} determined", s.finding_state, s.why, s.indexes)
        for n, s in standing.items()
        if s.state is None
    ] + [asked.finding(f"{n} determined", "unknown", *s.doubt) for n, s in standing.items() if s.doubt is not None]
    unclear += [
        asked.finding(f"{n} determined", *s.weak)
        for n, s in standing.items()
        if s.weak is not None and s.state not in when.state_in
    ]
    unclear += [f for f in shown if f.state != "met"]
    told = [f for f in shown if f.state == "met"]
    if when.any_of:
        hits = triggering(asked)
        if hits:
            # What else is watched here and undetermined stays open: one known danger does not settle another.
            return True, [*(_trigger(asked, n, s) for n, s in hits), *told, *unclear]
    elif any(s.state is not None and s.state != when.state for s in standing.values()):
        return False, []
    if unclear:
        return None, unclear
    return bool(when.all_of_kind), [*(_trigger(asked, n, s) for n, s in standing.items()), *told]


def _trigger(asked: Asked, name: str, standing: Standing) -> Finding:
    """The state that stands; an early warning is said to be one, whatever the gate makes of it."""
    token = asked.pack.state(standing.state or "")
    why = standing.why
    if token is not None and token.alert and why == "determined":
        why = f"alert:{name}"
    return asked.finding(f"{name} is {standing.state}", "met", why, standing.indexes)
