"""How far long work is, how fast it goes, and how long it still takes: a line every two seconds."""

from collections.abc import Callable

EVERY_SECONDS = 2.0


class Pace:
    """Lines for `done` of `of` units. `clock`: seconds that only grow. The rate is that of this run, not of what it continues."""

    def __init__(self, what: str, unit: str, clock: Callable[[], float]) -> None:
        self._what, self._unit, self._clock = what, unit, clock
        self._last = clock()
        self._began: tuple[float, int] | None = None

    def line(self, done: int, of: int) -> str | None:
        """The line to say now, or `None` while the last one is fresh."""
        now = self._clock()
        if self._began is None:
            self._began = (now, done)
        if now - self._last < EVERY_SECONDS:
            return None
        self._last = now
        since, first = self._began
        text = f"{self._what} {done} of {of} {self._unit}"
        if now <= since or done <= first:
            return text
        rate = (done - first) / (now - since)
        return f"{text}, {rate:,.0f}/s, {_duration((of - done) / rate)} left"


def _duration(seconds: float) -> str:
    """Hours, minutes and seconds, the largest two."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
