"""Following what is stored: in one go or in steps it is the same place; what does not fit head or anchor is refused."""

from pathlib import Path

import pytest

from api.wiring import Ledger, open_ledger
from ledger.errors import Fault
from ledger.state import State
from ledger.store.anchor import AnchoredHead
from ledger.store.position import Position, follow
from ledger.store.rows import Head
from ledger.tile import Edge
from policies.rules import RULES
from tests.conftest import copy_of

START = Position(State(), Edge.empty(), "")
"""Never written to: what is folded goes to a layer, and the tests settle only positions of their own."""


@pytest.fixture(scope="module")
def told(told_folder: Path, tmp_path_factory: pytest.TempPathFactory):
    ledger = open_ledger(copy_of(told_folder, tmp_path_factory.mktemp("told") / "ledger"))
    yield ledger
    ledger.close()


def settled(position: Position) -> Position:
    return Position(position.state.absorb(), position.edge, position.recorded_at)


def test_a_long_way_says_how_far_it_is(told: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.store.position.PAGE", 16)
    last, said = told.desk.read_head(), list[tuple[int, int]]()
    anchored = AnchoredHead(told.origin, last.size, last.root)
    follow(START, last, told.desk, RULES, anchored, progress=lambda done, of: said.append((done, of)))
    assert said == [(done, last.size) for done in range(16, last.size, 16)]


def test_every_way_there_is_the_same(told: Ledger) -> None:
    """R8: a start from zero, and a recovery from any checkpoint."""
    heads = [Head(size, b"", root) for size, root in told.desk.read_checkpoints()]
    last = heads[-1]
    whole = follow(START, last, told.desk, RULES, AnchoredHead(told.origin, last.size, last.root))
    place = Position(State(), Edge.empty(), "")
    for head in heads:
        place = settled(follow(place, head, told.desk, RULES, AnchoredHead(told.origin, head.size, head.root)))
        assert place.head == AnchoredHead(told.origin, head.size, head.root)
    assert (place.edge, place.recorded_at) == (whole.edge, whole.recorded_at)
    tables = whole.state._tables.keys()
    assert place.state._tables.keys() == tables
    for table in tables:
        assert dict(place.state.scan(table)) == dict(whole.state.scan(table)), table


def test_the_base_is_not_touched(told: Ledger) -> None:
    (head, *_) = [Head(size, b"", root) for size, root in told.desk.read_checkpoints()]
    follow(START, head, told.desk, RULES, AnchoredHead(told.origin, head.size, head.root))
    assert START.size == 0
    assert dict(START.state.scan("entry")) == {}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda h, a: (h, None), "anchor-missing"),
        (lambda h, a: (h, AnchoredHead(a.origin, a.size + 1, a.root)), "diverged"),
        (lambda h, a: (h, AnchoredHead(a.origin, a.size, bytes(32))), "diverged"),
        (lambda h, a: (h, AnchoredHead(a.origin, 1, bytes(32))), "diverged"),
        (lambda h, a: (h, AnchoredHead("dev/other", a.size, a.root)), "diverged"),
        (lambda h, a: (h, AnchoredHead(a.origin, 0, a.root)), "diverged"),
        (lambda h, a: (Head(h.size, b"", bytes(32)), a), "ledger-invalid"),
        (lambda h, a: (Head(h.size + 1, b"", h.root), a), "entry-missing"),
    ],
)
def test_what_does_not_fit_is_refused(told: Ledger, change, code: str) -> None:
    head = told.desk.read_head()
    anchored = AnchoredHead(told.origin, head.size, head.root)
    follow(START, head, told.desk, RULES, anchored)
    other_head, other_anchor = change(head, anchored)
    with pytest.raises(Fault) as caught:
        follow(START, other_head, told.desk, RULES, other_anchor)
    assert caught.value.code == code


def test_a_head_behind_memory_or_of_another_root_is_a_divergence(told: Ledger) -> None:
    head = told.desk.read_head()
    here = settled(
        follow(
            Position(State(), Edge.empty(), ""), head, told.desk, RULES, AnchoredHead(told.origin, head.size, head.root)
        )
    )
    for size, root in ((head.size - 1, head.root), (head.size, bytes(32))):
        with pytest.raises(Fault) as caught:
            follow(here, Head(size, b"", root), told.desk, RULES, here.head)
        assert caught.value.code == "diverged"
