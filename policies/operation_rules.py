"""Admission rules of what runs: training and deployments, each step naming the one that it ends or changes."""

from ledger.event import Event
from ledger.events import deployment, training
from ledger.fields import Reference
from ledger.reasons import Reason, Refused
from ledger.state import State
from policies.facts import Fact
from policies.references import decided_here, said_already


def operation_rule(state: State, event: Event) -> Refused | None:
    """The rule of a `deployment.*` or `training.*` event that does not hold, or `None`."""
    match event.body:
        case deployment.Started() | training.Started() as said:
            return decided_here(state, event.stream, said.decision)
        case deployment.Changed() | deployment.Ended() as said:
            refusal = decided_here(state, event.stream, said.decision)
            return refusal or _open(state, event, "deployment", "deployment.started", said.deployment)
        case training.Resumed() as said:
            refusal = decided_here(state, event.stream, said.decision)
            return refusal or _open(state, event, "training", "training.paused", said.paused)
        case training.Ended() as said:
            return None if said.started is None else _open(state, event, "training", "training.started", said.started)
        case _:
            return None


def _open(state: State, event: Event, table: str, began: str, reference: Reference) -> Refused | None:
    """What is named began in this very stream, as `began`, and nothing has ended it."""
    facts: tuple[Fact, ...] = state.get(table, event.stream) or ()
    if not any(f.index == reference.index and f.body.event.name == began for f in facts):
        return Refused(Reason.REFERENCE_WRONG, f"entry {reference.index} is no {began} of this model")
    end = next((f for f in facts if _ends(f) == reference.index), None)
    return said_already(end, f"what began at index {reference.index} was ended")


def _ends(fact: Fact) -> int | None:
    """The index of what a fact ends."""
    match fact.body:
        case deployment.Ended() as said:
            return said.deployment.index
        case training.Resumed() as said:
            return said.paused.index
        case training.Ended() as said:
            return None if said.started is None else said.started.index
        case _:
            return None
