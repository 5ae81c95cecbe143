"""`model_status`: what a model's answers rest on, per model. The clearance is `policies.clear`'s, as of a position and time.

Rows: the model's stream (`Rank.FIRST` while an unsuperseded decision diverges): what it is, and per action the newest gate
answer and the newest decision. Under "stream|…", each its own row so that none grows: `attestation|index`, `compute|fact`,
`decision|index`, `determination|framework|threshold` (the newest), `document|index`, and those of `projections.model_life`.
For the fold alone: "request|digest", "gate|index", "of|index" (rows that an attestation or document stands in), "rests|index"
(determinations that rest on an evaluation).
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
from projections.model_life import lived
from projections.model_rows import detail, grown, marked, members, place, standing_in
from projections.projection import AnyBody, Change, Look, Projection, Rank, Row, as_json, index_of, must, ordinal

COMPUTE = "effective_compute_ratio"
"""The fact that `model.compute-reached` states where it names none, as in `policies.facts`."""


def _changes(look: Look, event: Event) -> Sequence[Change]:
    said: AnyBody = event.body
    match said:
        case model.Registered():
            return (_model(event, said),)
        case model.ComputeReached():
            value = {**place(event), "of": said.of, "ratio": said.ratio}
            return (detail(f"{event.stream}|compute|{said.fact or COMPUTE}", value),)
        case threshold.Determined():
            return _determined(look, event, said)
        case evaluation.Invalidated():
            return _fallen(look, event, said.evaluation.index, "evidence_ended")
        case evaluation.Amended():
            return () if said.only_encoding else _fallen(look, event, said.amends.index, "evidence_amended")
        case safeguard.Attested():
            return _attested(event, said)
        case safeguard.Withdrawn():
            return marked(look, said.attestation.index, withdrawn_at=event.index)
        case document.Submitted():
            return _submitted(event, said)
        case document.Confirmed():
            by = {"index": event.index, "principals": list(event.principals), "role": said.role, "verb": said.verb}
            return grown(look, said.document.index, "confirmed", by)
        case action.Requested():
            asked = members(said, "action", "audience", "hosts", "jurisdictions", "surfaces")
            return ((f"request|{event.digest}", Row(Rank.LOOKUP, asked)),)
        case gate.Evaluated():
            return _gate(look, event, said)
        case decision.Made():
            return _decided(look, event, said)
        case threshold.Retracted():
            return _retracted(look, event, said)
        case safeguard.Degraded():
            fallen = {"index": event.index, "safeguards": list(said.safeguards), "since": said.since}
            return grown(look, said.attestation.index, "degraded", fallen)
        case document.Published():
            put_up = {"index": event.index, **members(said, "audience", "digest", "place", "redactions")}
            return grown(look, said.document.index, "published", put_up)
        case (
            deployment.Started() | deployment.Changed() | deployment.Ended() | training.Started() | training.Paused()
            | training.Resumed() | training.Ended() | incident.Observed() | incident.Resolved()
            | reassessment.Triggered() | exception.Invoked() | interim.Approved()
        ):  # fmt: skip
            return lived(look, event, said)
        case (
            approval.Given() | approval.Refused() | approval.Withdrawn() | body.Informed() | break_glass.Reviewed()
            | concern.Assigned() | concern.Found() | concern.Raised()
            | disclosure.Erased() | disclosure.Made() | evaluation.Preregistered() | evaluation.Recorded()
            | framework.Adopted() | framework.Interpreted() | framework.Published()
            | framework.ScopeDetermined() | framework.SourceDrifted() | incident.Classified()
            | incident.InvolvementKnown() | incident.ReportFiled()
            | entry.Suppressed() | index.Committed()
            | ledger.Frozen() | ledger.Restored() | log.Rotated() | root.Rotated() | rules.Adopted()
            | key.Registered() | key.Revoked()
            | ledger.Founded() | model.Referenced() | obligation.Fulfilled()
            | obligation.NotApplicable() | obligation.Tolled() | principal.Registered()
            | recommendation.Issued() | replay.Performed() | role.Granted() | role.Revoked() | token.Issued() | token.Revoked()
        ):  # fmt: skip
            return ()
        case _:
            assert_never(said)


def _model(event: Event, said: model.Registered) -> Change:
    grown = said.effective_compute
    value = {
        **place(event),
        "actions": {},
        "diverging": [],
        "effective_compute": as_json(grown),
        "kind": said.kind,
        "parent": said.parent,
        "relation": said.relation,
        "stream": event.stream,
        "subject": event.subject,
        "training_ops": said.training_ops,
    }
    return event.stream, Row(Rank.LISTED, value)


def _determined(look: Look, event: Event, said: threshold.Determined) -> Sequence[Change]:
    evidence = [e.index for e in said.evidence]
    rests = {i: look(f"rests|{i}") for i in evidence}
    known = {i: {"ended": None, "rows": []} if r is None else r.value for i, r in rests.items()}
    ended = [r["ended"] for r in known.values() if r["ended"] is not None]
    value = {
        **place(event),
        **members(said, "framework", "made", "precautionary", "review_by", "state", "threshold"),
        "covered_by": index_of(said.covered_by),
        "evidence": evidence,
        "evidence_amended": None,
        "evidence_ended": min(ended, default=None),
        "retracted_at": None,
    }
    streams = dict.fromkeys((event.stream, *said.subjects))
    names = [f"{s}|determination|{said.framework}|{said.threshold}" for s in streams]
    if event.back_recorded:  # history from before the ledger never stands before what was determined in it
        names = [n for n in names if (old := look(n)) is None or old.value["back_recorded"]]
    return [
        *(detail(n, value) for n in names),
        *((f"rests|{i}", Row(Rank.LOOKUP, {**r, "rows": _union(r["rows"], names)})) for i, r in known.items()),
    ]


def _retracted(look: Look, event: Event, said: threshold.Retracted) -> Sequence[Change]:
    """A determination by rule stands in its own stream alone; a newer one may stand in its place."""
    name = f"{event.stream}|determination|{said.framework}|{said.threshold}"
    row = look(name)
    if row is None or row.value["index"] != said.determination.index:
        return ()
    return (detail(name, {**row.value, "retracted_at": event.index}),)


def _union(old: list[str], new: list[str]) -> list[str]:
    return list(dict.fromkeys((*old, *new)))


def _fallen(look: Look, event: Event, index: int, member: str) -> Sequence[Change]:
    """An evaluation was invalidated or amended: say so where the newest determination rests on it."""
    row = look(f"rests|{index}")
    rests = {"ended": None, "rows": []} if row is None else row.value
    changes: list[Change] = []
    for name in rests["rows"]:
        value = must(look, name)
        if index in value["evidence"] and value[member] is None:
            changes.append(detail(name, {**value, member: event.index}))
    if member == "evidence_ended":
        changes.append((f"rests|{index}", Row(Rank.LOOKUP, {**rests, "ended": event.index})))
    return changes


def _attested(event: Event, said: safeguard.Attested) -> Sequence[Change]:
    claim = members(said, "framework", "independence", "safeguards", "valid_from", "valid_until")
    value = {**place(event), **claim, "scope": as_json(said.scope), "degraded": [], "withdrawn_at": None}
    return standing_in(said.scope.subjects, "attestation", event.index, value)


def _submitted(event: Event, said: document.Submitted) -> Sequence[Change]:
    report = members(said, "coverage_date", "digest", "kind", "version")
    value = {**place(event), **report, "confirmed": [], "published": []}
    return standing_in(said.covers, "document", event.index, value)


def _gate(look: Look, event: Event, said: gate.Evaluated) -> Sequence[Change]:
    newest = {
        "answer": said.answer,
        "index": event.index,
        "reasons": list(said.reasons),
        "recorded_at": event.recorded_at,
        "request": said.request,
        "verdict_digest": said.verdict_digest,
    }
    return [
        (f"gate|{event.index}", Row(Rank.LOOKUP, {"answer": said.answer, "laws": list(laws_in(said.reasons))})),
        _acted(look, event.stream, said.action, gate=newest),
    ]


def _acted(look: Look, stream: str, name: str, **more: Any) -> Change:
    value = must(look, stream)
    old = value["actions"].get(name, {"decision": None, "gate": None})
    rank = Rank.FIRST if value["diverging"] else Rank.LISTED
    return stream, Row(rank, {**value, "actions": {**value["actions"], name: {**old, **more}}})


def _decided(look: Look, event: Event, said: decision.Made) -> Sequence[Change]:
    """A later decision supersedes only the one it names: others may stand for another scope beside it."""
    asked = must(look, f"request|{said.request}")
    cited = look(f"gate|{said.gate.index}")
    verdict, laws = (UNRECORDED, ()) if cited is None else (cited.value["answer"], cited.value["laws"])
    divergence = divergence_of(said.decision, verdict, laws)
    made = members(said, "basis", "conditions", "decision", "divergence_reason", "review_by", "valid_until")
    value = {**place(event), **asked, **made, "divergence": divergence, "superseded_by": None}
    stream, row = _acted(look, event.stream, asked["action"], decision=value)
    over = index_of(said.supersedes)
    actions = {name: _superseded(newest, over, event.index) for name, newest in row.value["actions"].items()}
    diverging = [i for i in row.value["diverging"] if i != over]
    if divergence is not None:
        diverging.append(event.index)
    changes = [
        (
            stream,
            Row(Rank.FIRST if diverging else Rank.LISTED, {**row.value, "actions": actions, "diverging": diverging}),
        ),
        detail(f"{event.stream}|decision|{ordinal(event.index)}", value),
    ]
    if over is not None:
        old = f"{event.stream}|decision|{ordinal(over)}"
        changes.append(detail(old, {**must(look, old), "superseded_by": event.index}))
    return changes


def _superseded(newest: dict[str, Any], over: int | None, by: int) -> dict[str, Any]:
    """A decision on one action may supersede one on another."""
    made = newest["decision"]
    if made is None or made["index"] != over:
        return newest
    return {**newest, "decision": {**made, "superseded_by": by}}


def _reads(event: Event) -> tuple[str, ...]:
    said = event.body
    match said:
        case gate.Evaluated():
            return (event.stream,)
        case decision.Made():
            return (event.stream, f"request|{said.request}", f"gate|{said.gate.index}")
        case threshold.Determined():
            return tuple(f"rests|{e.index}" for e in said.evidence)
        case evaluation.Invalidated():
            return (f"rests|{said.evaluation.index}",)
        case evaluation.Amended():
            return (f"rests|{said.amends.index}",)
        case safeguard.Degraded() | safeguard.Withdrawn():
            return (f"of|{said.attestation.index}",)
        case document.Confirmed() | document.Published():
            return (f"of|{said.document.index}",)
        case incident.Resolved():
            return (f"of|{said.incident.index}",)
        case _:
            return ()


MODEL_STATUS: Final = Projection("model_status", 1, _changes, _reads)
