"""The view's rows are the rows of the rules' state, from any batch split; and lateness is read from them, never stored."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.strict import shift
from policies.duties import TABLE, duties_at, duties_of
from projections.obligations import LISTED, OBLIGATIONS
from projections.projection import Rank, Row, Rows, fold_events
from tests.policies.regimes import SAID, START, Regimes, days, deploy, duty, regime
from tests.policies.test_incident_duties import EU, STATE

YEARLY = regime("yearly", "own", duty("REVIEW", "calendar", every=days(1, "quarter")),
                duty("TELL", "deployment.started", clock="occurred", deadline=days(3, "business_day")), clock=SAID)  # fmt: skip


@pytest.fixture(scope="module")
def lived() -> Regimes:
    """A year with an incident, deployments, tolls and words on them."""
    w = Regimes(EU, STATE, YEARLY)
    w.scope_of("state", "frontier_developer")
    first = deploy(w)
    deploy(w)
    w.observe()
    w.classify("eu", "cyber")
    w.at = shift(START, days=1)
    w.involve()
    w.word("tolled", "yearly", "TELL", first, until=shift(START, days=5))
    critical = w.classify("state", "critical", imminent=True, imminent_known_at=START)
    w.report("eu", "initial", shift(START, days=1))
    w.classify("eu", "death")
    w.word("not-applicable", "state", "BELIEF", critical)
    w.word("fulfilled", "state", "DAYS", w.case)
    w.at = shift(START, days=30)
    w.word("fulfilled", "yearly", "REVIEW", w.duties(obligation="REVIEW")[0].period)
    w.resolve()
    return w


def plain(rows: dict[str, Row]) -> dict[str, Row]:
    """As a table gives them back."""
    return {k: Row(r.rank, msgspec.json.decode(msgspec.json.encode(r.value))) for k, r in rows.items()}


def test_the_view_holds_what_the_state_holds(lived: Regimes) -> None:
    events = [e for _, e in sorted(lived.events.items())]
    rows = plain(fold_events(OBLIGATIONS, events).changed)
    state = {k: msgspec.json.decode(msgspec.json.encode(v)) for k, v in lived.state.scan(TABLE)}
    assert {k: r.value for k, r in rows.items()} == state
    assert {k.split("|")[0] for k, r in rows.items() if r.rank is Rank.LISTED} == {"calendar", "duty", "incident"}


@pytest.mark.parametrize("after", [0, 2, 30, 400])
def test_both_answer_alike_at_every_clock(lived: Regimes, after: int) -> None:
    rows = plain(fold_events(OBLIGATIONS, [e for _, e in sorted(lived.events.items())]).changed)
    at = shift(START, days=after)
    listed = [(k, r.value) for k, r in rows.items() if k.startswith(LISTED[:2])]
    found = duties_at(lambda key: rows[key].value if key in rows else None, listed, at, lambda _index, _keys: None)
    assert found == duties_of(lived.state, at)
    assert len({d.key for d in found}) == len(found) >= 8


@given(cut=st.integers(0, 40))
def test_any_split_gives_the_same_rows(lived: Regimes, cut: int) -> None:
    events = [e for _, e in sorted(lived.events.items())]
    whole = plain(fold_events(OBLIGATIONS, events).changed)
    prefix = plain(fold_events(OBLIGATIONS, events[:cut]).changed)
    rest = Rows(prefix.get)
    for event in events[cut:]:
        OBLIGATIONS.fold(rest, event)
    assert {**prefix, **plain(rest.changed)} == whole


def test_no_row_says_how_late_it_is(lived: Regimes) -> None:
    text = msgspec.json.encode([v for _, v in lived.state.scan(TABLE)])
    for word in (b"overdue", b"seconds_left", b"due_latest"):
        assert word not in text


def test_removing_an_entry_that_a_duty_rests_on_changes_it(lived: Regimes) -> None:
    """But for the pack's own publication, without which nothing is left to compare."""
    at = shift(START, days=60)
    events = [e for _, e in sorted(lived.events.items())]
    whole = {d.key: d for d in _of(events, at)}
    for duty_, cited in [(d, i) for d in whole.values() for i in d.indexes]:
        event = lived.events[cited]
        if event.name == "framework.published":
            continue
        without = {d.key: d for d in _of([e for e in events if e.index != cited], at)}
        assert without.get(duty_.key) != duty_, (duty_.key, event.name)


def _of(events, at):
    rows = fold_events(OBLIGATIONS, events).changed
    listed = [(k, r.value) for k, r in rows.items() if k.startswith(LISTED[:2])]
    return duties_at(lambda key: rows[key].value if key in rows else None, listed, at, lambda _index, _keys: None)
