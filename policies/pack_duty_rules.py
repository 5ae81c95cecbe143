"""What a pack's duties must be: opened by something, with a clock that the opening has (spec/framework-pack.md, Duties).

A duty that nothing could ever open, or whose period could never begin, would look like a promise kept.
"""

from ledger.registry import BY_NAME
from policies.pack import Pack
from policies.pack_duties import Obligation
from policies.pack_fault import bad, check_condition, check_known, day

INCIDENT = frozenset({
    "incident.observed", "incident.involvement-known", "incident.classified", "incident.report-filed", "incident.resolved",
})  # fmt: skip
DOCUMENT = frozenset({"document.submitted", "document.confirmed", "document.published"})
CLOCK_EVENTS = {
    "effective": frozenset({"framework.adopted", "framework.scope-determined"}),
    "planned": frozenset({"action.requested"}),
    "discovered": INCIDENT,
    "involvement-known": INCIDENT,
    "imminent-known": frozenset({"incident.classified"}),
    "determined-or-believed": frozenset({"incident.classified"}),
    "resolved": frozenset({"incident.resolved"}),
    "due": frozenset({"obligation.tolled"}),
}
"""Clock start → the events that have such a time. `occurred`, `known` and `recorded` are times of every event."""
NARROWED = {
    "actions": frozenset({"action.requested", "decision.made", "deployment.started"}),
    "after": frozenset({"obligation.fulfilled"}),
    "bodies": frozenset({"body.informed"}),
    "categories": frozenset({"incident.classified", "incident.report-filed", "incident.resolved"}),
    "causes": frozenset({"reassessment.triggered"}),
    "documents": DOCUMENT | {"body.informed"},
    "extends": frozenset({"obligation.tolled"}),
    "imminent": frozenset({"incident.classified"}),
    "material": frozenset({"concern.found"}),
    "measured": frozenset({"model.compute-reached"}),
    "report": INCIDENT,
    "reports": frozenset({"incident.report-filed"}),
    "states": frozenset({"threshold.determined"}),
    "thresholds": frozenset({"threshold.determined", "threshold.retracted", "reassessment.triggered"}),
}
"""Member that narrows a trigger → the events that carry what it asks about."""


def check_duties(pack: Pack) -> None:
    """Raise `Malformed` where a duty can't be opened, counted or told apart."""
    for duty in pack.obligations:
        _trigger(duty)
        _names(pack, duty)
        if duty.trigger_event not in ("calendar", "not_tracked"):
            _clock(duty)
    for part in (pack.obligations, pack.retention, pack.reviews):
        for one in part:
            _positive(pack, one)
    _report(pack)
    _calendar(pack)


def _place(duty: Obligation, key: str) -> str:
    return f"obligations {duty.id} {key}"


def _trigger(duty: Obligation) -> None:
    event = duty.trigger_event
    if event not in BY_NAME and event not in ("calendar", "not_tracked"):
        raise bad(_place(duty, "trigger_event"), "pack-trigger")
    if event == "calendar" and duty.every is None:
        raise bad(_place(duty, "trigger_event"), "pack-trigger")
    if (event == "not_tracked") != (duty.not_tracked_reason is not None):
        raise bad(_place(duty, "not_tracked_reason" if event != "not_tracked" else "trigger_event"), "pack-trigger")
    if (event == "obligation.fulfilled") != (duty.after is not None):
        raise bad(_place(duty, "after" if duty.after else "trigger_event"), "pack-trigger")
    for member, events in NARROWED.items():
        if getattr(duty, member) and event not in events:
            raise bad(_place(duty, member), "pack-narrow")
    if event == "calendar" and (duty.deadline is not None or duty.clock != "not-stated"):
        raise bad(_place(duty, "deadline" if duty.deadline else "clock"), "pack-clock")
    for key in ("until", "minimum_gap"):
        if getattr(duty, key) is not None and duty.every is None:
            raise bad(_place(duty, key), "pack-clock")  # only what repeats ends, or has gaps


def _clock(duty: Obligation) -> None:
    events = CLOCK_EVENTS.get(duty.clock)
    if events is not None and duty.trigger_event not in events:
        raise bad(_place(duty, "clock"), "pack-clock")
    if (duty.clock == "imminent-known" and not duty.imminent) or (duty.clock == "due") != bool(duty.extends):
        raise bad(_place(duty, "clock"), "pack-clock")
    if duty.deadline is not None and duty.promptness is not None:
        raise bad(_place(duty, "promptness"), "pack-clock")
    # Only what is planned has a time that can be counted back from while there is still something to do.
    if duty.deadline is not None and duty.deadline.amount < 0 and duty.clock != "planned":
        raise bad(_place(duty, "deadline"), "pack-clock")


def _names(pack: Pack, duty: Obligation) -> None:
    place = f"obligations {duty.id}"
    for names, known in (
        (duty.bodies, [r.id for r in pack.roles]),
        (duty.categories, [c.id for c in pack.incident_categories]),
        (duty.documents, pack.documents),
        (duty.extends, [o.id for o in pack.obligations if o.id != duty.id]),
        (duty.states, [s.id for s in pack.states]),
        (duty.thresholds, [t.id for t in pack.thresholds]),
        (duty.reports, ["initial", "intermediate", "final", "amended"]),
        ((duty.until,) if duty.until is not None else (), BY_NAME),
    ):
        check_known(place, names, known)
    if duty.after is not None and duty.after.pack == pack.id:
        check_known(place, (duty.after.obligation,), [o.id for o in pack.obligations if o.id != duty.id])
    for condition in (*duty.applies_when, *((duty.measured,) if duty.measured is not None else ())):
        check_condition(place, condition)
    lists = (duty.recipients, duty.actions, duty.categories, duty.documents, duty.states, duty.thresholds)
    if any(len(set(names)) != len(names) for names in lists):
        raise bad(place, "pack-duplicate")


def _positive(pack: Pack, clause: object) -> None:
    """Lengths of time that repeat, lie between or last are more than nothing."""
    for key in ("every", "minimum_gap", "period"):
        period = getattr(clause, key, None)
        if period is not None and period.amount <= 0:
            part = next(p for p in ("obligations", "retention", "reviews") if clause in getattr(pack, p))
            raise bad(f"{part} {getattr(clause, 'id', '')} {key}", "pack-clock")


def _report(pack: Pack) -> None:
    numbers = [f.number for f in pack.report_fields if f.number is not None]
    for field in pack.report_fields:
        if field.number is not None and (numbers.count(field.number) > 1 or not field.of_the_form):
            raise bad(
                f"report_fields {field.id} number", "pack-duplicate" if field.of_the_form else "pack-contradiction"
            )
    if pack.report_fields and not pack.incident_categories:
        raise bad(f"report_fields {pack.report_fields[0].id}", "pack-contradiction")


def _calendar(pack: Pack) -> None:
    clock = pack.clock
    if clock is None:
        return
    for holiday in clock.holidays:
        day("clock holidays", holiday)
    if len(set(clock.holidays)) != len(clock.holidays) or len(set(clock.weekend)) != len(clock.weekend):
        raise bad("clock holidays", "pack-duplicate")
    if len(clock.weekend) == len(("mon", "tue", "wed", "thu", "fri", "sat", "sun")):
        raise bad("clock weekend", "pack-contradiction")  # no business day would ever come
