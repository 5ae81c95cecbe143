"""`holdpoint-rules/1`: admission rules of the meaningful events, and what they derive. Passed to `append` and to `replay`.

A fix to anything here is a new rules version: an auditor must be able to replay what was admitted under this one.
"""

from collections.abc import Callable
from typing import Final

from ledger.admit import Rules
from ledger.event import Derived, Event
from ledger.events import evaluation, model, threshold
from ledger.fields import Reference
from ledger.reasons import Refused
from ledger.state import State
from policies.answer import AsOf
from policies.decide import decision_rule, verdict_on
from policies.duties import TABLE as DUTIES
from policies.duty_fold import duty_changes
from policies.duty_rules import duty_rule
from policies.evidence_rules import evidence_rule
from policies.exception_rules import exception_rule
from policies.facts import Fact, Published
from policies.fold import fold_facts, named_models
from policies.framework_rules import framework_rule
from policies.incident_rules import incident_rule
from policies.numbers import compare, exact
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

    version = "holdpoint-rules/1"

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
            *_references(state, event), *_determined(state, event), *_retracted(state, event), *_gate(state, event),
        )  # fmt: skip


def _references(state: State, event: Event) -> tuple[Derived, ...]:
    return tuple(
        Derived(
            model.Referenced(index=event.index, leaf=event.leaf, type=event.name), stream, state.get("subject", stream)
        )
        for stream in named_models(state, event)
    )


def _determined(state: State, event: Event) -> tuple[Derived, ...]:
    """Where the pack lets a number decide: a favourable state needs a complete, successful, unedited run; the other doesn't."""
    said = event.body
    if event.name != "evaluation.recorded" or said.preregistration is None:
        return ()
    promised: Fact = state.get("prereg", str(said.preregistration.entry.index))
    published: Published = state.get("published", promised.body.framework)
    watched = published.pack.threshold(promised.body.threshold)
    if watched is None or watched.rule is None or not isinstance(said.scores, tuple):
        return ()
    values = [s for s in said.scores if (s.scorer, s.name) == (promised.body.scorer, promised.body.metric)]
    if len(values) != 1:
        return ()
    rule = watched.rule
    if exact(values[0].value) is None:
        return ()
    holds = compare(values[0].value, rule.comparator, rule.value)
    state_token = rule.holds if holds else rule.fails
    if published.pack.rank(state_token) == 0 and said.preregistration.outcome != "matches":
        return ()
    body = threshold.Determined(
        evidence=(Reference(index=event.index, leaf=event.leaf),),
        framework=promised.body.framework,
        made="rule",
        precautionary=False,
        review_by=None,
        state=state_token,
        subjects=(event.stream,),
        threshold=watched.id,
    )
    return (Derived(body, event.stream, event.subject),)


def _retracted(state: State, event: Event) -> tuple[Derived, ...]:
    """A result that is amended or invalidated takes what was determined by rule on it along, once."""
    said = event.body
    match said:
        case evaluation.Invalidated():
            result = said.evaluation
        case evaluation.Amended() if not said.only_encoding:
            result = said.amends
        case _:
            return ()
    because = Reference(index=event.index, leaf=event.leaf)
    ruled: list[Fact] = [state.get("determined", str(i)) for i in state.get("ruled", str(result.index)) or ()]
    return tuple(
        Derived(
            threshold.Retracted(
                because=because,
                determination=Reference(index=fact.index, leaf=fact.leaf),
                framework=fact.body.framework,
                threshold=fact.body.threshold,
            ),
            event.stream,
            event.subject,
        )
        for fact in ruled
        if state.get("retracted", str(fact.index)) is None
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
