"""Which clock is believed: for any readings at all, recorded times never fall, and doubt comes and goes with its cause."""

from hypothesis import given
from hypothesis import strategies as st

from ledger.store.clock import SKEW_SECONDS, STEP_SECONDS, ClockWatch, downtime, recorded_time, seconds
from ledger.strict import from_micros

WALL = 1_775_000_000.0
moments = st.integers(0, 4 * 10**15).map(from_micros)
small = st.floats(-4, 4)


@given(st.lists(moments, min_size=1, max_size=30))
def test_recorded_time_never_falls_whatever_the_clock_does(readings: list[str]) -> None:
    recorded = ""
    for now in readings:
        following = recorded_time(recorded, now)
        assert following >= recorded
        assert following >= now, "nothing is recorded before it happened"
        assert following in (recorded, now), "no invented time"
        recorded = following
    assert recorded == max(readings)


@given(moments)
def test_seconds_are_those_of_the_canonical_time(at: str) -> None:
    assert from_micros(round(seconds(at) * 1_000_000)) == at


@given(st.lists(st.floats(0, 1e6), max_size=20), small)
def test_honest_clocks_that_run_together_are_never_doubted(elapsed: list[float], skew: float) -> None:
    watch = ClockWatch(WALL, 100.0)
    for passed in elapsed:
        watch.hear(WALL + passed + skew, 100 + passed, 100 + passed)
        assert watch.doubt(WALL + passed, 100 + passed) is None


@given(st.floats(0, 1e6), st.floats(-4e8, 4e8))
def test_a_step_against_the_monotonic_clock_is_doubted_until_it_is_taken_back(passed: float, step: float) -> None:
    watch = ClockWatch(WALL, 100.0)
    doubt = watch.doubt(WALL + passed + step, 100 + passed)
    assert (doubt is not None) == (abs(WALL + passed + step - WALL - passed) > STEP_SECONDS)
    assert watch.doubt(WALL + passed, 100 + passed) is None


@given(st.floats(0, 1e6), st.floats(-50, 50), st.floats(0, 1e4))
def test_a_skew_to_the_database_is_doubted_also_later_without_another_reading(
    at: float, skew: float, on: float
) -> None:
    watch = ClockWatch(WALL, 100.0)
    watch.hear(WALL + at + skew, 100 + at, 100 + at)
    if abs(abs(skew) - SKEW_SECONDS) > 0.001:
        assert (watch.doubt(WALL + at + on, 100 + at + on) is not None) == (abs(skew) > SKEW_SECONDS)
    watch.hear(WALL + at + on, 100 + at + on, 100 + at + on)
    assert watch.doubt(WALL + at + on, 100 + at + on) is None, "it recovers when the clocks agree again"


def test_a_slow_reading_of_the_database_says_nothing() -> None:
    watch = ClockWatch(WALL, 100.0)
    watch.hear(WALL + 900, 100, 101.5)
    assert watch.database is None


@given(moments, st.integers(0, 86_400))
def test_a_restart_within_a_day_asks_nothing(last: str, later: int) -> None:
    now = from_micros(round(seconds(last) * 1_000_000) + later * 1_000_000)
    assert downtime(last, now) is None


@given(moments, st.integers(61, 10**9), st.booleans())
def test_a_longer_silence_or_a_clock_behind_the_log_asks(last: str, gap: int, behind: bool) -> None:
    step = -gap if behind else 86_400 + gap
    at = round(seconds(last) * 1_000_000) + step * 1_000_000
    if at > 0:
        doubt = downtime(last, from_micros(at))
        assert doubt is not None
        assert last in doubt
