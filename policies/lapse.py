"""How long an answer holds if nothing is recorded: the next time at which the clock alone may change it (interface.md §3).

Every time that `evaluate` and `clear` compare with theirs is collected for the model and the packs in play, needed or not: too
early an end costs one more question, too late a one would let an expired permit stand.
"""

from collections.abc import Iterator

from ledger.state import State
from ledger.strict import shift
from policies.answer import AsOf
from policies.binding import binding_packs
from policies.calendar import add_months
from policies.facts import Adopted, Fact, Published

FIRST = "0001-01-01T00:00:00.000000Z"
"""An attester may write it: who counts back from there must not fail."""


def valid_until(state: State, stream: str, as_of: AsOf) -> str | None:
    """The last time at which the answers for `stream` still hold as they do at `as_of`; `None`: no end is known."""
    lasts = [t for t in (*_adoptions(state), *_facts(state, stream, as_of)) if t >= as_of.time]
    return min(lasts, default=None)


def _before(time: str) -> str:
    """The last time before one at which something begins or ends: times have six digits. Before the first there is none."""
    return shift(time, micros=-1) if time > FIRST else time


def _adoptions(state: State) -> Iterator[str]:
    adopted: Adopted
    for _, adopted in state.scan("adopted"):
        yield _before(adopted.effective)
        if adopted.until is not None:
            yield _before(adopted.until)


def _facts(state: State, stream: str, as_of: AsOf) -> Iterator[str]:
    for fact in (*_of(state, "decision", stream), *_of(state, "interim", stream)):
        if fact.body.valid_until is not None:
            yield fact.body.valid_until
    for published in binding_packs(state, as_of.time):
        yield from _determinations(state, stream, published)
        for safeguard in published.pack.safeguards:
            for fact in _of(state, "attestation", f"{stream}|{published.digest}|{safeguard.id}"):
                yield _before(fact.body.valid_from)
                yield fact.body.valid_until


def _determinations(state: State, stream: str, published: Published) -> Iterator[str]:
    rules = published.pack.reassess
    for threshold in published.pack.thresholds:
        for fact in _of(state, "determination", f"{stream}|{published.digest}|{threshold.id}"):
            covered = fact.body.covered_by
            earlier: Fact | None = None if covered is None else state.get("determined", str(covered.index))
            for judged in (fact,) if earlier is None else (fact, earlier):
                if judged.body.review_by is not None:
                    yield judged.body.review_by
                if rules is not None and rules.max_age_months is not None:
                    yield add_months(judged.recorded_at, rules.max_age_months)


def _of(state: State, table: str, key: str) -> tuple[Fact, ...]:
    found: tuple[Fact, ...] | None = state.get(table, key)
    return found or ()
