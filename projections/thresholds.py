"""`thresholds`: where each threshold was determined to stand for each model, by whom or which run, and what became of it.

Rows: "stream|framework|threshold", the newest determination (`Rank.FIRST` where it was retracted, its run fell, or somebody
called for a new look since) · under it "…|index", each determination by itself · "stream|reassessment|index". For the fold
alone: "at|index" (rows of a determination), "rests|index" (determinations that rest on an evaluation),
"of|stream|framework". What a determination counts for is `policies.determinations`', as of a position and time. Dissent is
counted, never told: it may be withheld.
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
from projections.projection import AnyBody, Change, Look, Projection, Rank, Row, as_json, index_of, must, ordinal

FALLEN: Final = ("retracted_at", "evidence_ended", "evidence_amended")


def shown(found: Event | Fact) -> dict[str, Any]:
    """A determination without anything that may be withheld."""
    said: threshold.Determined = found.body
    return {
        "back_recorded": found.back_recorded,
        "covered_by": index_of(said.covered_by),
        "dissent": sum(isinstance(voice, str) for voice in said.dissent),
        "dissent_withheld": not all(isinstance(voice, str) for voice in said.dissent),
        "evidence": [e.index for e in said.evidence],
        "framework": said.framework,
        "index": found.index,
        "leaf": found.leaf,
        "made": said.made,
        "precautionary": said.precautionary,
        "principals": list(found.principals),
        "recorded_at": found.recorded_at,
        "review_by": said.review_by,
        "signers": list(found.signers),
        "state": said.state,
        "stream": found.stream,
        "subjects": list(said.subjects),
        "threshold": said.threshold,
        "vectors": list(said.vectors),
    }


def _changes(look: Look, event: Event) -> Sequence[Change]:
    said: AnyBody = event.body
    match said:
        case threshold.Determined():
            return _determined(look, event, said)
        case threshold.Retracted():
            return _marked(look, [said.determination.index], "retracted_at", event.index)
        case evaluation.Invalidated():
            return _fallen(look, event, said.evaluation.index, "evidence_ended")
        case evaluation.Amended():
            return () if said.only_encoding else _fallen(look, event, said.amends.index, "evidence_amended")
        case reassessment.Triggered():
            return _triggered(look, event, said)
        case (
            action.Requested() | approval.Given() | approval.Refused() | approval.Withdrawn() | body.Informed()
            | break_glass.Reviewed() | concern.Assigned() | concern.Found() | concern.Raised() | decision.Made()
            | deployment.Changed() | deployment.Ended() | deployment.Started() | disclosure.Erased() | disclosure.Made()
            | document.Confirmed() | document.Published() | document.Submitted() | evaluation.Preregistered()
            | evaluation.Recorded() | exception.Invoked() | framework.Adopted() | framework.Interpreted()
            | framework.Published() | framework.ScopeDetermined() | framework.SourceDrifted() | gate.Evaluated()
            | incident.Classified() | incident.InvolvementKnown() | incident.Observed() | incident.ReportFiled()
            | incident.Resolved() | entry.Suppressed() | index.Committed()
            | ledger.Frozen() | ledger.Restored() | log.Rotated() | root.Rotated() | rules.Adopted()
            | interim.Approved() | key.Registered() | key.Revoked() | ledger.Founded()
            | model.ComputeReached() | model.Referenced() | model.Registered() | obligation.Fulfilled()
            | obligation.NotApplicable() | obligation.Tolled() | principal.Registered() | recommendation.Issued()
            | replay.Performed() | role.Granted() | role.Revoked() | safeguard.Attested() | safeguard.Degraded()
            | safeguard.Withdrawn() | token.Issued() | token.Revoked() | training.Ended() | training.Paused()
            | training.Resumed() | training.Started()
        ):  # fmt: skip
            return ()
        case _:
            assert_never(said)


def _rank(value: dict[str, Any]) -> Rank:
    return Rank.FIRST if value["reassess"] or any(value[n] is not None for n in FALLEN) else Rank.LISTED


def _resting(look: Look, index: int) -> dict[str, Any]:
    row = look(f"rests|{index}")
    return {"amended": None, "ended": None, "on": []} if row is None else row.value


def _known(look: Look, key: str) -> list[str]:
    row = look(key)
    return [] if row is None else row.value["heads"]


def _determined(look: Look, event: Event, said: threshold.Determined) -> Sequence[Change]:
    rests = {e.index: _resting(look, e.index) for e in said.evidence}
    ended = {n: min((r[n] for r in rests.values() if r[n] is not None), default=None) for n in ("ended", "amended")}
    value = {**shown(event), "retracted_at": None,
             "evidence_ended": ended["ended"], "evidence_amended": ended["amended"]}  # fmt: skip
    streams = dict.fromkeys((event.stream, *said.subjects))
    heads = {s: f"{s}|{said.framework}|{said.threshold}" for s in streams}
    changes: list[Change] = [(f"{h}|{ordinal(event.index)}", Row(Rank.DETAIL, value)) for h in heads.values()]
    for stream, head in heads.items():
        old = look(head)
        if event.back_recorded and old is not None and not old.value["back_recorded"]:
            continue  # history from before the ledger never stands before what was determined in it
        newest = {**value, "reassess": []}
        changes.append((head, Row(_rank(newest), newest)))
        known = _known(look, f"of|{stream}|{said.framework}")
        if head not in known:
            changes.append((f"of|{stream}|{said.framework}", Row(Rank.LOOKUP, {"heads": [*known, head]})))
    changes.append((f"at|{event.index}", Row(Rank.LOOKUP, {"heads": list(heads.values())})))
    for at, row in rests.items():
        changes.append((f"rests|{at}", Row(Rank.LOOKUP, {**row, "on": [*row["on"], event.index]})))
    return changes


def _marked(look: Look, indexes: Sequence[int], member: str, by: int) -> list[Change]:
    """Say in the rows of some determinations, and where they are the newest, what became of them; the first word stands."""
    changes: list[Change] = []
    for at in indexes:
        for head in must(look, f"at|{at}")["heads"]:
            name = f"{head}|{ordinal(at)}"
            value = must(look, name)
            if value[member] is None:
                changes.append((name, Row(Rank.DETAIL, {**value, member: by})))
            newest = look(head)
            if newest is not None and newest.value["index"] == at and newest.value[member] is None:
                marked = {**newest.value, member: by}
                changes.append((head, Row(_rank(marked), marked)))
    return changes


def _fallen(look: Look, event: Event, index: int, member: str) -> Sequence[Change]:
    row = _resting(look, index)
    name = member.removeprefix("evidence_")
    said = {**row, name: event.index if row[name] is None else row[name]}
    return [*_marked(look, row["on"], member, event.index), (f"rests|{index}", Row(Rank.LOOKUP, said))]


def _triggered(look: Look, event: Event, said: reassessment.Triggered) -> Sequence[Change]:
    """A call for a new look lasts until the next determination; without thresholds it is for all that were determined."""
    call = {"cause": said.cause, "index": event.index, "role": said.role}
    value = {
        **call, "evidence": [e.index for e in said.evidence], "framework": said.framework, "recorded_at": event.recorded_at,
        "signers": list(event.signers), "stream": event.stream, "thresholds": as_json(said.thresholds),
    }  # fmt: skip
    changes: list[Change] = [(f"{event.stream}|reassessment|{ordinal(event.index)}", Row(Rank.DETAIL, value))]
    for head in _known(look, f"of|{event.stream}|{said.framework}"):
        newest = must(look, head)
        if not said.thresholds or newest["threshold"] in said.thresholds:
            changes.append((head, Row(Rank.FIRST, {**newest, "reassess": [*newest["reassess"], call]})))
    return changes


def _reads(event: Event) -> tuple[str, ...]:
    said = event.body
    match said:
        case threshold.Determined():
            streams = dict.fromkeys((event.stream, *said.subjects))
            return (
                *(f"rests|{e.index}" for e in said.evidence),
                *(f"{s}|{said.framework}|{said.threshold}" for s in streams),
            )
        case threshold.Retracted():
            return (f"at|{said.determination.index}",)
        case evaluation.Invalidated():
            return (f"rests|{said.evaluation.index}",)
        case evaluation.Amended() if not said.only_encoding:
            return (f"rests|{said.amends.index}",)
        case reassessment.Triggered():
            return (f"of|{event.stream}|{said.framework}",)
        case _:
            return ()


THRESHOLDS: Final = Projection("thresholds", 1, _changes, _reads)
