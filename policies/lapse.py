"""How long an answer holds if nothing is recorded: the next time at which the clock alone may change it (interface.md §3).

Every time that `evaluate` and `clear` compare with theirs is counted for the model and the packs, needed or not: too early an
end costs one more question, too late a one would let an expired permit stand.
"""

from bisect import bisect_left
from collections.abc import Iterator

from ledger.state import State
from ledger.strict import shift
from policies.answer import AsOf
from policies.binding import adoptions, begins, ends, versions
from policies.facts import Fact
from policies.folds.ends import LAST

FIRST = "0001-01-01T00:00:00.000000Z"
"""An attester may write it: who counts back from there must not fail."""


def valid_until(state: State, stream: str, as_of: AsOf) -> str | None:
    """The last time at which the answers for `stream` still hold as they do at `as_of`; `None`: no end is known."""
    times: tuple[str, ...] = state.get("ends", stream) or ()
    place = bisect_left(times, as_of.time + LAST)
    lasts = [t for t in (*map(_last, times[place : place + 1]), *_bindings(state)) if t >= as_of.time]
    return min(lasts, default=None)


def before(time: str) -> str:
    """The last time before one at which something begins or ends: times have six digits. Before the first there is none."""
    return shift(time, micros=-1) if time > FIRST else time


def _last(entered: str) -> str:
    return entered.removesuffix(LAST) if entered.endswith(LAST) else before(entered)


def _bindings(state: State) -> Iterator[str]:
    """When a pack begins or ceases to bind: adoptions, the dates of laws, and what was determined of their reach."""
    for adopted in adoptions(state):
        yield before(adopted.effective)
        if adopted.until is not None:
            yield before(adopted.until)
    for published in (p for name in state.get("packs", "laws") or () for p in versions(state, name)):
        yield before(begins(published.pack))
        until = ends(published.pack)
        if until is not None:
            yield before(until)
    for name in state.get("packs", "ids") or ():
        said: tuple[Fact, ...] = state.get("scope", name) or ()
        for fact in said:
            yield before(fact.body.effective)
