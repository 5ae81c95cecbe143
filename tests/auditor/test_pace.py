"""How far, how fast, how long still."""

import pytest

from auditor.pace import Pace


def lines(*told: tuple[float, int], of: int = 1000) -> list[str | None]:
    times = iter([0.0, *(t for t, _ in told)])
    pace = Pace("verified", "entries", lambda: next(times))
    return [pace.line(done, of) for _, done in told]


def test_quick_work_says_nothing() -> None:
    assert lines((0.1, 100), (0.2, 1000)) == [None, None]


def test_rate_and_remaining_time_are_of_this_run() -> None:
    """It goes on from 500: a hundred in the first four seconds are 25 a second."""
    assert lines((0.0, 500), (4.0, 600)) == [None, "verified 600 of 1000 entries, 25/s, 16 s left"]


def test_a_line_every_two_seconds() -> None:
    assert [line is not None for line in lines((0.5, 1), (2.5, 2), (3.5, 3), (4.6, 4))] == [False, True, False, True]


@pytest.mark.parametrize(("of", "said"), [(2000, "3 min 20 s left"), (50_000, "2 h 43 min left"), (1000, "0 s left")])
def test_durations(of: int, said: str) -> None:
    found = lines((0.0, 0), (200.0, 1000), of=of)[1]
    assert found is not None
    assert found.endswith(said)


def test_where_nothing_moves_no_rate_is_told() -> None:
    assert lines((0.0, 7), (3.0, 7)) == [None, "verified 7 of 1000 entries"]
