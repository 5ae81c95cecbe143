"""`holdpoint-rules/1`: admission rules of the meaningful events, and what they derive. Passed to `append` and to `replay`.

A fix to anything here is a new rules version: an auditor must be able to replay what was admitted under this one.
"""

from collections.abc import Callable
from typing import Final

from ledger.admit import Rules
from ledger.event import Derived, Event
from ledger.events import model
from ledger.reasons import Refused
from ledger.state import State
from policies.answer import RULES_VERSION, AsOf
from policies.by_rule import determined_by_rule, retracted_by_rule
from policies.decide import decision_rule, verdict_on
from policies.duties import TABLE as DUTIES
from policies.duty_fold import duty_changes
from policies.duty_rules import duty_rule
from policies.evidence_rules import evidence_rule
from policies.exception_rules import exception_rule
from policies.facts import Fact
from policies.fold import fold_facts, named_models
from policies.framework_rules import framework_rule
from policies.incident_rules import incident_rule
from policies.operation_rules import operation_rule
from policies.recorded import evaluated

RULE_OF: Final[dict[str, Callable[[State, Event], Refused | None]]] = {
    "action": decision_rule,
    "approval": decision_rule,
    "body": decision_rule,
    "concern": duty_rule,
    "decision": decision_rule,
    "deployment": operation_rule,
    "disclosure": duty_rule,
    "document": evidence_rule,
    "evaluation": evidence_rule,
    "exception": exception_rule,
    "framework": framework_rule,
    "incident": incident_rule,
    "interim": decision_rule,
    "model": evidence_rule,
    "obligation": duty_rule,
    "reassessment": evidence_rule,
    "recommendation": decision_rule,
    "replay": duty_rule,
    "safeguard": evidence_rule,
    "threshold": evidence_rule,
    "training": operation_rule,
}
"""By the first word of an event type's name; trust events have their rules in `ledger.trust_rules`, and `gate` is derived."""


class HoldpointRules:
    """The rules of version 1, as the value that admission and replay are given."""

    version = RULES_VERSION

    def refusal(self, state: State, event: Event) -> Refused | None:
        """The rule of the event's own type that does not hold, or `None`."""
        rule = RULE_OF.get(event.name.partition(".")[0])
        return None if rule is None else rule(state, event)

    def fold(self, state: State, event: Event) -> None:
        """Fold an admitted event into the policy tables."""
        fold_facts(state, event)
        for key, row in duty_changes(lambda name: state.get(DUTIES, name), event):
            state.put(DUTIES, key, row)

    def derive(self, state: State, event: Event) -> tuple[Derived, ...]:
        """References first, then determinations by rule, retractions, the gate: each sees the state after its cause."""
        return (
            *_references(state, event), *determined_by_rule(state, event), *retracted_by_rule(state, event),
            *_gate(state, event),
        )  # fmt: skip


def _references(state: State, event: Event) -> tuple[Derived, ...]:
    return tuple(
        Derived(
            model.Referenced(index=event.index, leaf=event.leaf, type=event.name), stream, state.get("subject", stream)
        )
        for stream in named_models(state, event)
    )


def _gate(state: State, event: Event) -> tuple[Derived, ...]:
    """With the request, and again after each approval: a decision cites the newest."""
    if event.name == "action.requested":
        request: Fact = state.get("request", event.digest)
    elif event.name in ("approval.given", "approval.refused", "approval.withdrawn"):
        request = state.get("request", event.body.request)
    else:
        return ()
    as_of = AsOf(event.index + 1, event.recorded_at)
    verdict = verdict_on(state, request, as_of)
    body = evaluated(request, verdict, as_of)
    return (Derived(body, event.stream, event.subject),)


RULES: Rules = HoldpointRules()
