"""`decisions`: what people decided, what the policy said, and who stands behind it; divergences first.

Rows: "decision|index" (`Rank.FIRST` where it diverges from the verdict that it cites) and, for the fold alone, "request|digest",
"gate|index", "approval|digest", "decided|digest". An approval withdrawn, advice, a body informed, an operation or a decision that
supersedes it later shows in the decision's own row. Free text that may be withheld is not in it.
"""

from collections.abc import Sequence
from typing import Any, Final, assert_never

from ledger.event import Event
from ledger.events import (
    action,
    approval,
    body,
    break_glass,
    concern,
    decision,
    deployment,
    disclosure,
    document,
    entry,
    evaluation,
    exception,
    framework,
    gate,
    incident,
    index,
    interim,
    key,
    ledger,
    log,
    model,
    obligation,
    principal,
    reassessment,
    recommendation,
    replay,
    role,
    root,
    rules,
    safeguard,
    threshold,
    token,
    training,
)
from policies.divergence import UNRECORDED, divergence_of, laws_in
from projections.projection import AnyBody, Change, Look, Projection, Rank, Row, index_of, must, ordinal


def decision_key(index: int) -> str:
    """The key of a decision's row."""
    return f"decision|{ordinal(index)}"


def _lookup(key_: str, value: dict[str, Any]) -> Change:
    return key_, Row(Rank.LOOKUP, value)


def _again(look: Look, key_: str, **more: Any) -> Change:
    """The row under `key_` with some members replaced; its rank stays."""
    value = must(look, key_)
    row = look(key_)
    return key_, Row(Rank.LOOKUP if row is None else row.rank, {**value, **more})


def _changes(look: Look, event: Event) -> Sequence[Change]:
    said: AnyBody = event.body
    match said:
        case action.Requested():
            return (_lookup(f"request|{event.digest}", _request(event, said)),)
        case gate.Evaluated():
            return (_lookup(f"gate|{event.index}", {"answer": said.answer, "reasons": list(said.reasons)}),)
        case approval.Given():
            return (_lookup(f"approval|{event.digest}", _approval(event, said.verb, said.valid_until)),)
        case approval.Refused():
            return (_lookup(f"approval|{event.digest}", _approval(event, said.verb, None)),)
        case approval.Withdrawn():
            return _withdrawn(look, event, said)
        case decision.Made():
            return _made(look, event, said)
        case body.Informed():
            return _informed(look, event, said)
        case recommendation.Issued():
            return _recommended(look, event, said)
        case (
            deployment.Started() | deployment.Changed() | deployment.Ended() | training.Started() | training.Resumed()
        ):  # fmt: skip
            if said.decision is None:
                return ()
            name = decision_key(said.decision.index)
            begun = {"event": event.name, "index": event.index}
            return (_again(look, name, operations=[*must(look, name)["operations"], begun]),)
        case (
            break_glass.Reviewed() | concern.Assigned() | concern.Found() | concern.Raised() | disclosure.Erased()
            | disclosure.Made() | document.Confirmed() | document.Published() | document.Submitted() | evaluation.Amended()
            | evaluation.Invalidated() | evaluation.Preregistered() | evaluation.Recorded() | exception.Invoked()
            | framework.Adopted() | framework.Interpreted() | framework.Published() | framework.ScopeDetermined()
            | framework.SourceDrifted() | incident.Classified() | incident.InvolvementKnown() | incident.Observed()
            | incident.ReportFiled() | incident.Resolved() | entry.Suppressed() | index.Committed()
            | ledger.Frozen() | ledger.Restored() | log.Rotated() | root.Rotated() | rules.Adopted()
            | interim.Approved()
            | key.Registered() | key.Revoked() | ledger.Founded()
            | model.ComputeReached() | model.Referenced() | model.Registered()
            | obligation.Fulfilled() | obligation.NotApplicable() | obligation.Tolled() | principal.Registered()
            | reassessment.Triggered() | replay.Performed() | role.Granted() | role.Revoked() | safeguard.Attested()
            | safeguard.Degraded() | safeguard.Withdrawn() | threshold.Determined() | threshold.Retracted()
            | token.Issued() | token.Revoked() | training.Ended() | training.Paused()
        ):  # fmt: skip
            return ()
        case _:
            assert_never(said)


def _request(event: Event, said: action.Requested) -> dict[str, Any]:
    return {
        "action": said.action,
        "artifact": said.artifact,
        "audience": said.audience,
        "decisions": [],
        "hosts": list(said.hosts),
        "index": event.index,
        "informed": [],
        "jurisdictions": list(said.jurisdictions),
        "packs": list(said.packs),
        "principals": list(event.principals),
        "recommended": [],
        "surfaces": list(said.surfaces),
    }


def _approval(event: Event, verb: str, valid_until: str | None) -> dict[str, Any]:
    return {
        "decisions": [],
        "given": event.name == "approval.given",
        "index": event.index,
        "principals": list(event.principals),
        "signers": list(event.signers),
        "valid_until": valid_until,
        "verb": verb,
        "withdrawn_at": None,
    }


def _made(look: Look, event: Event, said: decision.Made) -> Sequence[Change]:
    name = decision_key(event.index)
    asked = must(look, f"request|{said.request}")
    gate_row = look(f"gate|{said.gate.index}")
    verdict: str = UNRECORDED if gate_row is None else gate_row.value["answer"]
    divergence = divergence_of(said.decision, verdict, laws_in(() if gate_row is None else gate_row.value["reasons"]))
    approvals = {d: must(look, f"approval|{d}") for d in said.approvals}
    value = {
        "action": asked["action"],
        "approvals": [_shown(a) for a in approvals.values()],
        "back_recorded": event.back_recorded,
        "basis": said.basis,
        "conditions": list(said.conditions),
        "decision": said.decision,
        "operations": [],
        "digest": event.digest,
        "divergence": divergence,
        "divergence_reason": said.divergence_reason,
        "gate": {"answer": verdict, "index": said.gate.index},
        "index": event.index,
        "informed": asked["informed"],
        "leaf": event.leaf,
        "principals": list(event.principals),
        "recommended": asked["recommended"],
        "recorded_at": event.recorded_at,
        "request": {k: v for k, v in asked.items() if k not in ("decisions", "informed", "recommended")},
        "review_by": said.review_by,
        "signers": list(event.signers),
        "stream": event.stream,
        "superseded_by": None,
        "supersedes": index_of(said.supersedes),
        "valid_until": said.valid_until,
        "without_recommendation": list(said.without_recommendation),
    }
    changes = [
        (name, Row(Rank.LISTED if divergence is None else Rank.FIRST, value)),
        _lookup(f"decided|{event.digest}", {"index": event.index}),
        _again(look, f"request|{said.request}", decisions=[*asked["decisions"], event.index]),
        *(_again(look, f"approval|{d}", decisions=[*a["decisions"], event.index]) for d, a in approvals.items()),
    ]
    if said.supersedes is not None:
        changes.append(_again(look, decision_key(said.supersedes.index), superseded_by=event.index))
    return changes


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in row.items() if k != "decisions"}


def _withdrawn(look: Look, event: Event, said: approval.Withdrawn) -> Sequence[Change]:
    name = f"approval|{said.approval}"
    row = {**must(look, name), "withdrawn_at": event.index}
    changes = [_lookup(name, row)]
    for at in row["decisions"]:
        rests = must(look, decision_key(at))["approvals"]
        shown = [_shown(row) if a["index"] == row["index"] else a for a in rests]
        changes.append(_again(look, decision_key(at), approvals=shown))
    return changes


def _informed(look: Look, event: Event, said: body.Informed) -> Sequence[Change]:
    told = {"body": said.body, "index": event.index, "principals": list(event.principals)}
    decided = look(f"decided|{said.of}")
    if decided is not None:
        name = decision_key(decided.value["index"])
        return (_again(look, name, informed=[*must(look, name)["informed"], told]),)
    return _added(look, said.of, "informed", told)


def _recommended(look: Look, event: Event, said: recommendation.Issued) -> Sequence[Change]:
    advice = {
        "index": event.index,
        "principals": list(event.principals),
        "recommendation": said.recommendation,
        "role": said.role,
    }
    return _added(look, said.request, "recommended", advice)


def _added(look: Look, request: str, member: str, value: dict[str, Any]) -> Sequence[Change]:
    """One more in a list of the request, and of each decision on it."""
    names = (f"request|{request}", *(decision_key(index) for index in must(look, f"request|{request}")["decisions"]))
    return [_again(look, name, **{member: [*must(look, name)[member], value]}) for name in names]


def _reads(event: Event) -> tuple[str, ...]:
    said = event.body
    match said:
        case decision.Made():
            old = () if said.supersedes is None else (decision_key(said.supersedes.index),)
            approvals = (f"approval|{d}" for d in said.approvals)
            return (f"request|{said.request}", f"gate|{said.gate.index}", *approvals, *old)
        case approval.Withdrawn():
            return (f"approval|{said.approval}",)
        case body.Informed():
            return (f"decided|{said.of}", f"request|{said.of}")
        case recommendation.Issued():
            return (f"request|{said.request}",)
        case (
            deployment.Started() | deployment.Changed() | deployment.Ended() | training.Started() | training.Resumed()
        ) if said.decision is not None:  # fmt: skip
            return (decision_key(said.decision.index),)
        case _:
            return ()


DECISIONS: Final = Projection("decisions", 1, _changes, _reads)
