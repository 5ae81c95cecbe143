"""The shapes of answers about what a model may do: its status, its history and the gate."""

from typing import Literal

from api.answers import Answer, AsOf, BreakGlass, Hex

Answered = Literal["permit", "permit_with_conditions", "undetermined", "deny"]


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
