"""The duties of a framework pack: obligations with clocks, retention, reviews, incident classes (spec/framework-pack.md)."""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.fields import Closed, Count, Line, Name, Text
from policies.pack_gate import Action, Condition, Sourced

Unit = Literal["hour", "day", "business_day", "month", "quarter", "year"]
Binds = Literal["own", "code", "law"]
ClockStart = Literal[
    "occurred", "known", "recorded", "effective", "planned", "discovered", "involvement-known", "imminent-known",
    "determined-or-believed", "resolved", "due", "not-stated",
]  # fmt: skip
"""When a period begins, told of the event that opens the duty:

`occurred`, `recorded` its times · `known` its `known_at`, else `occurred_at` · `effective` of an adoption · `planned` of a
request (`planned_for`) · `discovered` when the incident's observation was known · `involvement-known` the earliest known
involvement of the model in the incident (suspicion counts) · `imminent-known` when the imminent risk was known ·
`determined-or-believed` the earlier of the classification and the reasonable belief · `resolved` of the incident · `due` of the
duty that is extended.
"""
Promptness = Literal["promptly", "timely", "at_deployment", "reasonable_time", "without_undue_delay"]
Cause = Literal[
    "compute", "age", "capability", "safeguard-failure", "release", "discretion", "framework-change", "other"
]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Period(Closed, frozen=True):
    """An amount of a unit; a negative amount lies before the clock's start."""

    amount: Annotated[int, Meta(ge=-366, le=3660)]
    unit: Unit


class Clock(Closed, frozen=True):
    """How the source counts days. What it does not say is left out, and two dates are shown: the strict and the latest."""

    ref: Line
    first_day_counts: bool | None = None
    holidays: tuple[Line, ...] = ()
    rolls_over: bool | None = None
    weekend: tuple[Weekday, ...] = ("sat", "sun")
    zone_minutes: Annotated[int, Meta(ge=-720, le=840)] | None = None


class Owed(Closed, frozen=True):
    """Another duty, by pack and obligation: its fulfilment opens this one."""

    obligation: Name
    pack: Name


class Obligation(Closed, frozen=True):
    """What must follow. `trigger_event` is an event type, `calendar` (then with `every`), or `not_tracked` with its reason.

    `trigger` is in the source's terms; `actions`, `bodies` (of `body.informed`), `categories`, `causes` (of
    `reassessment.triggered`), `documents`, `imminent`, `material` (of `concern.found`: substantiated, with material risk),
    `after`, `states`, `thresholds`, `measured`, `reports` narrow the event to what it means. `applies_when` names facts without
    which the duty does not arise.
    """

    form: Line
    id: Name
    recipients: Annotated[tuple[Line, ...], Meta(min_length=1)]
    ref: Line
    trigger: Line
    trigger_event: Name
    actions: tuple[Action, ...] = ()
    after: Owed | None = None
    also_on: tuple[Line, ...] = ()
    alternative: Line | None = None
    applies_when: tuple[Condition, ...] = ()
    approx: bool = False
    binds: Binds | None = None
    binds_whom: Name | None = None
    bodies: tuple[Name, ...] = ()
    categories: tuple[Name, ...] = ()
    causes: tuple[Cause, ...] = ()
    clock: ClockStart = "not-stated"
    deadline: Period | None = None
    documents: tuple[Name, ...] = ()
    every: Period | None = None
    exemptions: tuple[Line, ...] = ()
    extends: tuple[Name, ...] = ()
    imminent: bool = False
    material: bool = False
    measured: Condition | None = None
    minimum_gap: Period | None = None
    not_tracked_reason: Text | None = None
    note: Text | None = None
    optional: bool = False
    or_sooner: Line | None = None
    promptness: Promptness | None = None
    report: Literal["initial", "intermediate", "final", "amended"] | None = None
    reports: tuple[Name, ...] = ()
    see: tuple[Name, ...] = ()
    soft: bool = False
    sourced: Sourced | None = None
    states: tuple[Name, ...] = ()
    status: Literal["draft", "unconfirmed"] | None = None
    thresholds: tuple[Name, ...] = ()
    until: Name | None = None


class Retention(Closed, frozen=True):
    """How long something is kept, from when; `minimum` = at least."""

    id: Name
    period: Period
    ref: Line
    start: Line
    binds_whom: Name | None = None
    content: Line | None = None
    minimum: bool = False
    sourced: Sourced | None = None


class Review(Closed, frozen=True):
    """What calls for a new look, by time or by something that happens; words of the source in `trigger`."""

    id: Name
    ref: Line
    action: Line | None = None
    every: Period | None = None
    minimum_gap: Period | None = None
    note: Text | None = None
    sourced: Sourced | None = None
    trigger: Line | None = None
    unless: Line | None = None


class IncidentCategory(Closed, frozen=True):
    """A class of incident that this regime knows; an incident outside all of them is not reportable under it."""

    id: Name
    ref: Line
    summary: Text
    sourced: Sourced | None = None


ReportSource = Literal[
    "observed.period", "observed.summary", "observed.kind", "observed.models", "observed.surfaces", "observed.internal",
    "classified.reason", "classified.category", "involvement.basis", "resolved.root_cause", "resolved.corrective",
    "awareness", "submission",
]  # fmt: skip


class ReportField(Closed, frozen=True):
    """A field of the regime's incident report, and which recorded fact fills it; without `filled_by` a person does."""

    id: Name
    ref: Line
    title: Line
    filled_by: ReportSource | None = None
    final_only: bool = False
    number: Count | None = None
    of_the_form: bool = True
    """False: the form lacks this field although a period runs from it, so it is recorded and exported beside the form."""
    sourced: Sourced | None = None


class Prohibition(Closed, frozen=True):
    """What the source forbids, in our words."""

    id: Name
    ref: Line
    summary: Text
    binds_whom: Name | None = None
