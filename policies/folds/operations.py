"""Folds of what runs and what goes wrong: deployments, training, incidents, duties, concerns, disclosures."""

from ledger.event import Event
from ledger.events import concern, disclosure, incident, replay
from ledger.state import State
from policies.facts import Fact, opened_of


def fold_deployment(state: State, event: Event, fact: Fact) -> None:
    """`deployment.*`, each in its model's stream."""
    state.append("deployment", event.stream, fact)
    _relies(state, fact)


def fold_training(state: State, event: Event, fact: Fact) -> None:
    """`training.*`, each in its model's stream."""
    state.append("training", event.stream, fact)
    _relies(state, fact)


def _relies(state: State, fact: Fact) -> None:
    """By the decision that an operation names, if it names one."""
    named = getattr(fact.body, "decision", None)
    if named is not None:
        state.append("relying", str(named.index), fact)


def fold_incident(state: State, event: Event, fact: Fact) -> None:
    """`incident.*`: all of a stream in order, and by kind what duties ask for."""
    state.append("incident", event.stream, fact)
    match event.body:
        case incident.Observed() as said:
            state.put("observed", str(event.index), fact)
            for stream in said.models:
                state.append("incidents_of", stream, fact)
        case incident.Classified():
            state.append("classified", event.stream, fact)
        case incident.ReportFiled():
            state.append("report", event.stream, fact)
        case _:
            pass


def fold_obligation(state: State, event: Event, fact: Fact) -> None:
    """`obligation.*`: what people say of one duty."""
    said = event.body
    state.append("obligation_said", f"{said.framework}|{said.obligation}|{opened_of(said)}", fact)


def fold_concern(state: State, event: Event, fact: Fact) -> None:
    """`concern.*`: digests alone."""
    state.append("concern", event.stream, fact)
    if isinstance(event.body, concern.Raised):
        state.put("raised", str(event.index), fact)


def fold_disclosure(state: State, event: Event, fact: Fact) -> None:
    """`disclosure.*` and `replay.*`."""
    match event.body:
        case disclosure.Made():
            state.append("disclosed", event.stream, fact)
        case disclosure.Erased() as said:
            state.append("erased", said.stream, fact)
        case replay.Performed():
            state.append("replayed", event.stream, fact)
        case _:
            pass
