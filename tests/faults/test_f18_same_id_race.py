"""F18: many callers, one event id or one stream version: one entry, everybody learns where it stands, others are unharmed."""

import threading
from pathlib import Path

import pytest

from api.author import new_event_id
from api.wiring import wall_clock
from ledger.reasons import Reason, Refused
from ledger.store.outcome import Appended, Known, Outcome
from tests.faults.oracle import check, check_nothing_left, pin_of
from tests.faults.seat import ROWS, Place, Seat, together


@pytest.mark.parametrize("callers", [2, 8, 32])
def test_one_id_is_one_entry_and_all_get_its_receipt(place: Place, tmp_path: Path, callers: int) -> None:
    seat = Seat(place)
    pin, before, written = pin_of(seat.ledger), seat.appender.size, seat.write()
    outcomes: list[Outcome] = []
    together(callers, lambda _n: outcomes.append(seat.post(written)))
    assert {type(o) for o in outcomes} <= {Appended, Known}
    assert len([o for o in outcomes if isinstance(o, Appended) and not o.replay]) == 1, "one caller made the entry"
    assert {o.index if isinstance(o, Known) else o.event.index for o in outcomes} == {before}
    assert seat.desk.read_head().size == before + ROWS
    check(seat.ledger, seat.account, tmp_path, pin, before=before)
    seat.close()
    check_nothing_left(place.folder, place.database.url())


def test_another_statement_under_the_id_is_told_both_digests(seat: Seat) -> None:
    event_id = new_event_id(wall_clock())
    rivals = [seat.write(f"rival-{n}", event_id=event_id) for n in range(8)]
    outcomes: dict[int, Outcome] = {}
    together(8, lambda n: outcomes.update({n: seat.appender.submit([seat.open(rivals[n])]).result(10)[0]}))
    (winner,) = [n for n, o in outcomes.items() if isinstance(o, Appended)]
    for n, outcome in outcomes.items():
        if n != winner:
            assert isinstance(outcome, Refused)
            assert outcome.reason is Reason.EVENT_ID_CONFLICT
            assert outcome.facts == (("first", rivals[winner].digest), ("second", rivals[n].digest))


def test_one_version_has_one_winner_and_batch_mates_are_unharmed(place: Place, tmp_path: Path) -> None:
    seat = Seat(place)
    pin, before = pin_of(seat.ledger), seat.appender.size
    outcomes: list[list[Outcome]] = []
    lock = threading.Lock()

    def post(n: int) -> None:
        batch = [seat.write(f"a-{n}"), seat.write("contested", expected_version=0), seat.write(f"b-{n}")]
        answered = seat.post_all(batch)
        with lock:
            outcomes.append(answered)

    together(16, post)
    contested = [middle for _, middle, _ in outcomes]
    losers = [o for o in contested if isinstance(o, Refused)]
    assert len(losers) == 15
    assert {(o.reason, o.facts) for o in losers} == {(Reason.VERSION_CONFLICT, (("present_version", "1"),))}
    assert all(isinstance(o, Appended) for first, _, last in outcomes for o in (first, last))
    assert seat.appender.size == before + 33 * ROWS
    check(seat.ledger, seat.account, tmp_path, pin, before=before)
    seat.close()


def test_an_atomic_batch_that_loses_leaves_nothing(seat: Seat) -> None:
    before = seat.appender.size
    outcomes: list[list[Outcome]] = []
    together(8, lambda n: outcomes.append(seat.post_all(
        [seat.write(f"c-{n}"), seat.write("contested", expected_version=0)], atomic=True)))  # fmt: skip
    winners = [o for o in outcomes if isinstance(o[0], Appended)]
    assert len(winners) == 1
    assert all(isinstance(one, Refused) and one.reason is Reason.VERSION_CONFLICT
               for o in outcomes if o is not winners[0] for one in o)  # fmt: skip
    assert seat.appender.size == before + 2 * ROWS


def test_honest_distinct_ids_all_stand(seat: Seat, tmp_path: Path) -> None:
    pin, before = pin_of(seat.ledger), seat.appender.size
    outcomes: list[Outcome] = []
    together(32, lambda _n: outcomes.append(seat.post()))
    assert all(isinstance(o, Appended) and not o.replay for o in outcomes)
    assert seat.appender.size == before + 32 * ROWS
    check(seat.ledger, seat.account, tmp_path, pin, before=before)
