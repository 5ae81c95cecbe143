"""What frameworks give to the fold of duties: their texts, since when they bind, their calendars, and who is in scope.

The rows are those that `policies.duty_fold` names.
"""

from ledger.event import Event
from ledger.events import framework, threshold
from policies.duty_rows import Draft, Value, place, plain
from policies.framework import Pack, parse_pack
from policies.numbers import TRAINING
from policies.pack_duties import Obligation


def fold_published(rows: Draft, event: Event, said: framework.Published) -> None:
    """A pack, its versions, the clauses that its events open, and the calendars of law."""
    pack = parse_pack(said.pack)
    known = rows.get(f"newest|{pack.id}") or {"since": event.recorded_at, "versions": []}
    since, begin = known["since"], f"{pack.in_force_from}T00:00:00.000000Z"
    until = None if pack.in_force_until is None else f"{pack.in_force_until}T00:00:00.000000Z"
    versions = [*known["versions"], {"framework": said.digest, "from": begin, "until": until}]
    rows.put(f"newest|{pack.id}", {"since": since, "versions": versions})
    rows.put(f"pack|{said.digest}", _pack(pack, said.digest, event, since))
    for clause in pack.obligations:
        if clause.status is not None or clause.trigger_event == "not_tracked":
            continue
        if clause.trigger_event == "calendar":
            if (clause.binds or pack.binds) == "law":
                run_calendar(rows, rows.must(f"pack|{said.digest}"), clause.id, begin)
            continue
        for opener in _openers(clause):
            listed = (rows.get(f"clauses|{opener}") or {"of": []})["of"]
            entry = {"framework": said.digest, "obligation": clause.id, "pack": pack.id}
            rows.put(f"clauses|{opener}", {"of": [*listed, entry]})


def _openers(clause: Obligation) -> tuple[str, ...]:
    """The events that open a clause. Training compute may be known when the model is registered, or told later."""
    told_early = clause.measured is not None and clause.measured.fact == TRAINING
    return (clause.trigger_event, "model.registered") if told_early else (clause.trigger_event,)


def _pack(pack: Pack, digest: str, event: Event, since: str) -> Value:
    """What duties need of a pack. `since` = when a pack of that id was first published here."""
    return {
        "binds": pack.binds,
        "binds_whom": None if pack.binds_whom == "per_clause" else pack.binds_whom,
        "categories": [c.id for c in pack.incident_categories],
        "clock": plain(pack.clock),
        "framework": digest,
        "from": f"{pack.in_force_from}T00:00:00.000000Z",
        "id": pack.id,
        "index": event.index,
        "obligations": {o.id: plain(o) for o in pack.obligations},
        "scope": plain(pack.scope),
        "scopes": [t.id for t in pack.thresholds if t.kind == "scope"],
        "since": since,
        "statutory": None if pack.statutory is None else pack.statutory.law,
        "until": None if pack.in_force_until is None else f"{pack.in_force_until}T00:00:00.000000Z",
    }


def fold_adopted(rows: Draft, event: Event, said: framework.Adopted) -> None:
    """Since when the lab took a text on, until when the one before it, and the calendars that this starts."""
    old = None if said.supersedes is None else rows.get(f"adopted|{said.supersedes}")
    if old is not None:
        rows.put(f"adopted|{said.supersedes}", {**old, "until": said.effective})
    value = {"effective": said.effective, "index": event.index, "signers": list(event.signers), "until": None}
    rows.put(f"adopted|{said.digest}", value)
    pack = rows.get(f"pack|{said.digest}")
    if pack is None:
        return
    for name, clause in pack["obligations"].items():
        binds = clause.get("binds", pack["binds"])
        if clause["trigger_event"] == "calendar" and binds != "law" and "status" not in clause:
            run_calendar(rows, pack, name, said.effective)


def run_calendar(rows: Draft, pack: Value, name: str, start: str) -> None:
    """The row of a duty that time opens. Another text of the same pack goes on counting from where the first began."""
    key = f"calendar|{pack['id']}|{name}"
    old = rows.get(key)
    rows.put(key, {
        "clause": pack["obligations"][name],
        "framework": pack["framework"],
        "index": pack["index"],
        "pack": pack["id"],
        "said": {} if old is None else old["said"],
        "since": pack["since"],
        "start": start if old is None else min(old["start"], start),
    })  # fmt: skip


def fold_scope(rows: Draft, event: Event, said: framework.ScopeDetermined) -> None:
    """What was determined of whom a pack binds, in order."""
    key = f"scope|{said.id}"
    listed = (rows.get(key) or {"said": []})["said"]
    one = {
        "applies": said.applies, "back_recorded": event.back_recorded, "binds_as": list(said.binds_as), "digest": said.digest,
        "effective": said.effective, **place(event),
    }  # fmt: skip
    rows.put(key, {"said": [*listed, one]})


def fold_determined(rows: Draft, event: Event, said: threshold.Determined) -> None:
    """The state of thresholds that decide who is bound (`kind = scope`), per model."""
    pack = rows.get(f"pack|{said.framework}")
    if pack is None or said.threshold not in pack["scopes"]:
        return
    key = f"standing|{pack['id']}|{said.threshold}"
    models = (rows.get(key) or {"of": {}})["of"]
    now = {"state": said.state, **place(event)}
    rows.put(key, {"of": {**models, **dict.fromkeys((event.stream, *said.subjects), now)}})


def fold_retracted(rows: Draft, _event: Event, said: threshold.Retracted) -> None:
    """Without the states that a retracted determination set."""
    pack = rows.get(f"pack|{said.framework}")
    key = "" if pack is None else f"standing|{pack['id']}|{said.threshold}"
    row = rows.get(key) if key else None
    if row is not None:
        rows.put(key, {"of": {s: v for s, v in row["of"].items() if v["index"] != said.determination.index}})
