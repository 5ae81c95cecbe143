"""The shapes of answers to questions about models and frameworks (`api.about`)."""

from typing import Any, Literal

from pydantic import Field

from api.answers import Answer, AsOf, BreakGlass

State = Literal["met", "unmet", "unknown", "expired", "out-of-scope"]


class CitedEntry(Answer):
    """An entry that an argument rests on. `leaf`: the first digits of its hash."""

    by: list[str]
    command: str
    index: int
    leaf: str
    receipt: str
    recorded_at: str
    stream: str
    type: str


class Call(Answer):
    """A call for a new look that no determination has answered."""

    cause: str
    index: int
    role: str | None


class Doubt(Answer):
    """Why the question stays open although a state stands."""

    indexes: list[int]
    why: str


class Determined(Answer):
    """One determination; open dissent is counted. `dissent_withheld`: there may be more, or none, and nobody is told."""

    back_recorded: bool
    covered_by: int | None
    dissent: int
    dissent_withheld: bool
    evidence: list[int]
    evidence_ended: int | None
    framework: str
    index: int
    leaf: str
    made: Literal["rule", "role"]
    precautionary: bool
    principals: list[str]
    recorded_at: str
    retracted_at: int | None
    review_by: str | None
    signers: list[str]
    state: str
    stream: str
    subjects: list[str]
    tainted_by: int | None
    threshold: str
    vectors: list[str]


class ThresholdRow(Answer):
    """One threshold of a binding pack; `state` is a token of the pack, or null with the reason why none stands."""

    doubt: Doubt | None
    framework: str
    history: list[Determined]
    indexes: list[int]
    key: str
    kind: str | None
    pack: str
    reassess: list[Call]
    ref: str
    standing: State
    state: str | None
    threshold: str
    why: str


class Thresholds(Answer):
    """A page by `key`; `next` asks for the following one."""

    as_of: AsOf
    break_glass: list[BreakGlass]
    next: str | None
    thresholds: list[ThresholdRow]


class Degraded(Answer):
    """Safeguards that no longer work as attested."""

    index: int
    safeguards: list[str]
    since: str


class ClaimScope(Answer):
    """Where a claim holds."""

    audiences: list[str]
    hosts: list[str]
    subjects: list[str]
    surfaces: list[str]


class SafeguardRow(Answer):
    """One attestation; `standing` are the safeguards of it that stand."""

    back_recorded: bool
    degraded: list[Degraded]
    evidence: list[str]
    framework: str
    independence: str
    index: int
    leaf: str
    pack: str
    principals: list[str]
    recorded_at: str
    safeguards: list[str]
    scope: ClaimScope
    signers: list[str]
    standing: list[str]
    state: Literal["valid", "degraded", "expired", "not-yet-valid", "withdrawn", "tainted", "back-recorded"]
    stream: str
    tainted_by: int | None
    valid_from: str
    valid_until: str
    vectors: list[str]
    withdrawn_at: int | None


class Safeguards(Answer):
    """A page by index; `next` asks for the following one."""

    as_of: AsOf
    break_glass: list[BreakGlass]
    next: str | None
    safeguards: list[SafeguardRow]


class TimelineRow(Answer):
    """What happened to a framework; `from`: since when it has effect."""

    digest: str
    id: str
    index: int
    note: str
    since: str | None = Field(alias="from")
    what: Literal["published", "adopted", "scope-determined", "source-drifted", "interpreted"]


class Timeline(Answer):
    """A page by index; `next` asks for the following one. `binding` are the digests of the packs that bind at that position."""

    as_of: AsOf
    binding: list[str]
    break_glass: list[BreakGlass]
    next: str | None
    timeline: list[TimelineRow]


class First(Answer):
    """What must be seen first."""

    entries: list[CitedEntry]
    text: str
    what: Literal["break-glass", "divergence"]


class ArguedFinding(Answer):
    """A finding, its clause and how that is sourced, and the entries that it rests on."""

    clause: str
    entries: list[CitedEntry]
    pack: str
    ref: str
    requirement: str
    sourced: str
    state: State
    why: str


class ArguedClearance(Answer):
    """The clearance, and the entries that it rests on: the decision, its request, gate and approvals, and who was informed."""

    answer: str
    conditions: list[str]
    entries: list[CitedEntry]
    missing: list[str]
    reasons: list[str]


class ArguedVerdict(Answer):
    """The policy verdict."""

    answer: str
    conditions: list[str]
    findings: list[ArguedFinding]
    packs: list[str]
    reasons: list[str]


class Argument(Answer):
    """Why one action's answer is what it is."""

    action: str
    clearance: ArguedClearance
    first: list[First]
    verdict: ArguedVerdict


class Why(Answer):
    """The arguments, one per action."""

    actions: list[Argument]
    as_of: AsOf
    break_glass: list[BreakGlass]


class Change(Answer):
    """One thing that holds otherwise; `causes` are entries between the positions, or `clock`."""

    after: Any
    before: Any
    causes: list[CitedEntry | Literal["clock"]]
    kind: Literal["answer", "attestation", "condition", "decision", "duty", "finding", "threshold"]
    name: list[str]


class Diff(Answer):
    """What changed between two positions. `as_of` is the later one, `from` the earlier."""

    as_of: AsOf
    break_glass: list[BreakGlass]
    changes: list[Change]
    before: AsOf = Field(alias="from")
