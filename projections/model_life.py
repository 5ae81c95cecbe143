"""What runs and goes wrong, in a model's status: deployments, training, incidents, reassessments, interim measures, exceptions.

Rows "stream|deployment|index", "stream|training|index" (of the start of a run, or of a pause), "stream|incident|index",
"stream|reassessment|index", "stream|interim|index", "stream|exception|index", each by the entry that opened it.
"""

from collections.abc import Sequence
from typing import Any

from ledger.event import Event
from ledger.events import deployment, exception, incident, interim, reassessment, training
from projections.model_rows import detail, marked, members, place, standing_in
from projections.projection import Change, Look, index_of, must, ordinal


def lived(look: Look, event: Event, said: Any) -> Sequence[Change]:
    """The rows that an event of these families sets."""
    match said:
        case deployment.Started() | deployment.Changed() | deployment.Ended():
            return (_deployed(look, event, said),)
        case training.Started() | training.Paused() | training.Resumed() | training.Ended():
            return _trained(look, event, said)
        case incident.Observed():
            seen = members(said, "first_at", "jurisdictions", "kind", "last_at", "surfaces")
            value = {**place(event), **seen, "incident": event.stream, "resolved_at": None}
            return standing_in(said.models, "incident", event.index, value)
        case incident.Resolved():
            return marked(look, said.incident.index, resolved_at=said.resolved_at)
        case reassessment.Triggered():
            asked = members(said, "cause", "framework", "role", "thresholds")
            return (detail(_name(event, "reassessment", event.index), {**place(event), **asked}),)
        case interim.Approved():
            measures = members(said, "framework", "gate", "measures", "stands_in_for", "valid_until")
            return (detail(_name(event, "interim", event.index), {**place(event), **measures}),)
        case exception.Invoked():
            used = members(said, "exception", "framework", "request", "shown", "valid_until")
            return (detail(_name(event, "exception", event.index), {**place(event), **used}),)
        case _:
            return ()


def _name(event: Event, noun: str, index: int) -> str:
    return f"{event.stream}|{noun}|{ordinal(index)}"


def _deployed(look: Look, event: Event, said: deployment.Started | deployment.Changed | deployment.Ended) -> Change:
    """The row says what holds now; `changed` the entries that made it so."""
    if isinstance(said, deployment.Started):
        began = members(said, "action", "audience", "hosts", "surfaces")
        more: dict[str, Any] = {
            "changed": [],
            "decision": index_of(said.decision),
            "ended_at": None,
            "state": "running",
        }
        return detail(_name(event, "deployment", event.index), {**place(event), **began, **more})
    name = _name(event, "deployment", said.deployment.index)
    row = must(look, name)
    row = {**row, "decision": row["decision"] if said.decision is None else said.decision.index}
    if isinstance(said, deployment.Ended):
        return detail(name, {**row, "ended_at": event.index, "state": "ended"})
    now = members(said, "audience", "hosts", "state", "surfaces")
    return detail(name, {**row, **now, "changed": [*row["changed"], event.index]})


def _trained(
    look: Look, event: Event, said: training.Started | training.Paused | training.Resumed | training.Ended
) -> Sequence[Change]:
    """A run that began before the ledger ends without a row of its own."""
    more: dict[str, Any]
    match said:
        case training.Started():
            began = {**members(said, "compute_planned", "purpose"), "decision": index_of(said.decision)}
            more = {"ended_at": None, "kind": "run", "outcome": None}
            return (detail(_name(event, "training", event.index), {**place(event), **began, **more}),)
        case training.Paused():
            more = {"because": index_of(said.because), "kind": "pause", "resumed_at": None}
            return (detail(_name(event, "training", event.index), {**place(event), **more}),)
        case training.Resumed():
            name, more = _name(event, "training", said.paused.index), {"resumed_at": event.index}
        case training.Ended():
            if said.started is None:
                return ()
            name = _name(event, "training", said.started.index)
            more = {"ended_at": event.index, "outcome": said.outcome}
    return (detail(name, {**must(look, name), **more}),)
