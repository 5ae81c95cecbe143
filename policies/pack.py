"""A framework pack, as one frozen strict struct (spec/framework-pack.md). No floats: numbers are decimal strings."""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.fields import Closed, Line, Name, Text
from policies.pack_duties import (
    Binds,
    Clock,
    IncidentCategory,
    Obligation,
    Prohibition,
    ReportField,
    Retention,
    Review,
)
from policies.pack_gate import Gate
from policies.pack_parts import (
    Base,
    ChangeControl,
    Fallback,
    Level,
    Reassess,
    Role,
    Safeguard,
    SafeguardSet,
    Scope,
    Source,
    StateToken,
    Statutory,
    Threshold,
)


class Pack(Closed, frozen=True):
    """One framework version. `binds_whom` of a clause goes before the pack's; `per_clause` says that only clauses tell."""

    binds: Binds
    gates: tuple[Gate, ...]
    id: Name
    in_force_from: Line
    publisher: Line
    roles: tuple[Role, ...]
    safeguards: tuple[Safeguard, ...]
    sets: tuple[SafeguardSet, ...]
    source: Source
    states: tuple[StateToken, ...]
    style: Literal["hard_gate", "reasoned_case", "risk_acceptance", "metric_gate", "obligation"]
    thresholds: tuple[Threshold, ...]
    title: Line
    version: Line
    base: Base | None = None
    binds_whom: Name | None = None
    change_control: ChangeControl | None = None
    clock: Clock | None = None
    determination_rule: Text | None = None
    documents: tuple[Name, ...] = ()
    exceptions: tuple[Fallback, ...] = ()
    enforced_from: Line | None = None
    fallbacks: tuple[Fallback, ...] = ()
    in_force_until: Line | None = None
    incident_categories: tuple[IncidentCategory, ...] = ()
    levels: tuple[Level, ...] = ()
    notes: tuple[Text, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    penalty: Text | None = None
    prohibitions: tuple[Prohibition, ...] = ()
    quorum: Annotated[int, Meta(ge=2, le=9)] = 2
    quorum_units: Annotated[int, Meta(ge=1, le=9)] = 1
    reassess: Reassess | None = None
    report_fields: tuple[ReportField, ...] = ()
    retention: tuple[Retention, ...] = ()
    reviews: tuple[Review, ...] = ()
    scope: Scope | None = None
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

    def state(self, name: str) -> StateToken | None:
        """The state of that id."""
        return next((s for s in self.states if s.id == name), None)

    def favourable(self, state: str) -> bool:
        """Whether a state is one of rank 0; an undeclared one is not."""
        return self.rank(state) == 0

    def rank(self, state: str) -> int | None:
        """How bad a state is; `None` where the pack does not declare it."""
        return next((s.rank for s in self.states if s.id == state), None)
