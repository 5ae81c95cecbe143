"""Folds of requests, recommendations, gate answers, approvals, decisions, interim measures and exceptions."""

from ledger.event import Event
from ledger.events import action, approval, body, decision, exception, gate, interim, recommendation
from ledger.state import State
from policies.facts import Fact


def fold_decision(state: State, event: Event, fact: Fact) -> None:
    """The life of a decision, from the request to whom it was told."""
    match event.body:
        case action.Requested():
            state.put("request", event.digest, fact)
        case gate.Evaluated() as said:
            state.put("gate", said.request, fact)
            state.put("gate_at", str(event.index), said.answer)
        case recommendation.Issued() as said:
            state.append("recommended", said.request, fact)
        case approval.Given() | approval.Refused() as said:
            state.put("approval", event.digest, fact)
            state.append("approvals", said.request, event.digest)
        case approval.Withdrawn() as said:
            state.put("approval_ended", said.approval, event.index)
        case decision.Made():
            state.append("decision", event.stream, fact)
            state.put("decided", event.digest, fact)
        case body.Informed() as said:
            state.append("informed", said.of, fact)
        case interim.Approved():
            state.append("interim", event.stream, fact)
        case exception.Invoked():
            state.append("exception", event.stream, fact)
        case _:
            pass
