"""Periods as people count them: pinned by hand, monotone, and never strict after latest, whatever a clock leaves unsaid."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.strict import from_micros, micros
from policies.calendar import (
    DAY,
    EAST,
    FIRST,
    LAST,
    MINUTE,
    STEP,
    WEST,
    Due,
    add_months,
    day_end,
    due_of,
    later,
    periods,
)
from policies.pack_duties import Clock, Period

BRUSSELS = Clock(ref="a clock that says all", zone_minutes=60, first_day_counts=False, rolls_over=False)
ROLLING = Clock(ref="the same, rolling over", zone_minutes=60, first_day_counts=False, rolls_over=True)
COUNTING = Clock(ref="the first day counts", zone_minutes=60, first_day_counts=True, rolls_over=False)
WEDNESDAY = "2026-11-25T10:00:00.000000Z"
END = "22:59:59.999999Z"
"""The end of a day an hour east of UTC."""

AMOUNTS = st.integers(-400, 400)
UNITS = st.sampled_from(["hour", "day", "business_day", "month", "quarter", "year"])
MOMENTS = st.integers(micros("1990-01-01T00:00:00.000000Z"), micros("2090-01-01T00:00:00.000000Z")).map(from_micros)
MAYBE = st.sampled_from([None, False, True])
CLOCKS = st.builds(
    Clock,
    ref=st.just("any"),
    first_day_counts=MAYBE,
    rolls_over=MAYBE,
    zone_minutes=st.none() | st.integers(WEST // STEP, EAST // STEP).map(lambda n: n * STEP),
    holidays=st.sampled_from([(), ("2026-12-25", "2026-12-28"), ("2000-02-29",)]),
    weekend=st.sampled_from([("sat", "sun"), ("fri", "sat"), ()]),
)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2025-07-15", 6, "2026-01-15"),
        ("2025-08-31", 6, "2026-02-28"),
        ("2023-08-31", 6, "2024-02-29"),
        ("2099-08-31", 6, "2100-02-28"),
        ("1999-08-31", 6, "2000-02-29"),
        ("2025-12-31", 1, "2026-01-31"),
        ("2025-12-31", 12, "2026-12-31"),
        ("2025-03-31", 1, "2025-04-30"),
        ("2025-03-31", 0, "2025-03-31"),
        ("2025-03-31", -1, "2025-02-28"),
        ("2024-02-29", 12, "2025-02-28"),
        ("9999-11-30", 1, "9999-12-30"),
        ("9999-12-31", 1, "9999-12-31"),
        ("0001-01-01", -1, "0001-01-01"),
    ],
)
def test_add_months(start: str, months: int, end: str) -> None:
    assert add_months(f"{start}T09:08:07.000006Z", months) == f"{end}T09:08:07.000006Z"


@pytest.mark.parametrize(
    ("amount", "unit", "clock", "day"),
    [
        (5, "day", BRUSSELS, "2026-11-30"),
        (5, "day", COUNTING, "2026-11-29"),
        (3, "day", BRUSSELS, "2026-11-28"),  # a Saturday, and it stands
        (3, "day", ROLLING, "2026-11-30"),
        (0, "day", ROLLING, "2026-11-25"),
        (1, "day", COUNTING, "2026-11-25"),
        (5, "business_day", BRUSSELS, "2026-12-02"),
        (5, "business_day", COUNTING, "2026-12-01"),
        (1, "month", BRUSSELS, "2026-12-25"),
        (1, "month", COUNTING, "2026-12-24"),
        (1, "quarter", BRUSSELS, "2027-02-25"),
        (2, "year", BRUSSELS, "2028-11-25"),
        (-14, "day", BRUSSELS, "2026-11-11"),
        (-14, "day", COUNTING, "2026-11-12"),
        (-4, "day", ROLLING, "2026-11-20"),  # before an event nothing moves to a later day: Saturday becomes Friday
        (-5, "business_day", BRUSSELS, "2026-11-18"),
    ],
)
def test_where_the_source_says_all_there_is_one_date(amount: int, unit: str, clock: Clock, day: str) -> None:
    due = f"{day}T{END}"
    assert due_of(WEDNESDAY, Period(amount=amount, unit=unit), clock) == Due(due, due)


def test_holidays_of_the_pack_are_no_business_days() -> None:
    clock = Clock(
        ref="x", zone_minutes=0, first_day_counts=False, rolls_over=True, holidays=("2026-12-25", "2026-12-28")
    )
    eve = "2026-12-24T10:00:00.000000Z"
    assert due_of(eve, Period(amount=1, unit="business_day"), clock).latest == "2026-12-29T23:59:59.999999Z"
    assert due_of(eve, Period(amount=1, unit="day"), clock).latest == "2026-12-29T23:59:59.999999Z"


def test_hours_are_exact_whatever_the_clock_says() -> None:
    for clock in (None, BRUSSELS, ROLLING):
        due = due_of(WEDNESDAY, Period(amount=72, unit="hour"), clock)
        assert due == Due("2026-11-28T10:00:00.000000Z", "2026-11-28T10:00:00.000000Z")
    assert due_of(WEDNESDAY, Period(amount=-24, unit="hour")).latest == "2026-11-24T10:00:00.000000Z"


def test_where_it_is_silent_both_bounds_are_shown() -> None:
    """Strict: this is the first day and it ends soonest in the east. Latest: tomorrow is, in the west, and Saturday is none."""
    silent = due_of(WEDNESDAY, Period(amount=3, unit="day"))
    assert silent.strict == "2026-11-27T10:14:59.999999Z"  # Wednesday, Thursday, Friday in the zone UTC+13:45
    assert (
        silent.latest == "2026-12-01T09:59:59.999999Z"
    )  # three days after Wednesday in UTC-10: Saturday, so Monday there
    assert due_of(WEDNESDAY, Period(amount=5, unit="day")).strict == "2026-11-29T10:14:59.999999Z"


def test_the_day_is_that_of_the_zone() -> None:
    night = "2026-11-25T23:30:00.000000Z"  # the 26th an hour east
    assert due_of(night, Period(amount=5, unit="day"), BRUSSELS).latest == f"2026-12-01T{END}"


def test_periods_of_the_calendar() -> None:
    quarter = list(
        periods("2025-11-15T00:00:00.000000Z", Period(amount=1, unit="quarter"), "2026-05-01T00:00:00.000000Z")
    )
    assert quarter == [("2025-11-15", "2026-01-01"), ("2026-01-01", "2026-04-01"), ("2026-04-01", "2026-07-01")]
    half = list(periods("2025-08-31T12:00:00.000000Z", Period(amount=6, unit="month"), "2026-08-31T00:00:00.000000Z"))
    assert half == [("2025-08-31", "2026-02-28"), ("2026-02-28", "2026-08-31"), ("2026-08-31", "2027-02-28")]
    year = list(periods("2024-02-29T00:00:00.000000Z", Period(amount=1, unit="year"), "2025-02-28T00:00:00.000000Z"))
    assert year == [("2024-02-29", "2025-02-28"), ("2025-02-28", "2026-02-28")]
    assert (
        list(periods("2026-01-02T00:00:00.000000Z", Period(amount=1, unit="day"), "2026-01-01T00:00:00.000000Z")) == []
    )


def test_a_period_ends_with_its_last_day() -> None:
    assert day_end("2026-01-01", BRUSSELS) == Due(f"2025-12-31T{END}", f"2025-12-31T{END}")
    assert day_end("2026-01-01") == Due("2025-12-31T09:59:59.999999Z", "2026-01-01T11:59:59.999999Z")
    assert day_end("2026-02-01", ROLLING).latest == f"2026-02-02T{END}"  # 31 January 2026 is a Saturday


def test_the_edges_of_time_stop_nothing() -> None:
    for unit in ("hour", "day", "business_day", "month", "year"):
        assert due_of(LAST, Period(amount=3660, unit=unit)).latest == LAST
        first = due_of(FIRST, Period(amount=-366, unit=unit))
        assert FIRST <= first.strict <= first.latest <= LAST
    assert later(LAST, hours=1) == LAST
    assert list(periods("9999-01-01T00:00:00.000000Z", Period(amount=1, unit="year"), LAST)) == [
        ("9999-01-01", "9999-12-31")
    ]


@given(MOMENTS, AMOUNTS, UNITS, CLOCKS)
def test_both_bounds_hold_all_that_a_silent_clock_may_mean(start: str, amount: int, unit: str, clock: Clock) -> None:
    """By brute force over every quarter of an hour east and west, and both ways of the other two rules."""
    found = due_of(start, Period(amount=amount, unit=unit), clock)
    zones = range(WEST, EAST + 1, STEP) if clock.zone_minutes is None else [clock.zone_minutes]
    firsts = [False, True] if clock.first_day_counts is None else [clock.first_day_counts]
    rolls = [False, True] if clock.rolls_over is None else [clock.rolls_over]
    said = [
        due_of(start, Period(amount=amount, unit=unit), Clock(ref="x", zone_minutes=z, first_day_counts=f, rolls_over=r,
                                                              holidays=clock.holidays, weekend=clock.weekend))
        for z, f, r in product(zones[:: 7 if unit == "business_day" else 1], firsts, rolls)
    ]  # fmt: skip
    assert all(one.strict == one.latest for one in said)
    low, high = min(one.strict for one in said), max(one.latest for one in said)
    assert found.strict <= low <= high <= found.latest
    if unit != "business_day":
        assert (found.strict, found.latest) == (low, high)


@given(MOMENTS, MOMENTS, AMOUNTS, UNITS, CLOCKS)
def test_a_later_start_is_never_due_sooner(one: str, other: str, amount: int, unit: str, clock: Clock) -> None:
    early, late = sorted((one, other))
    period = Period(amount=amount, unit=unit)
    first, second = due_of(early, period, clock), due_of(late, period, clock)
    assert first.strict <= second.strict
    assert first.latest <= second.latest


@given(MOMENTS, AMOUNTS, AMOUNTS, UNITS, CLOCKS)
def test_a_longer_period_is_never_due_sooner(start: str, one: int, other: int, unit: str, clock: Clock) -> None:
    short, long = sorted((one, other))
    first, second = (due_of(start, Period(amount=a, unit=unit), clock) for a in (short, long))
    assert first.strict <= second.strict
    assert first.latest <= second.latest


@given(MOMENTS, st.integers(0, 400), CLOCKS)
def test_days_after_a_start_lie_within_them(start: str, amount: int, clock: Clock) -> None:
    """Not before that many days less one have passed, and, but for rolling over, within one more."""
    found = due_of(start, Period(amount=amount, unit="day"), clock)
    assert micros(found.strict) >= micros(start) + max(0, amount - 1) * DAY
    plain = Clock(ref="x", first_day_counts=clock.first_day_counts, rolls_over=False, zone_minutes=clock.zone_minutes)
    assert micros(due_of(start, Period(amount=amount, unit="day"), plain).latest) < micros(start) + (amount + 1) * DAY


@given(MOMENTS, st.integers(-400, -1), CLOCKS)
def test_before_an_event_is_never_after_it(start: str, amount: int, clock: Clock) -> None:
    assert micros(due_of(start, Period(amount=amount, unit="day"), clock).latest) < micros(start) + DAY + EAST * MINUTE
    if clock.zone_minutes is None and not clock.first_day_counts:
        assert due_of(start, Period(amount=amount, unit="day"), clock).strict < start


@given(MOMENTS, UNITS.filter(lambda u: u not in ("hour", "business_day")), st.integers(1, 40))
def test_periods_join_without_a_gap(start: str, unit: str, amount: int) -> None:
    until = later(start, hours=24 * 365 * 6)
    found = list(periods(start, Period(amount=amount, unit=unit), until))
    assert found[0][0] == start[:10]
    assert all(a[1] == b[0] for a, b in zip(found, found[1:], strict=False))
    assert all(begin < end for begin, end in found)
    assert found[-1][0] <= until[:10] < found[-1][1]
