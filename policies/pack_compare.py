"""Two values of one clause compared: is the later one weaker, stronger, or merely other? (policies/pack_diff.py)

On doubt a change is `changed`, never `stronger`: a reader looks at it. A list that lost is weaker; one that only gained is
stronger; one that lost and gained is weaker where it also got shorter, else changed.
"""

from collections.abc import Callable, Iterable
from typing import Any, Literal

import msgspec

from ledger.errors import Malformed
from ledger.strict import decimal_value
from policies.calendar import MONTHS
from policies.pack_duties import Period
from policies.pack_gate import Acceptance, Condition, Effect, Statistic
from policies.pack_words import count, fact_words, number_words

Kind = Literal["vanished", "weaker", "changed", "stronger", "added"]
Step = tuple[Kind, str, str]
"""Kind of change, what stood before, what stands after: for people."""
Rule = Callable[[Any, Any], Step | None]

NONE = "none"
ABSENT = "absent"
"""A value that is empty · a clause or number that is not there."""
STRICTNESS: dict[Effect, int] = {
    "block_standard_undefined": 4, "block": 3, "halt_development": 3, "pause_training": 3,
    "pause_development_and_deployment": 3, "delay": 3, "statutory_violation": 3, "penalty": 3,
    "interim_measures_or_block": 2, "interim_measures_or_delete_weights": 2, "more_mitigation": 2, "not_accepted": 2,
    "risk_not_accepted": 2, "non_conformance": 1,
}  # fmt: skip
"""4 nothing satisfies it · 3 it stops · 2 it stops unless measures stand in, or the risk is accepted · 1 it is flagged."""
HOURS = {"hour": (1, 1), "day": (24, 24), "business_day": (24, 72)}
"""Shortest and longest length of a unit; a business day waits for what lies between."""
MONTH_HOURS = (28 * 24, 31 * 24)


def said(value: Any) -> str:
    """A value of a pack, for people."""
    match value:
        case None | () | "":
            return NONE
        case bool():
            return "yes" if value else "no"
        case Period(amount=amount):
            return f"{'-' if amount < 0 else ''}{count(value)}"
        case Condition():
            return fact_words(value)
        case Statistic():
            return number_words(value)
        case Acceptance(document=document, role=role):
            return f"{role} accepts the risk in {document}"
        case tuple():
            return ", ".join(said(v) for v in value)
        case msgspec.Struct():
            told = {k: v for k, v in msgspec.structs.asdict(value).items() if k != "ref" and v not in (None, ())}
            return "; ".join(f"{k.replace('_', ' ')} {said(v)}" for k, v in told.items())
        case _:
            return str(value)


def step(kind: Kind, before: Any, after: Any) -> Step:
    return kind, said(before), said(after)


def turned(found: Step | None) -> Step | None:
    """The same change where more is weaker: of exemptions, of conditions that narrow, of a way out."""
    other: dict[Kind, Kind] = {"weaker": "stronger", "stronger": "weaker"}
    return None if found is None else (other.get(found[0], found[0]), *found[1:])


def fewer(before: Iterable[Any], after: Iterable[Any]) -> Step | None:
    """A list of demands: without one of them it is weaker."""
    old, new = tuple(before), tuple(after)
    lost, gained = [v for v in old if v not in new], [v for v in new if v not in old]
    if not lost and not gained:
        return None
    if lost and (not gained or len(new) < len(old)):
        return step("weaker", old, new)
    return step("stronger" if not lost else "changed", old, new)


def more(before: Iterable[Any], after: Iterable[Any]) -> Step | None:
    """A list of exemptions, or of facts that must hold too: with one more of them it is weaker."""
    found = fewer(after, before)
    return None if found is None else step(found[0], before, after)


def narrower(before: Iterable[Any], after: Iterable[Any]) -> Step | None:
    """A list of what the clause is about, where an empty one means everything."""
    old, new = tuple(before), tuple(after)
    if old and new:
        return fewer(old, new)
    return None if old == new else step("weaker" if new else "stronger", old or "everything", new or "everything")


def worded(before: Any, after: Any) -> Step | None:
    """A demand in words, or a part that may be absent: dropped is weaker."""
    if before == after:
        return None
    return step("weaker" if after is None else "stronger" if before is None else "changed", before, after)


def way_out(before: Any, after: Any) -> Step | None:
    """What lets an action pass although something is unmet: where it is new, the clause is weaker."""
    return turned(worded(before, after))


def softened(before: bool, after: bool) -> Step | None:
    """A flag that makes a clause softer or narrower."""
    return None if before == after else step("weaker" if after else "stronger", before, after)


def other(before: Any, after: Any) -> Step | None:
    """Merely other."""
    return None if before == after else step("changed", before, after)


def laxer(before: Effect, after: Effect) -> Step | None:
    """What follows where something is unmet."""
    if before == after:
        return None
    old, new = STRICTNESS[before], STRICTNESS[after]
    return step("weaker" if new < old else "stronger" if new > old else "changed", before, after)


def later(before: Period | None, after: Period | None) -> Step | None:
    """When something is due: later is weaker, and so is no period at all."""
    if before is None or after is None:
        return worded(before, after)
    (early, late), (soonest, latest) = _span(before, after), _span(after, before)
    if (early, late) == (soonest, latest):
        return other(before, after)
    return step("weaker" if soonest >= late else "stronger" if latest <= early else "changed", before, after)


def sooner(before: Period | None, after: Period | None) -> Step | None:
    """How long something is kept: shorter is weaker."""
    found = later(before, after)
    return found if before is None or after is None else turned(found)


def lowered(before: int, after: int) -> Step | None:
    """A number of people: fewer is weaker."""
    return None if before == after else step("weaker" if after < before else "stronger", before, after)


def greater(before: str | int | None, after: str | int | None) -> Step | None:
    """After how much a determination is stale: more is weaker, and so is no number at all."""
    if before is None or after is None or before == after:
        return worded(before, after)
    return step("weaker" if decimal_value(str(after)) > decimal_value(str(before)) else "stronger", before, after)


def _span(period: Period, beside: Period) -> tuple[int, int]:
    """Shortest and longest length, in months where both count in months, else in hours."""
    if period.unit in MONTHS:
        months = period.amount * MONTHS[period.unit]
        if beside.unit in MONTHS:
            return months, months
        bounds = [months * h for h in MONTH_HOURS]
    else:
        bounds = [period.amount * h for h in HOURS[period.unit]]
    return min(bounds), max(bounds)


def limit(before: Condition | Statistic, after: Condition | Statistic, *, accepts: bool) -> Step | None:
    """A number and what it is compared with. `accepts` = where it holds, all is well: then a wider limit is weaker; else it
    triggers something, and a narrower one is weaker.
    """
    if before == after:
        return None
    if said(before) == said(after):
        return step("changed", _noted(before), _noted(after))
    try:
        old, new = decimal_value(before.value), decimal_value(after.value)
    except Malformed:
        return step("changed", before, after)
    if before.comparator != after.comparator or before.comparator == "=" or old == new:
        return step("changed", before, after)
    wider = (new > old) == (before.comparator in ("<", "<="))
    return step("weaker" if wider == accepts else "stronger", before, after)


def _noted(number: Condition | Statistic) -> str:
    """A number with what is said about it, where that alone differs."""
    note = getattr(number, "note", None)
    return said(number) if note is None else f"{said(number)} ({note})"
