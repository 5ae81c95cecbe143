"""Events into facts: which fold takes which family, and which models an entry names from outside their streams."""

from collections.abc import Callable
from typing import Any, Final

from ledger.event import Event
from ledger.events import document, incident, safeguard, threshold
from ledger.fields import Reference
from ledger.state import State
from policies.facts import Fact, fact_of
from policies.folds import decisions, evidence, operations
from policies.folds.ends import fold_ends

FOLDS: Final[dict[str, Callable[[State, Event, Fact], None]]] = {
    "action": decisions.fold_decision,
    "approval": decisions.fold_decision,
    "body": decisions.fold_decision,
    "concern": operations.fold_concern,
    "decision": decisions.fold_decision,
    "deployment": operations.fold_deployment,
    "disclosure": operations.fold_disclosure,
    "document": evidence.fold_document,
    "evaluation": evidence.fold_evaluation,
    "exception": decisions.fold_decision,
    "framework": evidence.fold_framework,
    "gate": decisions.fold_decision,
    "incident": operations.fold_incident,
    "interim": decisions.fold_decision,
    "model": evidence.fold_model,
    "obligation": operations.fold_obligation,
    "reassessment": evidence.fold_model,
    "recommendation": decisions.fold_decision,
    "replay": operations.fold_disclosure,
    "safeguard": evidence.fold_safeguard,
    "threshold": evidence.fold_threshold,
    "training": operations.fold_training,
}
"""By the first word of an event type's name. Trust events are `ledger.trust`'s and have no line (a test compares the two)."""


def fold_facts(state: State, event: Event) -> None:
    """Fold one event; trust events leave these tables alone."""
    fold = FOLDS.get(event.name.partition(".")[0])
    if fold is not None:
        fact = fact_of(event)
        fold(state, event, fact)
        fold_ends(state, event, fact)


def named_models(state: State, event: Event) -> tuple[str, ...]:
    """Model streams that an entry names from outside them: each gets a derived `model.referenced` (domain.md §2)."""
    said = event.body
    named: tuple[str, ...] = ()
    match said:
        case safeguard.Attested():
            named = said.scope.subjects
        case safeguard.Degraded() | safeguard.Withdrawn():
            named = _named_in(state, "attested", said.attestation)
        case document.Submitted():
            named = said.covers
        case document.Confirmed() | document.Published():
            named = _named_in(state, "submitted", said.document)
        case incident.Observed():
            named = said.models
        case incident.InvolvementKnown() | incident.Classified() | incident.ReportFiled() | incident.Resolved():
            named = _named_in(state, "observed", said.incident)
        case threshold.Determined():
            named = said.subjects
        case _:
            pass
    return tuple(sorted({s for s in named if s != event.stream}))


def _named_in(state: State, table: str, reference: Reference) -> tuple[str, ...]:
    """The models that the entry referred to names."""
    fact: Fact | None = state.get(table, str(reference.index))
    return () if fact is None else _models_of(fact.body)


def _models_of(said: Any) -> tuple[str, ...]:
    match said:
        case safeguard.Attested():
            return said.scope.subjects
        case document.Submitted():
            return said.covers
        case incident.Observed():
            return said.models
        case _:
            return ()
