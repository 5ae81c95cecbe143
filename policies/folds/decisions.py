"""Folds of requests, recommendations, gate answers, approvals, decisions, interim measures and exceptions."""

from ledger.event import Event
from ledger.events import action, approval, body, decision, exception, gate, interim, recommendation
from ledger.state import State
from policies.divergence import laws_in
from policies.facts import Fact, Published, holds
from policies.verbs import Reversal, reversing_role


def fold_decision(state: State, event: Event, fact: Fact) -> None:
    """The life of a decision, from the request to whom it was told."""
    match event.body:
        case action.Requested():
            state.put("request", event.digest, fact)
        case gate.Evaluated() as said:
            state.put("gate", said.request, fact)
            state.put("gate_at", str(event.index), said.answer)
            laws = laws_in(said.reasons)
            if laws:
                state.put("gate_laws", str(event.index), laws)
        case recommendation.Issued() as said:
            state.append("recommended", said.request, fact)
        case approval.Given() | approval.Refused() as said:
            state.put("approval", event.digest, fact)
            state.append("approvals", said.request, event.digest)
        case approval.Withdrawn() as said:
            state.put("approval_ended", said.approval, event.index)
        case decision.Made() as said:
            state.append("decision", event.stream, fact)
            state.put("decided", event.digest, fact)
            state.put("cited", event.digest, state.get("gate", said.request))
            role = None if said.supersedes is None else reversing_role(state, event)
            if said.supersedes is not None:
                state.append("superseded", str(said.supersedes.index), fact)
                if role is not None:
                    state.put("reversed", str(said.supersedes.index), Reversal(event.index, *role))
        case body.Informed() as said:
            state.append("informed", said.of, fact)
        case interim.Approved():
            state.append("interim", event.stream, fact)
        case exception.Invoked():
            state.append("exception", event.stream, fact)
            published: Published | None = state.get("published", event.body.framework)
            named = () if published is None else tuple((published.pack.id, r.id) for r in published.pack.roles)
            held = tuple(f"{pack}|{role}" for pack, role in named if holds(state, event, pack, role))
            state.put("acted_as", str(event.index), held)
        case _:
            pass
