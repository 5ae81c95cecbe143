"""How long an answer holds if nothing is recorded: the next time at which the clock alone may change it (interface.md §3).

Every time that `evaluate` and `clear` compare with theirs is collected for the model and the packs in play, needed or not: too
early an end costs one more question, too late a one would let an expired permit stand.
"""

from collections.abc import Iterator

from ledger.state import State
from ledger.strict import shift
from policies.answer import AsOf
from policies.binding import adoptions, begins, binding_packs, ends, versions
from policies.calendar import add_months
from policies.facts import Fact, Published

FIRST = "0001-01-01T00:00:00.000000Z"
"""An attester may write it: who counts back from there must not fail."""


def valid_until(state: State, stream: str, as_of: AsOf) -> str | None:
    """The last time at which the answers for `stream` still hold as they do at `as_of`; `None`: no end is known."""
    lasts = [t for t in (*_bindings(state), *_facts(state, stream, as_of)) if t >= as_of.time]
    return min(lasts, default=None)


def _before(time: str) -> str:
    """The last time before one at which something begins or ends: times have six digits. Before the first there is none."""
    return shift(time, micros=-1) if time > FIRST else time


def _bindings(state: State) -> Iterator[str]:
    """When a pack begins or ceases to bind: adoptions, the dates of laws, and what was determined of their reach."""
    for adopted in adoptions(state):
        yield _before(adopted.effective)
        if adopted.until is not None:
            yield _before(adopted.until)
    for published in (p for name in state.get("packs", "laws") or () for p in versions(state, name)):
        yield _before(begins(published.pack))
        until = ends(published.pack)
        if until is not None:
            yield _before(until)
    for name in state.get("packs", "ids") or ():
        for fact in _of(state, "scope", name):
            yield _before(fact.body.effective)


def _facts(state: State, stream: str, as_of: AsOf) -> Iterator[str]:
    for fact in (f for table in ("decision", "interim", "exception") for f in _of(state, table, stream)):
        if fact.body.valid_until is not None:
            yield fact.body.valid_until
    for published in _looked_at(state, as_of.time):
        yield from _determinations(state, stream, published)
        for safeguard in published.pack.safeguards:
            for fact in _of(state, "attestation", f"{stream}|{published.digest}|{safeguard.id}"):
                yield _before(fact.body.valid_from)
                yield fact.body.valid_until
                for degraded in _of(state, "degraded", str(fact.index)):
                    yield _before(degraded.body.since)


def _looked_at(state: State, at: str) -> tuple[Published, ...]:
    """The packs that bind, and those on whose thresholds it depends whether one reaches the model."""
    binding = binding_packs(state, at)
    scopes = (p.pack.scope for p in binding if p.pack.scope is not None)
    return (*binding, *(other for s in scopes for other in versions(state, s.pack)[-1:]))


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
                    made = min(judged.recorded_at, judged.occurred_at or judged.recorded_at)
                    yield add_months(made, rules.max_age_months)


def _of(state: State, table: str, key: str) -> tuple[Fact, ...]:
    found: tuple[Fact, ...] | None = state.get(table, key)
    return found or ()
