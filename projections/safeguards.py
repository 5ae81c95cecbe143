"""`safeguards`: which safeguards were attested, for which models and where, until when; what degraded, what was withdrawn.

Rows: "safeguard stream|index", an attestation (`Rank.FIRST` where something of it degraded or it was withdrawn) · "model
stream|index", which names the row of an attestation that covers the model. For the fold alone: "of|index". Whether one counts
at a gate is `policies.evidence`'s, as of a position and time. `detail` may be withheld and is not here.
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
from policies.facts import Fact
from projections.projection import AnyBody, Change, Look, Projection, Rank, Row, as_json, must, ordinal


def shown(found: Event | Fact) -> dict[str, Any]:
    """An attestation without anything that may be withheld."""
    said: safeguard.Attested = found.body
    return {
        "back_recorded": found.back_recorded,
        "evidence": [e.digest for e in said.evidence],
        "framework": said.framework,
        "independence": said.independence,
        "index": found.index,
        "leaf": found.leaf,
        "principals": list(found.principals),
        "recorded_at": found.recorded_at,
        "safeguards": list(said.safeguards),
        "scope": as_json(said.scope),
        "signers": list(found.signers),
        "stream": found.stream,
        "valid_from": said.valid_from,
        "valid_until": said.valid_until,
        "vectors": list(said.vectors),
    }


def _changes(look: Look, event: Event) -> Sequence[Change]:
    said: AnyBody = event.body
    match said:
        case safeguard.Attested():
            return _attested(event, said)
        case safeguard.Degraded():
            return _degraded(look, event, said)
        case safeguard.Withdrawn():
            name, row = _attestation(look, said.attestation.index)
            return ((name, Row(Rank.FIRST, {**row, "withdrawn_at": event.index})),)
        case (
            action.Requested() | approval.Given() | approval.Refused() | approval.Withdrawn() | body.Informed()
            | break_glass.Reviewed() | concern.Assigned() | concern.Found() | concern.Raised() | decision.Made()
            | deployment.Changed() | deployment.Ended() | deployment.Started() | disclosure.Erased() | disclosure.Made()
            | document.Confirmed() | document.Published() | document.Submitted() | evaluation.Amended()
            | evaluation.Invalidated() | evaluation.Preregistered() | evaluation.Recorded() | exception.Invoked()
            | framework.Adopted() | framework.Interpreted() | framework.Published() | framework.ScopeDetermined()
            | framework.SourceDrifted() | gate.Evaluated() | incident.Classified() | incident.InvolvementKnown()
            | incident.Observed() | incident.ReportFiled() | incident.Resolved() | entry.Suppressed() | index.Committed()
            | ledger.Frozen() | ledger.Restored() | log.Rotated() | root.Rotated() | rules.Adopted()
            | interim.Approved()
            | key.Registered() | key.Revoked() | ledger.Founded() | model.ComputeReached() | model.Referenced()
            | model.Registered() | obligation.Fulfilled() | obligation.NotApplicable() | obligation.Tolled()
            | principal.Registered() | reassessment.Triggered() | recommendation.Issued() | replay.Performed()
            | role.Granted() | role.Revoked() | threshold.Determined() | threshold.Retracted() | token.Issued()
            | token.Revoked() | training.Ended() | training.Paused() | training.Resumed() | training.Started()
        ):  # fmt: skip
            return ()
        case _:
            assert_never(said)


def _attested(event: Event, said: safeguard.Attested) -> Sequence[Change]:
    name = f"{event.stream}|{ordinal(event.index)}"
    place = {"attestation": event.index, "index": event.index, "stream": event.stream}
    return [
        (name, Row(Rank.LISTED, {**shown(event), "degraded": [], "withdrawn_at": None})),
        (f"of|{event.index}", Row(Rank.LOOKUP, {"row": name})),
        *((f"{s}|{ordinal(event.index)}", Row(Rank.DETAIL, place)) for s in dict.fromkeys(said.scope.subjects)),
    ]


def _attestation(look: Look, index: int) -> tuple[str, dict[str, Any]]:
    name: str = must(look, f"of|{index}")["row"]
    return name, must(look, name)


def _degraded(look: Look, event: Event, said: safeguard.Degraded) -> Sequence[Change]:
    name, row = _attestation(look, said.attestation.index)
    worse = {"index": event.index, "safeguards": list(said.safeguards), "since": said.since}
    return ((name, Row(Rank.FIRST, {**row, "degraded": [*row["degraded"], worse]})),)


def _reads(event: Event) -> tuple[str, ...]:
    said = event.body
    match said:
        case safeguard.Degraded() | safeguard.Withdrawn():
            return (f"of|{said.attestation.index}",)
        case _:
            return ()


SAFEGUARDS: Final = Projection("safeguards", 1, _changes, _reads)
