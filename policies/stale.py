"""What makes a favourable determination stale. Time never softens an unfavourable one."""

from functools import lru_cache

from ledger.state import State
from ledger.strict import decimal_value
from policies.answer import AsOf
from policies.calendar import add_months
from policies.facts import Fact, Published, tainted
from policies.numbers import exact
from policies.pack_parts import Reassess

Stale = tuple[str, tuple[int, ...]]
"""Why, and the entries that make it so."""


def recorded_compute(state: State, stream: str, fact: str) -> tuple[Fact, ...]:
    """Recorded compute facts of that name, oldest first; also tainted and back-recorded ones."""
    return state.get("compute", f"{stream}|{fact}") or ()


def registered_far(state: State, stream: str, rules: Reassess | None, of: str) -> tuple[int, ...]:
    """The model's registration, where it says that the model lies far beyond the one in stream `of`."""
    registered: Fact | None = state.get("model", stream)
    ratio = None if registered is None else registered.body.effective_compute
    if registered is None or ratio is None or rules is None or ratio.of != of or not far(ratio.ratio, rules):
        return ()
    return (registered.index,)


def grown(state: State, stream: str, rules: Reassess | None, since: int = -1) -> tuple[int, ...]:
    """The ratios, recorded after entry `since`, by which the model outgrew what was determined.

    A tainted measurement may hide growth, and a ratio that can't be read may be any: a favourable answer outlives neither.
    """
    if rules is None or rules.compute_fact is None or rules.compute_ratio is None:
        return ()
    found: list[int] = []
    for measured in reversed(recorded_compute(state, stream, rules.compute_fact)):
        if measured.index <= since:
            break
        if _reaches(measured.body.ratio, rules.compute_ratio) or tainted(state, measured) is not None:
            found.append(measured.index)
    return tuple(reversed(found))


def far(ratio: str, rules: Reassess) -> bool:
    """Whether a compute ratio makes a determination stale; one that can't be read does."""
    return rules.compute_ratio is not None and _reaches(ratio, rules.compute_ratio)


@lru_cache(maxsize=4096)
def _reaches(ratio: str, limit: str) -> bool:
    """Kept, since a model's measurements are read for every threshold at every question."""
    value = exact(ratio)
    return value is None or value >= decimal_value(limit)


def reassessed(state: State, stream: str, published: Published, fact: Fact, name: str) -> tuple[int, ...]:
    """The calls for a new look at threshold `name`, later than the determination `fact`. A stolen key's call counts too: it
    makes nobody's answer more favourable."""
    found: list[int] = []
    called: tuple[Fact, ...] = state.get("reassess", stream) or ()
    for call in reversed(called):
        if call.index <= fact.index:
            break
        said = call.body
        if said.framework == published.digest and (not said.thresholds or name in said.thresholds):
            found.append(call.index)
    return tuple(reversed(found))


def staleness(state: State, stream: str, published: Published, fact: Fact, as_of: AsOf) -> Stale | None:
    """Why a favourable determination counts no more, or `None`."""
    said, rules = fact.body, published.pack.reassess
    if said.review_by is not None and as_of.time > said.review_by:
        return "determination-review-due", ()
    called = reassessed(state, stream, published, fact, said.threshold)
    if called:
        return "reassessment-due", called
    if rules is None:
        return None
    # Recording a judgement late does not make it young.
    made = min(fact.recorded_at, fact.occurred_at or fact.recorded_at)
    if rules.max_age_months is not None and as_of.time > add_months(made, rules.max_age_months):
        return "determination-stale", ()
    later = grown(state, stream, rules, fact.index)
    return ("determination-compute", later) if later else None
