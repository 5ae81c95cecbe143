"""Log.md §2.3: who is refused because of an uncommitted batch-mate is answered after that commit, and decided anew if it fails."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from api.author import write
from api.keyring import load_signer
from api.wiring import wall_clock
from ledger.errors import Fault
from ledger.event import Derived, Event
from ledger.events import model
from ledger.reasons import Reason, Refused
from ledger.state import State
from ledger.store.desk import Desk
from ledger.store.outcome import Appended, Known
from ledger.store.rows import Batch, Committed
from policies.rules import RULES
from tests.faults.oracle import check, pin_of
from tests.faults.seat import ROWS, Place, Seat


class FailingDesk(Desk):
    """Fails the next append: before the commit, or after it."""

    fails = ""

    def append(self, batch: Batch) -> Committed | None:
        fails, self.fails = self.fails, ""
        if fails == "before":
            raise Fault("append-refused", "failed", "made to fail", "")
        committed = super().append(batch)
        if fails == "after":
            raise Fault("outcome-unknown", "unknown", "made to fail", "")
        return committed


@pytest.fixture
def failing(place: Place):
    seat = Seat(place, desk=FailingDesk)
    yield seat
    seat.close()


def fail(seat: Seat, when: str) -> None:
    assert isinstance(seat.desk, FailingDesk)
    seat.desk.fails = when


def test_where_the_mate_was_not_committed_the_refusal_is_withdrawn(failing: Seat, tmp_path: Path) -> None:
    pin, before = pin_of(failing.ledger), failing.appender.size
    first, second = (failing.write("contested", expected_version=0) for _ in range(2))
    known = failing.write()
    failing.index(known)
    fail(failing, "before")
    mate, rested, old = failing.post_all([first, second, known])
    assert isinstance(mate, Fault)
    assert mate.code == "append-refused"
    assert isinstance(rested, Appended), "it was refused only because of the mate"
    assert old == Known(before), "what stands already does not depend on the commit"
    check(failing.ledger, failing.account, tmp_path, pin, before=before)


def test_where_the_mate_was_committed_the_refusal_stands(failing: Seat, tmp_path: Path) -> None:
    pin, before = pin_of(failing.ledger), failing.appender.size
    first, second = (failing.write("contested", expected_version=0) for _ in range(2))
    fail(failing, "after")
    mate, rested = failing.post_all([first, second])
    assert isinstance(mate, Fault)
    assert mate.code == "outcome-unknown"
    assert isinstance(rested, Refused)
    assert rested.reason is Reason.VERSION_CONFLICT
    assert failing.index(first) == before
    check(failing.ledger, failing.account, tmp_path, pin, before=before)


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_same_statement_twice_shares_its_fate(failing: Seat, when: str) -> None:
    written, before = failing.write(), failing.appender.size
    fail(failing, when)
    outcomes = failing.post_all([written, written])
    assert [type(o) for o in outcomes] == [Fault, Fault]
    assert failing.index(written) == before
    assert failing.appender.size == before + ROWS


def test_an_atomic_group_is_decided_anew_as_a_whole(failing: Seat) -> None:
    lone = failing.write("contested", expected_version=0)
    group = [failing.write(), failing.write("contested", expected_version=0)]
    fail(failing, "before")
    with failing.appender.lock:  # the appender waits for it at the end of a commit, so that both are in one batch
        blocker = failing.appender.submit([failing.open(failing.write())])
        futures = [failing.appender.submit([failing.open(lone)]),
                   failing.appender.submit([failing.open(w) for w in group], atomic=True)]  # fmt: skip
    blocker.result(10)
    outcomes = [f.result(10) for f in futures]
    assert all(isinstance(o, Appended | Fault | Refused) for part in outcomes for o in part)
    contested = [outcomes[0][0], outcomes[1][1]]
    assert len([o for o in contested if isinstance(o, Appended)]) == 1
    assert len({type(o) for o in outcomes[1]}) == 1, "all or none"


def test_honest_mates_in_one_batch_see_one_another(seat: Seat) -> None:
    first, second = seat.write("contested", expected_version=0), seat.write("contested", expected_version=1)
    outcomes = seat.post_all([first, second])
    assert [type(o) for o in outcomes] == [Appended, Appended]


def many(seat: Seat, count: int) -> list[str]:
    """Registered models."""
    signer = load_signer(seat.place.folder / "keys" / "assessor.pem")
    streams = [f"model/m{n:02d}" for n in range(count)]
    body = {"kind": "snapshot"}
    written = [
        write(model.Registered, body, seat.audience, s, [signer], wall_clock(), subject=f"{n:02x}" * 32)
        for n, s in enumerate(streams)
    ]
    assert all(isinstance(o, Appended) for o in seat.post_all(written))
    return streams


def test_more_entries_than_a_batch_holds_go_into_the_next_one(seat: Seat, tmp_path: Path) -> None:
    """70 reports over 32 models make 2,310 entries; a commit takes 2,000."""
    pin, before = pin_of(seat.ledger), seat.appender.size
    covers = many(seat, 32)
    size = seat.appender.size
    written = [seat.write(covers=covers) for _ in range(70)]
    outcomes = seat.post_all(written)
    assert all(isinstance(o, Appended) for o in outcomes), outcomes
    assert [o.event.index for o in outcomes if isinstance(o, Appended)] == [size + 33 * n for n in range(70)]
    assert len(seat.desk.read_checkpoints()) >= 3
    again = [seat.write(covers=covers) for _ in range(70)]
    refused = seat.post_all(again, atomic=True)
    assert {o.code for o in refused if isinstance(o, Fault)} == {"batch-too-large"}
    assert len(refused) == 70
    assert seat.appender.size == size + 33 * 70
    check(seat.ledger, seat.account, tmp_path, pin, before=before)


@dataclass(frozen=True)
class Defective:
    """The rules, with a defect that one stream's name brings out."""

    version: str = RULES.version

    def refusal(self, state: State, event: Event) -> Refused | None:
        if event.stream == "document/poison":
            raise ZeroDivisionError
        return RULES.refusal(state, event)

    def fold(self, state: State, event: Event) -> None:
        RULES.fold(state, event)

    def derive(self, state: State, event: Event) -> tuple[Derived, ...]:
        return RULES.derive(state, event)


def test_a_defect_in_a_rule_answers_its_callers_and_the_loop_goes_on(place: Place, tmp_path: Path) -> None:
    seat = Seat(place, rules=Defective())
    pin, before = pin_of(seat.ledger), seat.appender.size
    mate = seat.write()
    for outcome in seat.post_all([mate, seat.write("poison")]):
        assert isinstance(outcome, Fault)
        assert (outcome.code, outcome.outcome) == ("defect", "unknown")
    assert seat.index(mate) == before, "nothing of that batch was stored"
    check(seat.ledger, seat.account, tmp_path, pin, before=before)
    seat.close()


def test_too_many_at_once_are_told_so(seat: Seat) -> None:
    opened = seat.open(seat.write())
    with pytest.raises(Fault) as caught:
        seat.appender.submit([opened] * 501)
    assert caught.value.code == "batch-too-large"
    with pytest.raises(Fault, match="batch-too-large"):
        seat.appender.submit([])


def test_overload_is_refused_and_nothing_of_it_is_lost(seat: Seat) -> None:
    opened = seat.open(seat.write())
    futures = []

    def flood() -> None:
        for _ in range(20):
            futures.append(seat.appender.submit([opened] * 500))

    with seat.appender.lock, pytest.raises(Fault) as caught:  # the appender can't publish meanwhile
        flood()
    assert (caught.value.code, caught.value.outcome) == ("overloaded", "failed")
    assert 8 <= len(futures) <= 10
    answers = [o for f in futures for o in f.result(20)]
    assert len(answers) == 500 * len(futures)
    assert all(isinstance(o, Appended | Known) for o in answers)
    assert isinstance(seat.post(), Appended)
