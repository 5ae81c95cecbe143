"""When a gate applies: by the facts that it names, and by the states in which its thresholds stand."""

from policies.answer import Finding
from policies.asked import Asked
from policies.conditions import Told, facts_hold
from policies.determinations import Standing


def applies(asked: Asked) -> Told:
    """Whether the gate applies: `None` = it can't be said, and the findings say what is missing."""
    when = asked.gate.when
    if when.always:
        return True, []
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


def _watched(asked: Asked) -> Told:
    """Whether the thresholds that the gate watches stand so that it applies."""
    when = asked.gate.when
    standing = {n: asked.standing(n) for n in watched_thresholds(asked)}
    unclear = [
        asked.finding(f"{n} determined", s.finding_state, s.why, s.indexes)
        for n, s in standing.items()
        if s.state is None
    ] + [asked.finding(f"{n} determined", "unknown", *s.doubt) for n, s in standing.items() if s.doubt is not None]
    if when.any_of:
        hits = [(n, s) for n, s in standing.items() if s.state in when.state_in]
        if hits:
            # What else is watched here and undetermined stays open: one known danger does not settle another.
            return True, [*(_trigger(asked, n, s) for n, s in hits), *unclear]
        return (None, unclear) if unclear else (False, [_trigger(asked, n, s) for n, s in standing.items()])
    if any(s.state is not None and s.state != when.state for s in standing.values()):
        return False, []
    return (None, unclear) if unclear else (True, [_trigger(asked, n, s) for n, s in standing.items()])


def _trigger(asked: Asked, name: str, standing: Standing) -> Finding:
    return asked.finding(f"{name} is {standing.state}", "met", standing.why or "determined", standing.indexes)
