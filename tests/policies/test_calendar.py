"""Months as people count them: the same day and clock, or the last day of a shorter month."""

import pytest

from policies.calendar import add_months


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
    ],
)
def test_add_months(start: str, months: int, end: str) -> None:
    assert add_months(f"{start}T09:08:07.000006Z", months) == f"{end}T09:08:07.000006Z"
