"""`frameworks`: what was promised when: packs published, adopted, superseded; scopes determined, sources drifted, clauses read.

Rows: "pack|digest" (`Rank.FIRST` where its source drifted) · "scope|id|index" · "reading|id|index".
Which of them bound at a time is `policies.binding.binding_packs`', which joins adoptions, laws' own dates and scopes.
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
from projections.projection import AnyBody, Change, Look, Projection, Rank, Row, must, ordinal

TOLD: Final = ("binds", "id", "in_force_from", "in_force_until", "publisher", "style", "supersedes", "title", "version")
"""Members of a pack that place it; the whole of it stands in the entry."""


def _changes(look: Look, event: Event) -> Sequence[Change]:
    said: AnyBody = event.body
    match said:
        case framework.Published():
            return (_published(event, said),)
        case framework.Adopted():
            return _adopted(look, event, said)
        case framework.ScopeDetermined():
            value = {**_place(event), "applies": said.applies, "binds_as": list(said.binds_as), "digest": said.digest,
                     "effective": said.effective, "id": said.id, "reason": said.reason}  # fmt: skip
            return ((f"scope|{said.id}|{ordinal(event.index)}", Row(Rank.LISTED, value)),)
        case framework.SourceDrifted():
            name = f"pack|{said.digest}"
            seen = {"found": said.found, "index": event.index, "place": said.place, "seen_at": said.seen_at}
            row = must(look, name)
            return ((name, Row(Rank.FIRST, {**row, "drifted": [*row["drifted"], seen]})),)
        case framework.Interpreted():
            value = {**_place(event), "clause": said.clause, "digest": said.digest, "id": said.id, "reading": said.reading,
                     "role": said.role}  # fmt: skip
            return ((f"reading|{said.id}|{ordinal(event.index)}", Row(Rank.LISTED, value)),)
        case (
            action.Requested() | approval.Given() | approval.Refused() | approval.Withdrawn() | body.Informed()
            | break_glass.Reviewed() | concern.Assigned() | concern.Found() | concern.Raised() | decision.Made()
            | deployment.Changed() | deployment.Ended() | deployment.Started() | disclosure.Erased() | disclosure.Made()
            | document.Confirmed() | document.Published() | document.Submitted() | evaluation.Amended()
            | evaluation.Invalidated() | evaluation.Preregistered() | evaluation.Recorded() | exception.Invoked()
            | gate.Evaluated() | incident.Classified() | incident.InvolvementKnown() | incident.Observed()
            | incident.ReportFiled() | incident.Resolved() | entry.Suppressed() | index.Committed()
            | ledger.Frozen() | ledger.Restored() | log.Rotated() | root.Rotated() | rules.Adopted()
            | interim.Approved()
            | key.Registered() | key.Revoked() | ledger.Founded()
            | model.ComputeReached() | model.Referenced() | model.Registered()
            | obligation.Fulfilled() | obligation.NotApplicable() | obligation.Tolled() | principal.Registered()
            | reassessment.Triggered() | recommendation.Issued() | replay.Performed() | role.Granted()
            | role.Revoked() | safeguard.Attested() | safeguard.Degraded() | safeguard.Withdrawn()
            | threshold.Determined() | threshold.Retracted() | token.Issued() | token.Revoked() | training.Ended()
            | training.Paused() | training.Resumed() | training.Started()
        ):  # fmt: skip
            return ()
        case _:
            assert_never(said)


def _place(event: Event) -> dict[str, Any]:
    return {
        "index": event.index,
        "leaf": event.leaf,
        "principals": list(event.principals),
        "recorded_at": event.recorded_at,
        "signers": list(event.signers),
    }


def _published(event: Event, said: framework.Published) -> Change:
    value = {
        **_place(event), **{name: said.pack.get(name) for name in TOLD}, "adopted": None, "digest": said.digest, "drifted": [],
        "source_digest": said.source_digest, "until": None,
    }  # fmt: skip
    return f"pack|{said.digest}", Row(Rank.LISTED, value)


def _again(look: Look, digest: str, **more: Any) -> Change:
    name = f"pack|{digest}"
    row = {**must(look, name), **more}
    return name, Row(Rank.FIRST if row["drifted"] else Rank.LISTED, row)


def _adopted(look: Look, event: Event, said: framework.Adopted) -> Sequence[Change]:
    adopted = {**_place(event), "effective": said.effective, "scope": said.scope, "supersedes": said.supersedes}
    changes = [_again(look, said.digest, adopted=adopted, until=None)]
    if said.supersedes is not None and said.supersedes != said.digest:
        over = {"by": said.digest, "effective": said.effective, "index": event.index}
        changes.append(_again(look, said.supersedes, until=over))
    return changes


def _reads(event: Event) -> tuple[str, ...]:
    said = event.body
    match said:
        case framework.Adopted():
            return tuple(f"pack|{d}" for d in (said.digest, said.supersedes) if d is not None)
        case framework.SourceDrifted():
            return (f"pack|{said.digest}",)
        case _:
            return ()


FRAMEWORKS: Final = Projection("frameworks", 1, _changes, _reads)
