"""When what was said of a model begins or ends by the clock alone: kept in order, so that nobody has to look for the next one."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from ledger.event import Event
from ledger.events import decision, exception, interim, safeguard, threshold
from ledger.state import State
from policies.calendar import add_months
from policies.facts import Fact, Published

LAST = "~"
"""Behind a time at which something holds for the last time; a time at which something begins stands alone. Sorted as texts, of
two at one time the beginning comes first: what held before it ends a microsecond earlier."""


def fold_ends(state: State, event: Event, fact: Fact) -> None:
    """Enter the times that an answer about the models named may be compared with (`policies.lapse`)."""
    match event.body:
        case threshold.Determined() as said:
            earlier = None if said.covered_by is None else state.get("determined", str(said.covered_by.index))
            times = [t for judged in (fact, earlier) if judged is not None for t in _of_determination(state, judged)]
            _enter(state, dict.fromkeys((event.stream, *said.subjects)), times)
        case safeguard.Attested() as said:
            _enter(state, said.scope.subjects, (said.valid_from, said.valid_until + LAST))
        case safeguard.Degraded() as said:
            attested: Fact | None = state.get("attested", str(said.attestation.index))
            _enter(state, () if attested is None else attested.body.scope.subjects, (said.since,))
        case decision.Made() | interim.Approved() | exception.Invoked() as said:
            _enter(state, (event.stream,), () if said.valid_until is None else (said.valid_until + LAST,))
        case _:
            pass


def _of_determination(state: State, fact: Fact) -> tuple[str, ...]:
    published: Published | None = state.get("published", fact.body.framework)
    rules = None if published is None else published.pack.reassess
    found = () if fact.body.review_by is None else (fact.body.review_by + LAST,)
    if rules is None or rules.max_age_months is None:
        return found
    made = min(fact.recorded_at, fact.occurred_at or fact.recorded_at)
    return (*found, add_months(made, rules.max_age_months) + LAST)


def _enter(state: State, streams: Iterable[str], times: Sequence[str]) -> None:
    for stream in streams:
        known: list[str] = list(state.get("ends", stream) or ())
        for time in times:
            place = bisect_left(known, time)
            if known[place : place + 1] != [time]:
                known.insert(place, time)
        state.put("ends", stream, tuple(known))
