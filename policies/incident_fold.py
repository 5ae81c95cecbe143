"""An incident as one row, and the duties that it opens: per regime, whichever of class, report and resolution came first.

The row keeps what was said in order; when a clock starts, and what a report fulfils, is read from it (`policies.clocks`), so that
a duty opened early knows what was learnt later. A model's name or a text that may be withheld is not in it.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from ledger.event import Event
from ledger.events import incident
from policies.duty_rows import Draft, Value, duty_key, opened, place
from policies.narrow import binds_then, conditions, times_of
from policies.pack_duties import Obligation

OPENING = (
    "incident.classified",
    "incident.report-filed",
    "incident.resolved",
    "incident.involvement-known",
    "incident.observed",
)


def incident_key(stream: str) -> str:
    """The key of an incident's row."""
    return f"incident|{stream}"


def fold_incident(rows: Draft, event: Event) -> None:
    """Fold one `incident.*`."""
    key = incident_key(event.stream)
    row = _said(rows, event, rows.get(key) or _empty(event))
    rows.put(key, row)
    for opener in OPENING:
        listed = rows.get(f"clauses|{opener}")
        for entry in () if listed is None else listed["of"]:
            _open(rows, key, entry, opener, event)


def _empty(event: Event) -> Value:
    return {
        "classified": [], "duties": {}, "first_at": None, "index": event.index, "involved": [],
        "jurisdictions": [], "kind": None, "last_at": None, "models": [], "observed": [], "reports": [],
        "resolved": [], "stream": event.stream, "surfaces": [],
    }  # fmt: skip


def _said(rows: Draft, event: Event, row: Value) -> Value:
    """The row with what this event says. `at` is when it was known, or happened."""
    said = event.body
    one: Value = {"at": event.known_at or event.occurred_at, "occurred_at": event.occurred_at,
                  "recorded_at": event.recorded_at, "times": times_of(event), **place(event)}  # fmt: skip
    match said:
        case incident.Observed():
            merged = {n: _union(row[n], getattr(said, n)) for n in ("jurisdictions", "models", "surfaces")}
            first = min(said.first_at, row["first_at"] or said.first_at)
            return {**row, **merged, "first_at": first, "kind": row["kind"] or said.kind,
                    "last_at": said.last_at or row["last_at"], "observed": [*row["observed"], one]}  # fmt: skip
        case incident.InvolvementKnown():
            one |= {"certainty": said.certainty}
            return {**row, "involved": [*row["involved"], one]}
        case incident.Classified():
            one |= {n: getattr(said, n) for n in ("believed_at", "category", "imminent", "imminent_known_at", "reason")}
            return {**row, "classified": [*row["classified"], {**one, "pack": _pack_id(rows, said.framework)}]}
        case incident.ReportFiled():
            one |= {n: getattr(said, n) for n in ("awareness_at", "digest", "kind", "obligation", "recipient",
                                                  "submitted_at")}  # fmt: skip
            one |= {"fields_missing": list(said.fields_missing), "pack": _pack_id(rows, said.framework)}
            return {**row, "reports": [*row["reports"], one]}
        case incident.Resolved():
            one |= {"resolved_at": said.resolved_at}
            return {**row, "resolved": [*row["resolved"], one]}
        case _:
            return row


def _union(old: list[str], new: tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys((*old, *new)))


def _pack_id(rows: Draft, digest: str) -> str:
    pack = rows.get(f"pack|{digest}")
    return digest if pack is None else str(pack["id"])  # admission refuses a pack that was never published


def fits(clause: Obligation, said: Value, pack: Value) -> bool:
    """Whether a classification is of the clause's classes, and imminent where it asks for that: its own pack's, if it has any.

    A regime without classes of its own asks about what is reportable, or imminent, under any.
    """
    if clause.imminent and not said["imminent"]:
        return False
    if not pack["categories"]:
        return said["category"] is not None or clause.imminent
    if said["pack"] != pack["id"] or said["category"] is None:
        return False
    return not clause.categories or said["category"] in clause.categories


def _open(rows: Draft, key: str, entry: Value, opener: str, event: Event) -> None:
    """Open a clause once per incident, as soon as what it speaks of is there and the incident is of the regime's classes."""
    row, pack = rows.must(key), rows.must(f"pack|{entry['framework']}")
    clause = msgspec.convert(pack["obligations"][entry["obligation"]], Obligation)
    mine: list[str] = row["duties"].get(pack["id"], [])
    if any(k.split("|")[2] == clause.id for k in mine):
        return
    # A classification that was taken back still opens: whether the later one counts depends on keys, and is read, not folded.
    meant = [c for c in row["classified"] if fits(clause, c, pack)]
    if opener in OPENING[:3] and not meant:
        return
    causes = _causes(row, pack, clause, opener, meant)
    cause = next((c for c in causes if binds_then(rows, pack, clause, c["times"])), None)
    if cause is None:
        return
    doubts = conditions(clause.applies_when, {}, row["jurisdictions"], None)
    if doubts is None:
        return
    name = duty_key(pack["id"], clause.id, cause["index"])
    at = cause.get("submitted_at", cause.get("resolved_at", cause["occurred_at"]))
    own = {"known": cause["at"], "occurred": at, "recorded": cause["recorded_at"]}.get(clause.clock)
    start = None if own is None else {"latest": own, "strict": own}
    if clause.clock == "not-stated":
        start = {"latest": max(at, cause["recorded_at"]), "strict": at}
    duty = opened(pack, clause.id, cause["index"], opener, event.stream, row["models"], doubts)
    said = (rows.get(name) or duty)["said"]  # a word may come before the duty opens: the pack was published in between
    rows.put(name, {**duty, "incident": event.stream, "said": said, "signers": cause["signers"], "start": start})
    rows.put(key, {**row, "duties": {**row["duties"], pack["id"]: [*mine, name]}})


def _causes(row: Value, pack: Value, clause: Obligation, opener: str, meant: list[Value]) -> Iterator[dict[str, Any]]:
    """What was said in the incident that opens the clause, first first."""
    match opener:
        case "incident.classified":
            yield from meant
        case "incident.report-filed":
            yield from (
                r
                for r in row["reports"]
                if r["pack"] == pack["id"] and (not clause.reports or r["kind"] in clause.reports)
            )
        case "incident.resolved":
            yield from row["resolved"]
        case "incident.involvement-known":
            yield from row["involved"]
        case _:
            yield from row["observed"]
