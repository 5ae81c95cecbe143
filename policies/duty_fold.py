"""What opens a duty, folded into rows: one fold for the state that answers come from, and for the view (spec/obligations.md).

Rows are JSON objects that nobody changes in place. `look` gives the row under a key, as of the entries before.
`duty|pack|obligation|index` a duty that an entry opened · `calendar|pack|obligation` one that time opens · `incident|stream` ·
for the fold and its readers: `pack|digest`, `newest|pack`, `adopted|digest`, `scope|pack`, `standing|pack|threshold`,
`clauses|event type`, `document|index`, `paper|digest`, `concern|index`, `opened|index`, `once|pack|obligation|stream`.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import msgspec

from ledger.event import Event
from ledger.events import concern, deployment, document, framework, obligation, threshold, training
from policies.duty_rows import Change, Draft, Look, Value, duty_key, opened, place
from policies.framework_fold import (
    fold_adopted,
    fold_determined,
    fold_published,
    fold_retracted,
    fold_scope,
    run_calendar,
)
from policies.incident_fold import fold_incident
from policies.narrow import binds_then, means, times_of
from policies.pack_duties import Obligation

Fold: TypeAlias = Callable[[Draft, Event, Any], None]


def duty_changes(look: Look, event: Event) -> list[Change]:
    """The rows that an event sets; it looks at `clauses|event type` and at what that needs."""
    rows = Draft(look)
    fold = _FOLDS.get(type(event.body))
    if fold is not None:
        fold(rows, event, event.body)
    if event.name.startswith("incident."):
        fold_incident(rows, event)
    else:
        _open(rows, event)
    return rows.changes()


def duty_reads(event: Event) -> tuple[str, ...]:
    """Rows that folding an event looks at first."""
    return () if event.name.startswith("incident.") else (f"clauses|{event.name}",)


def _submitted(rows: Draft, event: Event, said: document.Submitted) -> None:
    row = {"covers": list(said.covers), "kind": said.kind}
    rows.put(f"document|{event.index}", row)
    rows.put(f"paper|{said.digest}", row)


def _raised(rows: Draft, event: Event, said: concern.Raised) -> None:
    rows.put(f"concern|{event.index}", {"framework": said.framework})


# -- what people say of a duty ---------------------------------------------------------------------------------------

_Word: TypeAlias = obligation.Fulfilled | obligation.Tolled | obligation.NotApplicable


def _word(rows: Draft, event: Event, said: _Word) -> None:
    pack = rows.get(f"pack|{said.framework}")
    if (
        pack is None or said.obligation not in pack["obligations"]
    ):  # admission refuses it; a word on nothing says nothing
        return
    one: Value = {
        "at": getattr(said, "fulfilled_at", event.occurred_at),
        "occurred_at": event.occurred_at,
        "recorded_at": event.recorded_at,
        "type": event.name.partition(".")[2],
        **place(event),
    }
    if isinstance(said, obligation.Tolled):
        one |= {"until": said.until}
    if said.period is not None:
        key = f"calendar|{pack['id']}|{said.obligation}"
        row = rows.get(key)
        if row is None:  # a word on a calendar that does not run yet stands until it does
            run_calendar(rows, pack, said.obligation, "9999-12-31T23:59:59.999999Z")
            row = rows.must(key)
        words = row["said"].get(said.period, [])
        rows.put(key, {**row, "said": {**row["said"], said.period: [*words, one]}})
    elif said.opened_by is not None:
        key = duty_key(pack["id"], said.obligation, said.opened_by.index)
        row = rows.get(key) or _unopened(pack, said)
        rows.put(key, {**row, "said": [*row["said"], one]})


def _unopened(pack: Value, said: Any) -> Value:
    """A duty of which only a word is recorded: what opened it was recorded before the pack was."""
    return opened(pack, said.obligation, said.opened_by.index, "", "", [], ["opened-by-word"])


# -- opening ---------------------------------------------------------------------------------------------------------


def _open(rows: Draft, event: Event) -> None:
    _end(rows, event)
    listed = rows.get(f"clauses|{event.name}")
    for entry in () if listed is None else listed["of"]:
        pack = rows.must(f"pack|{entry['framework']}")
        clause = msgspec.convert(pack["obligations"][entry["obligation"]], Obligation)
        begins = isinstance(event.body, framework.Adopted) and event.body.digest == pack["framework"]
        if not begins and not binds_then(rows, pack, clause, times_of(event)):
            continue  # but what the adoption itself opens waits, pending, until the adoption is in effect
        doubts = means(rows, pack, clause, event)
        if doubts is None or not _first(rows, pack, clause, event):
            continue
        key = duty_key(pack["id"], clause.id, event.index)
        row = opened(pack, clause.id, event.index, event.name, event.stream, _models(rows, event), doubts)
        extends = _extended(rows, event)
        start = None if clause.clock == "due" else start_at(event, clause.clock)
        rows.put(key, {**row, "extends": extends, "signers": list(event.signers), "start": start})
        if clause.until is not None:
            keys = (rows.get(f"opened|{event.index}") or {"keys": []})["keys"]
            rows.put(f"opened|{event.index}", {"keys": [*keys, key]})


def _first(rows: Draft, pack: Value, clause: Obligation, event: Event) -> bool:
    """What arises once (that a model passes a number, that a law applies) is opened once, however often it is said."""
    if clause.measured is None and event.name != "framework.scope-determined":
        return True
    key = f"once|{pack['id']}|{clause.id}|{event.stream}"
    if rows.get(key) is not None:
        return False
    rows.put(key, {"index": event.index})
    return True


def _models(rows: Draft, event: Event) -> list[str]:
    said = event.body
    if isinstance(said, document.Submitted):
        return list(said.covers)
    if isinstance(said, document.Confirmed | document.Published):
        row = rows.get(f"document|{said.document.index}")
        return [] if row is None else list(row["covers"])
    return [event.stream] if event.stream.startswith("model/") else []


def _extended(rows: Draft, event: Event) -> str | None:
    """The key of the duty that an entry tolls."""
    said = event.body
    pack = rows.get(f"pack|{said.framework}") if isinstance(said, obligation.Tolled) else None
    if pack is None or said.opened_by is None:
        return None
    return duty_key(pack["id"], said.obligation, said.opened_by.index)


def start_at(event: Event, clock: str) -> Value | None:
    """When a clock starts that the opening event itself starts; `None` where it does not say."""
    said = event.body
    occurred = getattr(said, "fulfilled_at", event.occurred_at)
    match clock:
        case "occurred":
            at: str | None = occurred
        case "known":
            at = event.known_at or occurred
        case "recorded":
            at = event.recorded_at
        case "effective":
            at = getattr(said, "effective", occurred)
        case "planned":
            at = getattr(said, "planned_for", None)
        case "not-stated":
            return {"latest": max(occurred, event.recorded_at), "strict": occurred}
        case _:
            at = None
    return None if at is None else {"latest": at, "strict": at}


def _end(rows: Draft, event: Event) -> None:
    """What ends duties that an earlier entry opened."""
    for index in _ends(event):
        listed = rows.get(f"opened|{index}")
        for key in () if listed is None else listed["keys"]:
            row = rows.must(key)
            if row["clause"]["until"] == event.name and row["ended"] is None:
                rows.put(key, {**row, "ended": {"at": event.occurred_at, **place(event)}})


def _ends(event: Event) -> Iterator[int]:
    match event.body:
        case deployment.Ended() as said:
            yield said.deployment.index
        case concern.Found() as said:
            yield said.concern.index
        case training.Ended() as said if said.started is not None:
            yield said.started.index
        case _:
            pass


_FOLDS: dict[type, Fold] = {
    concern.Raised: _raised,
    document.Submitted: _submitted,
    framework.Adopted: fold_adopted,
    framework.Published: fold_published,
    framework.ScopeDetermined: fold_scope,
    obligation.Fulfilled: _word,
    obligation.NotApplicable: _word,
    obligation.Tolled: _word,
    threshold.Determined: fold_determined,
    threshold.Retracted: fold_retracted,
}
