"""A pack's clauses in plain words, one line each, for people: `framework show` and docs/reference/frameworks.md say the same."""

from policies.pack import Pack
from policies.pack_duties import Obligation, Period
from policies.pack_gate import Condition, Gate, Statistic, When
from policies.pack_parts import Threshold

CLOCKS = {
    "occurred": "from when it happened",
    "known": "from when it was known",
    "recorded": "from when it was recorded",
    "effective": "from when it takes effect",
    "planned": "the planned time",
    "discovered": "from discovery",
    "involvement-known": "from when the model's involvement is known or suspected",
    "imminent-known": "from when the imminent risk is known",
    "determined-or-believed": "from the determination, or reasonable belief if earlier",
    "resolved": "from the end of the incident",
    "due": "from when it was due",
    "not-stated": "from a time that the source does not state",
}
BOUND = {
    "own": "the lab's own, once adopted",
    "code": "a code or channel, for who joined it, once adopted",
    "law": "a law, from its date",
}


def count(period: Period) -> str:
    """`5 business days`, `14 days`; the sign is the caller's."""
    amount = abs(period.amount)
    return f"{amount} {period.unit.replace('_', ' ')}{'' if amount == 1 else 's'}"


def fact_words(condition: Condition) -> str:
    """`new_or_substantially_modified = true`."""
    return f"{condition.fact} {condition.comparator} {condition.value}"


def when_words(when: When) -> str:
    """When a gate applies."""
    told = []
    if when.any_of:
        told.append(f"{' or '.join(when.any_of)} is {' or '.join(when.state_in)}")
    if when.all_of_kind is not None:
        told.append(f"every {when.all_of_kind} threshold is {when.state}")
    told += [fact_words(c) for c in when.facts]
    return " and ".join(told) or "always"


def needs(gate: Gate) -> tuple[str, ...]:
    """What a gate asks for, by id."""
    asked = (*gate.requires_sets, *gate.requires_safeguards, *gate.requires_documents, *gate.requires_metrics)
    approved = tuple(f"{gate.approval_of} approved by {role}" for role in gate.approved_by)
    return (*asked, *approved)


def actors(gate: Gate) -> str:
    """Who acts on a gate, and how; empty where the source names nobody."""
    told = [
        (gate.recommendation_by, "recommend"), (gate.decision_by, "decide"), (gate.inform_before, "are told before"),
        ((gate.acceptance.role,) if gate.acceptance is not None else (), "may accept the risk"),
    ]  # fmt: skip
    return "; ".join(
        f"{' and '.join(names)} {verb if len(names) > 1 else _single(verb)}" for names, verb in told if names
    )


def _single(verb: str) -> str:
    return {"recommend": "recommends", "decide": "decides", "are told before": "is told before"}.get(verb, verb)


def number_words(said: Statistic) -> str:
    """`cyber_solve_rate >= 0.5 on the hard suite`."""
    suite = f" on {said.suite}" if said.suite is not None else ""
    return f"{said.metric} {said.comparator} {said.value}{suite}"


def determination_words(threshold: Threshold) -> str:
    """How it is determined, with the numbers that the source names."""
    said = threshold.determination
    told = []
    if said.metric is not None:
        upper = f" to {said.upper}" if said.upper is not None else ""
        told.append(f"{said.metric} {said.comparator} {said.value}{upper}")
    told += [number_words(s) for s in said.any_of]
    if said.confirm is not None:
        told.append(f"settled by {number_words(said.confirm)}")
    kind = {"quantitative": "a number", "hybrid": "numbers and judgement", "expert_case": "attested judgement"}[
        said.kind
    ]
    decides = "; the number decides" if threshold.rule is not None else ""
    return f"{kind}{': ' if told else ''}{'; '.join(told)}{decides}"


def period_words(duty: Obligation) -> str:
    """By when: the deadline with its clock, a word, how often, or no period."""
    told = []
    if duty.deadline is not None:
        if duty.deadline.amount < 0:
            told.append(f"{count(duty.deadline)} before {CLOCKS[duty.clock]}")
        elif duty.deadline.amount == 0:
            told.append("no later than that day")
        else:
            told.append(f"{count(duty.deadline)} {CLOCKS[duty.clock]}")
    if duty.promptness is not None:
        told.append(duty.promptness.replace("_", " "))
    if duty.every is not None:
        until = f" until {duty.until}" if duty.until is not None else ""
        told.append(f"every {count(duty.every)}{until}")
    flags = [name for name in ("soft", "optional", "approx") if getattr(duty, name)]
    return ", ".join([*told, *flags]) or "no period stated"


def trigger_words(duty: Obligation) -> str:
    """What opens it: the event and what narrows it, the calendar, or why nothing does."""
    if duty.not_tracked_reason is not None:
        return f"not tracked: {duty.not_tracked_reason}"
    named = [
        *duty.actions,
        *duty.categories,
        *duty.documents,
        *duty.bodies,
        *duty.causes,
        *duty.thresholds,
        *duty.states,
    ]
    named += ["imminent"] if duty.imminent else []
    named += ["material"] if duty.material else []
    named += [fact_words(duty.measured)] if duty.measured is not None else []
    named += [f"{duty.after.obligation} of {duty.after.pack}"] if duty.after is not None else []
    named += [f"extends {name}" for name in duty.extends] + [f"{kind} report" for kind in duty.reports]
    named += [fact_words(c) for c in duty.applies_when]
    narrowed = f" ({', '.join(named)})" if named else ""
    return duty.trigger_event + narrowed


def sourced_words(pack: Pack, clause: object) -> str:
    """How well a clause is sourced: its own word, else the pack's."""
    return str(getattr(clause, "sourced", None) or pack.source.sourced)
