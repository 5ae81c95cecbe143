"""When a duty's clock started, and when it is due: read from rows, so that what was learnt later counts (spec/obligations.md).

Where several entries could have started it the earliest counts. What a compromised key signed can only make the strict date
sooner, never the latest one.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from ledger.strict import micros
from policies.calendar import Due, due_of, later
from policies.duty_rows import Look, Value
from policies.incident_fold import fits, incident_key
from policies.pack_duties import Clock, Obligation

Tainted = Callable[[int, Sequence[str]], int | None]
"""The index of the revocation that taints an entry with these signers, or `None`."""


@dataclass(frozen=True, slots=True)
class Start:
    """When the clock started, if it did; `earliest` = when it can have, at the soonest; `indexes` say so."""

    due: Due | None
    earliest: str | None = None
    indexes: tuple[int, ...] = ()


def clock_of(pack: Value | None) -> Clock | None:
    """How a pack counts days."""
    return None if pack is None or pack["clock"] is None else msgspec.convert(pack["clock"], Clock)


def start_of(look: Look, row: Value, clause: Obligation, tainted: Tainted) -> Start:
    """When the clock of a duty started."""
    if clause.clock == "due":
        return _extended(look, row, tainted)
    case = None if row["incident"] is None else look(incident_key(row["incident"]))
    if case is None or row["start"] is not None:
        own = row["start"]
        return Start(None) if own is None else Start(Due(own["strict"], own["latest"]))
    first = _earliest([(o["at"], o) for o in case["observed"]], tainted)
    mine = [c for c in case["classified"] if c["pack"] == row["pack"] and c["category"] is not None]
    match clause.clock:
        case "discovered":
            return first
        case "involvement-known":
            found = _earliest([(i["at"], i) for i in case["involved"]], tainted)
        case "imminent-known":
            found = _earliest([(c["imminent_known_at"], c) for c in mine if c["imminent"]], tainted)
        case "determined-or-believed":
            found = _earliest([(min(c["at"], c["believed_at"] or c["at"]), c) for c in mine], tainted)
        case "resolved":
            found = _earliest([(r["resolved_at"], r) for r in case["resolved"]], tainted)
        case _:
            found = Start(None)
    candidate = first.due.strict if first.due is not None else case["first_at"]
    return found if found.due is not None else Start(None, candidate, first.indexes)


def _earliest(said: Iterable[tuple[str, Value]], tainted: Tainted) -> Start:
    found = sorted(((at, one["index"], one) for at, one in said), key=lambda f: f[:2])
    if not found:
        return Start(None)
    good = [f for f in found if tainted(f[2]["index"], f[2]["signers"]) is None] or found
    return Start(Due(found[0][0], good[0][0]), None, tuple(dict.fromkeys((found[0][1], good[0][1]))))


def closed_by(look: Look, row: Value, clause: Obligation, pack: Value, tainted: Tainted) -> Value | None:
    """The classification that took an incident out of the classes that the clause means, and no later one brought it back.

    What a compromised key signed takes nothing out.
    """
    case = None if row.get("incident") is None else look(incident_key(row["incident"]))
    newest, since = dict[str, bool](), None
    for said in () if case is None else case["classified"]:
        if tainted(said["index"], said["signers"]) is not None or (pack["categories"] and said["pack"] != pack["id"]):
            continue
        newest[said["pack"]] = fits(clause, said, pack)
        since = None if any(newest.values()) else since or said
    asks = clause.trigger_event in ("incident.classified", "incident.report-filed", "incident.resolved")
    return since if asks else None


def _extended(look: Look, row: Value, tainted: Tainted) -> Start:
    """The clock of an extension starts where the duty that it extends would have been due."""
    other = None if row["extends"] is None else look(row["extends"])
    if other is None:
        return Start(None)
    clause = msgspec.convert(other["clause"], Obligation)
    start = start_of(look, other, clause, tainted)
    if clause.deadline is None or start.due is None:
        return Start(None, start.earliest, start.indexes)
    due = due_between(start.due, clause, clock_of(look(f"pack|{other['framework']}")))
    return Start(due, None, (other["index"], *start.indexes))


def due_between(start: Due, clause: Obligation, clock: Clock | None, times: int = 1) -> Due:
    """When a period from `start` ends, where `start` itself may be two moments."""
    period = clause.every or clause.deadline
    if period is None:  # the caller asks only where there is one
        return start
    due = due_of(start.strict, period, clock, times)
    if start.latest == start.strict:
        return due
    return Due(due.strict, max(due.strict, due_of(start.latest, period, clock, times).latest))


def tolled_by(due: Due, words: Sequence[Value]) -> Due:
    """The due date after tolls: what was left when each began is left when it ends; one after the due moves nothing."""
    strict = _moved(due.strict, [(w["recorded_at"], w["until"]) for w in words])
    latest = _moved(due.latest, [(min(w["occurred_at"], w["recorded_at"]), w["until"]) for w in words])
    return Due(strict, max(strict, latest))


def _moved(due: str, tolls: Iterable[tuple[str, str]]) -> str:
    reached = ""
    for began, until in sorted(tolls):
        start = max(began, reached)
        if start < until and began <= due:
            due, reached = later(due, value=micros(until) - micros(start)), until
    return due
