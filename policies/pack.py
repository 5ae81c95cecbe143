"""The parts of a framework pack, as frozen strict structs (spec/framework-pack.md). No floats: numbers are decimal strings."""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.fields import Closed, Comparator, Count, Decimal, Digest, Line, Name, Text

Effect = Literal[
    "block", "halt_development", "pause_training", "pause_development_and_deployment", "delay", "statutory_violation",
    "penalty", "interim_measures_or_block", "interim_measures_or_delete_weights", "more_mitigation", "not_accepted",
    "risk_not_accepted", "non_conformance", "block_standard_undefined",
]  # fmt: skip
Action = Literal[
    "train", "continue_development", "store_weights", "internal_deploy", "controlled_deploy", "external_deploy",
    "release_weights", "publish_report",
]  # fmt: skip


class Source(Closed, frozen=True):
    """What the pack was written from; a pack with unread parts never permits alone."""

    citation: Text
    digest: Digest
    sourcing: Line
    unread_parts: tuple[Line, ...] = ()


class StateToken(Closed, frozen=True):
    """A state that a threshold can be in. `rank` orders them: higher is worse; 0 alone is favourable."""

    id: Name
    rank: Annotated[int, Meta(ge=0, le=9)]


class Level(Closed, frozen=True):
    """A named set of requirements; `undefined` = announced, its contents not written by the issuer."""

    id: Name
    order: Count
    undefined: bool = False


class NumberRule(Closed, frozen=True):
    """Where the pack lets a number decide: `metric comparator value` holds → state `holds`, else `fails`."""

    comparator: Comparator
    fails: Name
    holds: Name
    metric: Line
    value: Decimal


class Determination(Closed, frozen=True):
    """How the issuer says that a threshold is determined, for people; only `rule` lets a number decide.

    `expert_case` an attested judgement with evidence · `quantitative` a number is named · `hybrid` both.
    """

    kind: Literal["quantitative", "hybrid", "expert_case"]
    baseline: Text | None = None
    comparator: Comparator | None = None
    derivation: Text | None = None
    metric: Line | None = None
    proxies: Text | None = None
    upper: Decimal | None = None
    value: Decimal | None = None


class RulesOut(Closed, frozen=True):
    """A determination of this threshold in `state` is enough to determine `thresholds` in that state too."""

    state: Name
    thresholds: tuple[Name, ...]


class Threshold(Closed, frozen=True):
    """What is watched."""

    determination: Determination
    domain: Name
    id: Name
    kind: Literal["capability", "checkpoint", "watch", "criterion"]
    ref: Line
    summary: Text
    on_reach: tuple[Line, ...] = ()
    requires_sets: tuple[Name, ...] = ()
    rule: NumberRule | None = None
    rules_out: RulesOut | None = None


class SafeguardSet(Closed, frozen=True):
    """An empty `safeguards` is a standard announced but undefined: it can never be satisfied."""

    id: Name
    safeguards: tuple[Name, ...]
    operator: Literal["all"] = "all"


class Safeguard(Closed, frozen=True):
    """What lowers the risk."""

    id: Name
    kind: Literal["deployment", "security", "governance"]
    ref: Line
    summary: Text


class When(Closed, frozen=True):
    """Exactly one of: `always` · `any_of` + `state_in` · `all_of_kind` + `state` · `fact` + `comparator` + `value`."""

    all_of_kind: Literal["capability"] | None = None
    always: bool = False
    any_of: tuple[Name, ...] = ()
    comparator: Comparator | None = None
    fact: Name | None = None
    state: Name | None = None
    state_in: tuple[Name, ...] = ()
    value: Decimal | None = None


class Gate(Closed, frozen=True):
    """What an action needs, who decides it, who is informed before it, and what follows where something is unmet."""

    actions: Annotated[tuple[Action, ...], Meta(min_length=1)]
    effect: Effect
    id: Name
    ref: Line
    when: When
    condition: Text | None = None
    decision_by: tuple[Name, ...] = ()
    inform_before: tuple[Name, ...] = ()
    note: Text | None = None
    requires_documents: tuple[Name, ...] = ()
    requires_metrics: tuple[Name, ...] = ()
    requires_safeguards: tuple[Name, ...] = ()
    requires_sets: tuple[Name, ...] = ()


class Role(Closed, frozen=True):
    """A holder with verbs."""

    acts: tuple[Name, ...]
    id: Name
    title: Line | None = None


class Fallback(Closed, frozen=True):
    """A way on when something is unmet, or an exception, and who approves it."""

    id: Name
    ref: Line
    summary: Text
    approved_by: tuple[Name, ...] = ()
    inform: tuple[Name, ...] = ()


class Reassess(Closed, frozen=True):
    """What makes a favourable determination stale."""

    ref: Line
    compute_fact: Name | None = None
    compute_ratio: Decimal | None = None
    max_age_months: Count | None = None


class Obligation(Closed, frozen=True):
    """What must follow. `trigger_event` is an event type, `calendar`, or `not_tracked` with the reason in `trigger`."""

    form: Line
    id: Name
    recipient: Line
    ref: Line
    trigger: Line
    trigger_event: Name
    deadline: Line | None = None
    every: Line | None = None


class ChangeControl(Closed, frozen=True):
    """How the framework itself may change."""

    approved_by: tuple[Name, ...]
    proposed_by: tuple[Name, ...]
    ref: Line
    consulted: tuple[Name, ...] = ()
    publish: Line | None = None


class Statutory(Closed, frozen=True):
    """The law that makes this own framework binding, and the clauses."""

    clauses: tuple[Line, ...]
    law: Name


class Pack(Closed, frozen=True):
    """One framework version."""

    binds: Literal["own", "code", "law"]
    gates: tuple[Gate, ...]
    id: Name
    in_force_from: Line
    publisher: Line
    roles: tuple[Role, ...]
    safeguards: tuple[Safeguard, ...]
    sets: tuple[SafeguardSet, ...]
    source: Source
    states: Annotated[tuple[StateToken, ...], Meta(min_length=2)]
    style: Literal["hard_gate", "reasoned_case", "risk_acceptance", "metric_gate", "obligation"]
    thresholds: tuple[Threshold, ...]
    title: Line
    version: Line
    change_control: ChangeControl | None = None
    determination_rule: Text | None = None
    documents: tuple[Name, ...] = ()
    exceptions: tuple[Fallback, ...] = ()
    fallbacks: tuple[Fallback, ...] = ()
    in_force_until: Line | None = None
    levels: tuple[Level, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    quorum: Annotated[int, Meta(ge=2, le=9)] = 2
    reassess: Reassess | None = None
    statutory: Statutory | None = None
    superseded_by: Name | None = None
    supersedes: Name | None = None

    def threshold(self, name: str) -> Threshold | None:
        """The threshold of that id."""
        return next((t for t in self.thresholds if t.id == name), None)

    def gate(self, name: str) -> Gate | None:
        """The gate of that id."""
        return next((g for g in self.gates if g.id == name), None)

    def safeguard_set(self, name: str) -> SafeguardSet:
        """The set of that id; the loader made sure that it exists."""
        return next(s for s in self.sets if s.id == name)

    def rank(self, state: str) -> int | None:
        """How bad a state is; `None` where the pack does not declare it."""
        return next((s.rank for s in self.states if s.id == state), None)
