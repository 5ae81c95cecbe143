"""Positions of a log: what is asked for, how far a time reaches, and where no state ever stood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import Malformed
from ledger.positions import has_cause, parse_position, recorded_until
from ledger.replay import Problem, Replay
from policies.rules import RULES
from tests.vectors.told import to_the_end


@pytest.mark.parametrize(
    ("text", "position"), [("0", 0), ("45", 45), ("2026-04-07T09:00:00.000000Z", "2026-04-07T09:00:00.000000Z")]
)
def test_a_size_or_a_time(text: str, position: int | str) -> None:
    assert parse_position(text) == position


@pytest.mark.parametrize("text", ["", "-1", "007", "٣", "2026-04-07", "now", "9" * 20])
def test_neither(text: str) -> None:
    with pytest.raises(Malformed):
        parse_position(text)


@given(st.lists(st.integers(0, 9).map(str), max_size=12).map(sorted), st.integers(0, 9).map(str))
def test_how_far_a_time_reaches(times: list[str], time: str) -> None:
    assert recorded_until(times.__getitem__, time, len(times)) == sum(1 for one in times if one <= time)


def test_what_follows_from_the_entry_before_it() -> None:
    """The golden history has every type: exactly what its replay owed has a cause, a determination by rule among it."""
    lab = to_the_end()
    owed = {n for n, raw in enumerate(lab.entries) if has_cause(raw)}
    replay, found, kinds = Replay(RULES), set[int](), set[str]()
    for n, raw in enumerate(lab.entries):
        if replay.owed:
            found.add(n)
        event = replay.step(raw)
        assert not isinstance(event, Problem)
        if n in found:
            kinds.add(event.name)
    assert owed == found
    assert {"gate.evaluated", "threshold.determined", "threshold.retracted", "model.referenced"} <= kinds
