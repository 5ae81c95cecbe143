"""Which clock is believed, and when none is (log.md §2, R7, faults.md F17). Pure: every reading is an argument.

A clock that once stood in the future would stop time for everybody, since recorded times never fall. So three clocks watch one
another: the wall clock that entries are recorded by, a monotonic one that no operator can set, and the database's.
"""

from dataclasses import dataclass

from ledger.strict import micros

SKEW_SECONDS = 5.0
STEP_SECONDS = 60.0
DOWNTIME_SECONDS = 86_400.0
SLOW_SECONDS = 1.0
"""A reading of the database's clock that took longer says too little."""


def seconds(at: str) -> float:
    """A canonical time in seconds since 1970."""
    return micros(at) / 1_000_000


def recorded_time(previous: str, now: str) -> str:
    """The one recorded time of a commit. It never falls: when the clock moves back, it holds still."""
    return max(previous, now)


@dataclass(slots=True)
class ClockWatch:
    """`wall` and `ticks` (monotonic) in seconds, read together when watching began; `database`: its time at some ticks."""

    wall: float
    ticks: float
    database: tuple[float, float] | None = None

    def hear(self, database_now: float, before: float, after: float) -> None:
        """The database's clock, read between the ticks `before` and `after`."""
        if 0 <= after - before <= SLOW_SECONDS:
            self.database = (database_now, (before + after) / 2)

    def doubt(self, wall: float, ticks: float) -> str | None:
        """Why `wall` is not believed at `ticks`, or `None`."""
        step = (wall - self.wall) - (ticks - self.ticks)
        if abs(step) > STEP_SECONDS:
            return f"the clock moved {step:+.0f} s against the monotonic clock"
        if self.database is not None:
            heard, at = self.database
            skew = wall - (heard + ticks - at)
            if abs(skew) > SKEW_SECONDS:
                return f"the clock differs by {skew:+.1f} s from the database's"
        return None


def downtime(last: str, now: str) -> str | None:
    """Why a start at `now` asks for confirmation, when the log was last alive at `last`; or `None`."""
    gap = seconds(now) - seconds(last)
    if gap > DOWNTIME_SECONDS:
        return f"the log was last alive at {last} and the clock says {now}, {gap / 3600:.0f} h later"
    if gap < -STEP_SECONDS:
        return f"the log was last alive at {last} and the clock says {now}, {-gap:.0f} s earlier"
    return None
