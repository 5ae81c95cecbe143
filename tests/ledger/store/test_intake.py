"""What waits is bounded by submissions, keeps its order, and forgets callers that have gone."""

import threading
import time
from concurrent.futures import Future
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.store.draft import Group
from ledger.store.intake import MAX_WAITING, Intake


def group(count: int) -> Group:
    anything: Any = [None] * count
    return Group(anything, Future())


def test_it_holds_4096_submissions_whatever_the_groups() -> None:
    intake = Intake()
    assert MAX_WAITING == 4096
    for _ in range(8):
        assert intake.put(group(500))
    assert not intake.put(group(97))
    assert intake.put(group(96))
    assert not intake.put(group(1))
    assert intake.waiting == 4096
    assert len(intake.take(500, 0)) == 1
    assert intake.put(group(500)), "what was taken makes room"


@given(st.lists(st.integers(1, 500), max_size=20), st.integers(500, 900))
def test_first_in_first_out_and_never_more_than_asked(sizes: list[int], most: int) -> None:
    intake = Intake(10**6)
    groups = [group(n) for n in sizes]
    for one in groups:
        assert intake.put(one)
    taken: list[Group] = []
    while part := intake.take(most, 0):
        assert sum(len(g.submissions) for g in part) <= most
        taken += part
    assert [id(g) for g in taken] == [id(g) for g in groups]
    assert intake.waiting == 0


def test_a_caller_that_has_gone_is_dropped_and_one_that_goes_too_late_is_answered() -> None:
    intake = Intake()
    gone, stays = group(3), group(2)
    intake.put(gone)
    intake.put(stays)
    assert gone.answer.cancel()
    assert intake.take(500, 0) == [stays]
    assert intake.waiting == 0
    assert not stays.answer.cancel(), "it is being decided: its answer will come"


def test_taking_waits_for_the_first_and_not_for_more() -> None:
    intake, one = Intake(), group(1)
    threading.Timer(0.1, lambda: intake.put(one)).start()
    began = time.monotonic()
    assert intake.take(500, 5) == [one]
    assert time.monotonic() - began < 2
    assert intake.take(500, 0.01) == []


def test_closed_it_takes_no_more_and_gives_what_it_has() -> None:
    intake, one = Intake(), group(1)
    intake.put(one)
    intake.close()
    assert not intake.put(group(1))
    assert intake.take(500, 5) == [one]
    assert intake.take(500, 5) == []
