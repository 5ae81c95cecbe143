"""The shapes of answers, for OpenAPI: pydantic describes them, msgspec writes them, tests hold one against the other."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from policies.duties import Standing

Answered = Literal["permit", "permit_with_conditions", "undetermined", "deny"]
Hex = Field(pattern="^[0-9a-f]{64}$")


class Answer(BaseModel):
    """Closed; members are only added within `/v1`."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)


class Problem(Answer):
    """RFC 9457. `reason` is the stable code, described in `docs/reference/problems.md` and at `/docs/problems`."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", hide_input_in_errors=True)
    type: str
    title: str
    status: int
    detail: str
    reason: str
    place: str
    retryable: bool
    instance: str | None = None


class AsOf(Answer):
    """Entries 0…size−1, at `time`."""

    size: int
    time: str


class BreakGlass(Answer):
    """An exceptional grant that nobody has reviewed; `index` is that of its `role.granted`. Every answer says it."""

    granted_by: list[str]
    index: int
    principal: str
    role: str
    valid_until: str


class Entry(Answer):
    """One entry, and where it stands. `entry` is the leaf's JSON (spec/entry.md)."""

    index: int
    leaf: str = Hex
    recorded_at: str
    stream: str
    stream_version: int
    type: str
    entry: dict[str, Any]


class Entries(Answer):
    """A page in order; shorter than `limit` where a token opens only part of it. The next one is in `Link`."""

    entries: list[Entry]


class EventOutcome(Answer):
    """What became of an event id."""

    outcome: Literal["committed", "unknown"]
    index: int | None = None


class Derived(Answer):
    """An entry that followed in the same batch."""

    index: int
    type: str


class Appended(Answer):
    """The receipt of a submission: final, durable, in the signed tree."""

    status: int
    index: int
    event_id: str
    statement_digest: str
    recorded_at: str
    derived: list[Derived]
    entry: dict[str, Any]
    receipt: str


class Receipt(Answer):
    """`receipt` is c2sp.org/tlog-proof under the newest checkpoint; `entry` only for who may read it."""

    index: int
    receipt: str
    entry: dict[str, Any] | None = None


class Judged(Answer):
    """Clearance and policy verdict of one action."""

    clearance: Answered
    clearance_reasons: list[str]
    conditions: list[str]
    decision: int | None
    divergence: str | None
    verdict: Answered
    verdict_digest: str = Hex


class Model(Answer):
    """One model; `valid_until` is the last time at which these answers hold if nothing is recorded."""

    as_of: AsOf
    break_glass: list[BreakGlass]
    stream: str
    actions: dict[str, Judged]
    valid_until: str | None


class ModelRow(Answer):
    """One model of a page."""

    stream: str
    actions: dict[str, Judged]


class Models(Answer):
    """A page by stream."""

    as_of: AsOf
    break_glass: list[BreakGlass]
    models: list[ModelRow]


class Told(Answer):
    """One event of a model's stream."""

    index: int
    recorded_at: str
    type: str


class Diverging(Answer):
    """A decision that differs from the policy verdict, and how."""

    divergence: str
    index: int


class History(Answer):
    """A page of a model's stream, in order; `divergences` are all of the stream's, whatever the page."""

    break_glass: list[BreakGlass]
    divergences: list[Diverging]
    history: list[Told]


class Finding(Answer):
    """One evaluated requirement and the entries that it rests on."""

    pack: str
    clause: str
    ref: str
    requirement: str
    state: Literal["met", "unmet", "unknown", "expired", "out-of-scope"]
    why: str
    indexes: list[int]


class PackRole(Answer):
    """A role of a pack."""

    pack: str
    role: str


class Gate(Answer):
    """Whether it may happen now, what the policy says, and why. `projected`: for a time to come, if nothing is recorded.

    `laws`: those behind a pack that withholds, as `LAW: CLAUSES`.
    """

    as_of: AsOf
    break_glass: list[BreakGlass]
    clearance: Answered
    conditions: list[str]
    decision: int | None
    decision_by: list[PackRole]
    divergence: str | None
    findings: list[Finding]
    inform_before: list[PackRole]
    laws: list[str]
    missing: list[str]
    packs: list[str]
    projected: bool
    reasons: list[str]
    recommendation_by: list[PackRole]
    valid_until: str | None
    verdict: Answered
    verdict_reasons: list[str]


Phase = Literal[
    "requested", "recommended", "approved", "refused", "decided", "carried-out", "reversed", "superseded", "lapsed"
]


class Decision(Answer):
    """One decision; `divergence` where it differs from the policy verdict. `flags`: stable codes, the gravest first."""

    basis: str
    decision: str
    divergence: str | None
    flags: list[str]
    index: int
    phase: Phase
    request: str = Hex
    stream: str
    verdict: Answered


class Undecided(Answer):
    """Something that was begun while no decision stood for it."""

    event: str
    index: int
    stream: str


class Seen(Answer):
    """An entry that a step rests on: `/v1/entries/INDEX/receipt` proves it."""

    event: str
    index: int
    note: str
    principals: list[str]
    recorded_at: str


class Step(Answer):
    """A step: done, still open, asked for by nobody, or against what was wanted."""

    name: str
    note: str
    seen: list[Seen]
    state: Literal["done", "open", "none", "against"]


class Move(Answer):
    """What is missing next: by which role, who holds it now (for who may read the ledger's own stream), and the command."""

    command: str
    holders: list[str]
    note: str
    pack: str
    role: str
    what: str


class DecisionLife(Answer):
    """One request's life; `moves` is empty where nothing is missing."""

    action: str
    as_of: AsOf
    basis: str | None
    break_glass: list[BreakGlass]
    carried_out: list[int]
    clearance: Answered | None
    conditions: list[str]
    decision: int | None
    divergence: str | None
    flags: list[str]
    index: int
    moves: list[Move]
    phase: Phase
    request: str = Hex
    steps: list[Step]
    stream: str
    verdict: Answered


class Decisions(Answer):
    """A page, the diverging ones first."""

    break_glass: list[BreakGlass]
    decisions: list[Decision]
    without_decision: list[Undecided]


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


class Key(Answer):
    """A public key, its owner and its life."""

    alg: str
    index: int
    keyid: str
    principal: str
    revoked_at: int | None
    revoked_because: str | None
    spki: str
    use: str


class Keys(Answer):
    """A page by index, and the log's verifier keys."""

    break_glass: list[BreakGlass]
    keys: list[Key]
    vkeys: list[str]


class Framework(Answer):
    """A published pack, and whether it binds at the time of the answer."""

    binds: bool
    digest: str
    id: str
    index: int
    version: str


class Frameworks(Answer):
    """A page by index."""

    as_of: AsOf
    break_glass: list[BreakGlass]
    frameworks: list[Framework]


class Live(Answer):
    """The process answers."""

    alive: bool


class Ready(Answer):
    """Each part is `ok` or says what is wrong. `writes` are refused where the ledger is read-only."""

    ready: bool
    writes: bool
    parts: dict[str, str]
