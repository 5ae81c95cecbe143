"""Calendar arithmetic on canonical times (spec/obligations.md). Periods are data in packs; this is only how they are counted.

Hours are exact. All other units end with a day, and a day ends somewhere: where a pack's `clock` says zone, whether the first
day counts and whether a day of rest rolls over, that is one moment; where it is silent, both bounds are computed over
everything that it may mean. Answers stay within the years 1 to 9999: a claimed time at their edge must not stop a list.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import product

from ledger.strict import from_micros, micros, parse_uint
from policies.pack_duties import Clock, Period

DAY = 86_400_000_000
"""Microseconds."""
HOUR, MINUTE = DAY // 24, DAY // 1440
EPOCH = date(1970, 1, 1).toordinal()
MONTHS = {"month": 1, "quarter": 3, "year": 12}
WEST, EAST, STEP = -720, 840, 15
"""Zones that clocks on earth keep, in minutes east of UTC."""
FIRST, LAST = "0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"
_FIRST, _LAST = micros(FIRST), micros(LAST)
_LOW, _HIGH = date.min.toordinal() - EPOCH, date.max.toordinal() - EPOCH
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SILENT = Clock(ref="the source says nothing of it")


@dataclass(frozen=True, slots=True)
class Due:
    """The last moments that count: `strict` under the least kind reading, `latest` under the kindest. Late is after `latest`."""

    strict: str
    latest: str


def add_months(time: str, months: int) -> str:
    """The same day and clock `months` later; the last day of the month where that day does not exist."""
    return f"{_later_day(time[:10], months)}{time[10:]}"


@lru_cache(maxsize=8192)
def _later_day(day: str, months: int) -> str:
    """Kept: a long fold asks for few days, and for each of them often."""
    return _text(_months_on(_day_of(day), months))


def clamped(value: int) -> str:
    """The canonical time of microseconds since 1970, or the nearest one that can be written."""
    return from_micros(min(max(value, _FIRST), _LAST))


def later(time: str, *, hours: int = 0, value: int = 0) -> str:
    """The time `hours` and `value` microseconds later, within what can be written."""
    return clamped(micros(time) + hours * HOUR + value)


def due_of(start: str, period: Period, clock: Clock | None = None, times: int = 1) -> Due:
    """When `times` periods from `start` end. A negative period ends before `start`; none of it moves to a later day."""
    clock, amount = clock or SILENT, period.amount * times
    if period.unit == "hour":
        end = later(start, hours=amount)
        return Due(end, end)
    days = list(_days(micros(start), clock))
    return Due(
        clamped(min(_end(day, east, amount, period.unit, clock, kind=False) for day, _, east in days)),
        clamped(max(_end(day, west, amount, period.unit, clock, kind=True) for day, west, _ in days)),
    )


def _end(day: int, zone: int, amount: int, unit: str, clock: Clock, *, kind: bool) -> int:
    """The last microsecond of a period that begins on a local day; `kind` reads what the clock leaves unsaid so that it is late.

    After a start that is: the first day does not count, and an end on a day of rest rolls over. Before an event, the reverse.
    """
    before = amount < 0
    first = (kind if before else not kind) if clock.first_day_counts is None else clock.first_day_counts
    roll = (not kind if before else kind) if clock.rolls_over is None else clock.rolls_over
    return (
        (_rolled(_counted(day, amount, unit, clock, first=first), amount, clock, roll=roll) + 1) * DAY
        - zone * MINUTE
        - 1
    )


def periods(start: str, every: Period, until: str) -> Iterator[tuple[str, str]]:
    """First days (`YYYY-MM-DD`) of each period of a calendar duty and of the one after it, up to the period that holds `until`.

    The first begins on the day of `start`. Quarters are those of the calendar year, so that the first may be shorter.
    """
    first, end, number = _day_of(start[:10]), _day_of(until[:10]), 1
    begin = first
    while begin <= end and begin < _HIGH:
        if every.unit == "quarter":
            following = _months_on(_quarter(first), 3 * every.amount * number)
        else:
            following = _counted(first, every.amount * number, every.unit, SILENT, first=False)
        yield _text(begin), _text(following)
        begin, number = following, number + 1


def day_end(following: str, clock: Clock | None = None) -> Due:
    """When the day before `following` ends: the end of a calendar duty's period."""
    clock, day = clock or SILENT, _day_of(following) - 1
    zones = (WEST, EAST) if clock.zone_minutes is None else (clock.zone_minutes,)
    ends = [
        (_rolled(day, 1, clock, roll=roll) + 1) * DAY - z * MINUTE - 1
        for z, roll in product(zones, _said(clock.rolls_over))
    ]
    return Due(clamped(min(ends)), clamped(max(ends)))


def _said(rule: bool | None) -> tuple[bool, ...]:
    return (False, True) if rule is None else (rule,)


def _days(at: int, clock: Clock) -> Iterator[tuple[int, int, int]]:
    """Local days of `at`, with the westernmost and the easternmost zone that has each: the further east, the sooner it ends."""
    if clock.zone_minutes is not None:
        yield (at + clock.zone_minutes * MINUTE) // DAY, clock.zone_minutes, clock.zone_minutes
        return
    for day in range((at + WEST * MINUTE) // DAY, (at + EAST * MINUTE) // DAY + 1):
        west = max(WEST, -(-(day * DAY - at) // (STEP * MINUTE)) * STEP)
        east = min(EAST, ((day + 1) * DAY - 1 - at) // (STEP * MINUTE) * STEP)
        if west <= east:
            yield day, west, east


def _counted(day: int, amount: int, unit: str, clock: Clock, *, first: bool) -> int:
    """The day on which `amount` units from `day` end, `first` saying whether `day` is itself the first of them."""
    if amount == 0:
        return day
    sign = 1 if amount > 0 else -1
    if unit in MONTHS:
        return _months_on(day, amount * MONTHS[unit]) - (sign if first else 0)
    if unit == "day":
        return day + amount - (sign if first else 0)
    left = abs(amount) - (1 if first and _business(day, clock) else 0)
    while left > 0 and _LOW < day < _HIGH:
        day += sign
        left -= 1 if _business(day, clock) else 0
    return day


def _rolled(day: int, amount: int, clock: Clock, *, roll: bool) -> int:
    """The next day of business; before an event, the last one. A duty of no days falls where it falls."""
    while roll and amount and _LOW < day < _HIGH and not _business(day, clock):
        day += 1 if amount > 0 else -1
    return day


def _business(day: int, clock: Clock) -> bool:
    return WEEKDAYS[(day + 3) % 7] not in clock.weekend and _text(day) not in clock.holidays


def _months_on(day: int, months: int) -> int:
    old = date.fromordinal(min(max(day, _LOW), _HIGH) + EPOCH)
    whole = old.year * 12 + old.month - 1 + months
    year, month = whole // 12, whole % 12 + 1
    if not date.min.year <= year <= date.max.year:
        return _LOW if year < date.min.year else _HIGH
    following = date(year, month, 28).toordinal() + 4  # some day of the month after
    last = following - date.fromordinal(following).day if (year, month) != (9999, 12) else date.max.toordinal()
    return min(date(year, month, 1).toordinal() + old.day - 1, last) - EPOCH


def _quarter(day: int) -> int:
    """The first day of the calendar quarter."""
    found = date.fromordinal(day + EPOCH)
    return date(found.year, (found.month - 1) // 3 * 3 + 1, 1).toordinal() - EPOCH


def _day_of(text: str) -> int:
    """Days since 1970 of `YYYY-MM-DD`."""
    year, month, day = (parse_uint(part.lstrip("0") or "0") for part in text.split("-"))
    return date(year, month, day).toordinal() - EPOCH


def _text(day: int) -> str:
    found = date.fromordinal(min(max(day, _LOW), _HIGH) + EPOCH)
    return f"{found.year:04d}-{found.month:02d}-{found.day:02d}"
