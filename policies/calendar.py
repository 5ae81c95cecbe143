"""Calendar arithmetic on canonical times. Periods are data in packs; this is only how they are counted."""

from ledger.strict import parse_time, parse_uint

DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _month_days(year: int, month: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if month == 2 and leap else DAYS[month - 1]


def add_months(time: str, months: int) -> str:
    """The same day and clock `months` later; the last day of the month where that day does not exist."""
    year, month = parse_uint(time[0:4].lstrip("0") or "0"), parse_uint(time[5:7].lstrip("0"))
    day = parse_uint(time[8:10].lstrip("0"))
    whole = year * 12 + month - 1 + months
    year, month = whole // 12, whole % 12 + 1
    return parse_time(f"{year:04d}-{month:02d}-{min(day, _month_days(year, month)):02d}{time[10:]}")
