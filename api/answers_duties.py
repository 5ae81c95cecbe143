"""The shapes of answers about duties, and about incidents and the reports on them."""

from typing import Literal

from api.answers import Answer, AsOf, BreakGlass
from policies.duty import Standing


class Obligation(Answer):
    """One duty. Late means after `due_latest`; where the source says all of zone, first day and roll-over, both dates are one."""

    applies: Literal["yes", "unknown", "no"]
    binds_whom: str | None
    clock: str
    due_latest: str | None
    due_strict: str | None
    earliest: str | None
    form: str
    framework: str
    fulfilled_at: str | None
    incident: str | None
    indexes: list[int]
    key: str
    models: list[str]
    number: int | None
    obligation: str
    opened_by: int | None
    opened_type: str
    optional: bool
    pack: str
    period: str | None
    promptness: str | None
    qualified: list[str]
    reasons: list[str]
    recipients: list[str]
    recorded_at: str | None
    ref: str
    report: str | None
    seconds_left: int | None
    soft: bool
    sourced: str | None
    started_at: str | None
    state: Standing
    stream: str
    tolled_until: str | None


class Obligations(Answer):
    """A page, what is due first. `projected`: for a time to come, if nothing is recorded."""

    as_of: AsOf
    break_glass: list[BreakGlass]
    obligations: list[Obligation]
    projected: bool


class FiledReport(Answer):
    """A report that was filed; its awareness and submission are recorded whether or not its form has them."""

    awareness_at: str
    digest: str
    fields_missing: list[str]
    index: int
    kind: str
    obligation: str | None
    pack: str
    recipient: str
    recorded_at: str
    submitted_at: str


class RegimeCase(Answer):
    """What an incident is under one pack, and why."""

    applies: Literal["yes", "unknown", "no"]
    category: str | None
    duties: list[Obligation]
    framework: str
    imminent: bool
    index: int | None
    pack: str
    reason: str
    reportable: Literal["yes", "no", "unclassified"]


class Incident(Answer):
    """An incident, regime by regime."""

    certainty: str | None
    discovered_at: str | None
    first_at: str | None
    index: int
    involvement_known_at: str | None
    jurisdictions: list[str]
    kind: str | None
    last_at: str | None
    models: list[str]
    regimes: list[RegimeCase]
    reports: list[FiledReport]
    resolved_at: str | None
    stream: str
    surfaces: list[str]


class OneIncident(Answer):
    """One incident."""

    as_of: AsOf
    break_glass: list[BreakGlass]
    incident: Incident


class Incidents(Answer):
    """A page by stream."""

    as_of: AsOf
    break_glass: list[BreakGlass]
    incidents: list[Incident]
