"""Whether an event means a duty: does the pack bind then, is it of the kind that the clause speaks of (spec/obligations.md).

The answer is a list of doubts: empty = it is meant; some = whether it applies is unknown, and why; `None` = it is not meant.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ledger.event import Event
from ledger.events import body, concern, document, framework, model, reassessment, threshold
from policies.duty_rows import Draft, Value
from policies.numbers import TRAINING, compare, exact
from policies.pack_duties import Obligation
from policies.pack_gate import Condition


def times_of(event: Event) -> list[str]:
    """When an event was recorded and when it occurred; what is back-recorded is judged by when it occurred alone."""
    return [event.occurred_at] if event.back_recorded else [event.recorded_at, event.occurred_at]


def binds_then(rows: Draft, pack: Value, clause: Obligation, times: Iterable[str]) -> bool:
    """Whether the pack bound at one of these times."""
    if (clause.binds or pack["binds"]) == "law":
        versions = rows.must(f"newest|{pack['id']}")["versions"]
        return any(_in_force(versions, t) == pack["framework"] for t in times)
    adopted = rows.get(f"adopted|{pack['framework']}")
    return adopted is not None and any(within(t, adopted["effective"], adopted["until"]) for t in times)


def _in_force(versions: Iterable[Value], time: str) -> str | None:
    """Of the published texts of a law, the newest published that is in force then."""
    found = [v["framework"] for v in versions if within(time, v["from"], v["until"])]
    return found[-1] if found else None


def within(time: str, start: str, until: str | None) -> bool:
    """From `start` on, and before `until`."""
    return start <= time and (until is None or time < until)


def means(rows: Draft, pack: Value, clause: Obligation, event: Event) -> list[str] | None:
    """Doubts, or `None` where the event is not what the clause speaks of. Incidents are asked elsewhere."""
    if isinstance(event.body, framework.Adopted):
        return _adoption(rows, pack, event.body)
    said, doubts = event.body, list[str]()
    named = _named_pack(rows, event)
    if clause.after is not None:
        if (named, said.obligation) != (clause.after.pack, clause.after.obligation):
            return None
    elif clause.extends:
        if named != pack["id"] or said.obligation not in clause.extends:
            return None
    elif named is None:
        if event.name.startswith("concern."):
            doubts.append("framework-not-said")
    elif named != pack["id"] and (event.name != "obligation.fulfilled"):
        return None
    if getattr(said, "applies", True) is not True:
        return None
    for wanted, found in _facets(rows, clause, said):
        if wanted and found is None:
            doubts.append("trigger-not-said")
        elif wanted and found not in wanted:
            return None
    if clause.thresholds and not _watched(clause, said):
        return None
    if clause.measured is not None and not _measured(clause.measured, said):
        return None
    facts = getattr(said, "facts", {})
    more = conditions(clause.applies_when, facts, getattr(said, "jurisdictions", None), getattr(said, "audience", None))
    return None if more is None else [*doubts, *more]


def _facets(rows: Draft, clause: Obligation, said: Any) -> Iterable[tuple[tuple[str, ...], str | None]]:
    """What the clause narrows by, and what the event says of that."""
    kind: str | None = getattr(said, "kind", None)
    if isinstance(said, document.Confirmed | document.Published):
        row = rows.get(f"document|{said.document.index}")
        kind = None if row is None else row["kind"]
    elif isinstance(said, body.Informed):
        kind = _handed(rows, clause, said)
    yield clause.actions, getattr(said, "action", None)
    yield clause.bodies, getattr(said, "body", None)
    yield clause.causes, getattr(said, "cause", None)
    yield clause.documents, kind
    found = getattr(said, "outcome", None) == "substantiated" and getattr(said, "material", False)
    yield ("material",) if clause.material else (), "material" if found else "no"
    yield clause.states, getattr(said, "state", None)


def _handed(rows: Draft, clause: Obligation, said: body.Informed) -> str | None:
    """The kind that counts, of the papers that a body was handed; `None` where none of them is recorded here."""
    known = [rows.get(f"paper|{digest}") for digest in said.documents]
    kinds = [str(row["kind"]) for row in known if row is not None]
    fallback = kinds[0] if kinds else None if said.documents else ""
    return next((k for k in kinds if k in clause.documents), fallback)


def _watched(clause: Obligation, said: Any) -> bool:
    """Whether the event speaks of a threshold that the clause watches; one that names none speaks of all."""
    match said:
        case threshold.Determined() | threshold.Retracted():
            return said.threshold in clause.thresholds
        case reassessment.Triggered():
            return not said.thresholds or bool(set(said.thresholds) & set(clause.thresholds))
        case _:
            return False


def _measured(wanted: Condition, said: Any) -> bool:
    """Whether a measured number of the model is what the clause names."""
    match said:
        case model.ComputeReached():
            fact, value = said.fact or "effective_compute_ratio", said.ratio
        case model.Registered() if said.training_ops is not None:
            fact, value = TRAINING, said.training_ops
        case _:
            return False
    return fact == wanted.fact and wanted.comparator != "=" and compare(value, wanted.comparator, wanted.value)


def _named_pack(rows: Draft, event: Event) -> str | None:
    """The id of the pack that an event names, or `None`."""
    said = event.body
    if event.name.startswith("framework."):
        return str(said.id)
    digest = getattr(said, "framework", None)
    if isinstance(said, concern.Assigned | concern.Found):
        raised = rows.get(f"concern|{said.concern.index}")
        digest = None if raised is None else raised["framework"]
    row = rows.get(f"pack|{digest}") if isinstance(digest, str) else None
    return None if row is None else str(row["id"])


def _adoption(rows: Draft, pack: Value, said: framework.Adopted) -> list[str] | None:
    """An adoption changes a framework where it supersedes one: for the framework itself, and for the law it answers to."""
    if said.supersedes is None:
        return None
    if said.id == pack["id"]:
        return []
    adopted = rows.get(f"pack|{said.digest}")
    if adopted is None or pack["binds"] != "law" or adopted["binds"] != "own":
        return None
    return [] if adopted["statutory"] == pack["id"] else ["statutory-unknown"]


def conditions(
    wanted: Iterable[Condition], facts: Mapping[str, str], jurisdictions: Iterable[str] | None, audience: str | None
) -> list[str] | None:
    """Doubts where a fact is not stated; `None` where one is stated otherwise. `binds_as` is the reader's to ask."""
    doubts = []
    for one in wanted:
        if one.fact == "binds_as":
            continue
        if one.fact == "jurisdiction":
            stated = tuple(jurisdictions or ())
            holds = one.value in stated if stated else None
        else:
            value = audience if one.fact == "audience" else facts.get(one.fact)
            holds = None if value is None else _holds(one, value)
        if holds is False:
            return None
        if holds is None:
            doubts.append(f"fact-unknown:{one.fact}")
    return doubts


def _holds(wanted: Condition, value: str) -> bool | None:
    """A stated value against the condition; what is no number says nothing where a number is wanted."""
    if wanted.comparator == "=":
        return value == wanted.value
    return compare(value, wanted.comparator, wanted.value) if exact(value) is not None else None
