"""What was carried out, and whether a decision stood for it then (access.md §3): by index, not by what stands now."""

from typing import Final

from ledger.events import deployment, training
from ledger.state import State
from policies.binding import binding_packs
from policies.divergence import PERMITTING
from policies.facts import Fact

BEGIN: Final = (deployment.Started, training.Started, training.Resumed)


def decisions_on(state: State, stream: str) -> tuple[Fact, ...]:
    """The decisions on a model, oldest first."""
    found: tuple[Fact, ...] = state.get("decision", stream) or ()
    return found


def relying(state: State, made: Fact) -> tuple[Fact, ...]:
    """Operations that name the decision, in order."""
    found: tuple[Fact, ...] = state.get("relying", str(made.index)) or ()
    return found


def superseding(state: State, made: Fact) -> tuple[Fact, ...]:
    """The decisions that take the place of this one, in order."""
    found: tuple[Fact, ...] = state.get("superseded", str(made.index)) or ()
    return found


def stood(state: State, made: Fact, operation: Fact) -> bool:
    """Whether a decision permitted when an operation relied on it: earlier, for this action, not ended by then."""
    until = made.body.valid_until
    request: Fact | None = state.get("request", made.body.request)
    return (
        made.body.decision in PERMITTING
        and made.index < operation.index
        and all(f.index > operation.index for f in superseding(state, made))
        and (until is None or operation.recorded_at <= until)
        and request is not None
        and request.body.action == action_of(state, operation)
        and not made.back_recorded
    )


def action_of(state: State, operation: Fact) -> str:
    """The action that an operation carries out."""
    body = operation.body
    if isinstance(body, deployment.Changed | deployment.Ended):
        began = next(
            (f for f in state.get("deployment", operation.stream) or () if f.index == body.deployment.index), None
        )
        return "" if began is None else str(began.body.action)
    return str(body.action) if isinstance(body, deployment.Started) else "train"


def without_decision(state: State, stream: str) -> tuple[Fact, ...]:
    """What was begun on a model while no decision stood for it: deployments, and training where a pack of then gates it."""
    found: list[Fact] = [f for t in ("deployment", "training") for f in state.get(t, stream) or ()]
    made = {f.index: f for f in decisions_on(state, stream)}
    lacking: list[Fact] = []
    for fact in sorted(found, key=lambda f: f.index):
        if not isinstance(fact.body, BEGIN):
            continue
        relied = None if fact.body.decision is None else made.get(fact.body.decision.index)
        gated = isinstance(fact.body, deployment.Started) or any(
            "train" in g.actions for p in binding_packs(state, fact.recorded_at) for g in p.pack.gates
        )
        if gated and (relied is None or not stood(state, relied, fact)):
            lacking.append(fact)
    return tuple(lacking)
