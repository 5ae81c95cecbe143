"""F19: two services on one ledger. On one folder the second is refused; on one server database they share, and make one tree."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from api.wiring import open_ledger, wall_clock
from ledger.envelope import Envelope, Signature, format_envelope, parse_envelope
from ledger.errors import Fault
from ledger.reasons import Reason, Refused
from ledger.store.desk import Desk
from ledger.store.draft import Draft, Group
from ledger.store.outcome import Appended, Known, Outcome
from ledger.store.rows import Batch, Committed, Head
from policies.rules import RULES
from tests.faults.oracle import check, check_nothing_left, pin_of
from tests.faults.seat import ROWS, Account, Place, Seat, eventually, together

EACH, THREADS = 6, 12


class CountingDesk(Desk):
    """Counts the races that it lost."""

    lost = 0

    def append_locked(self, build: Callable[[Head], Batch | None]) -> Committed | None:
        self.lost += 1
        return super().append_locked(build)


def test_two_services_share_by_compare_and_swap(place: Place, tmp_path: Path) -> None:
    seats = [Seat(place, desk=CountingDesk), Seat(place.second("other"), desk=CountingDesk)]
    pin, before = pin_of(seats[0].ledger), seats[0].appender.size
    outcomes: list[tuple[int, Outcome]] = []

    def post(n: int) -> None:
        for _ in range(EACH):
            outcomes.append((n % 2, seats[n % 2].post()))

    together(THREADS, post)
    assert [o for _, o in outcomes if not isinstance(o, Appended)] == [], "no stale head reaches a caller"
    assert [len([o for which, o in outcomes if which == n]) for n in (0, 1)] == [EACH * THREADS // 2] * 2
    assert sum(s.desk.lost for s in seats if isinstance(s.desk, CountingDesk)) > 0, "there were races"
    size = before + ROWS * EACH * THREADS
    eventually(lambda: [s.appender.size for s in seats] == [size, size])
    heads = {s.appender.published[1].split("\n")[2] for s in seats}
    assert len(heads) == 1, "one tree"
    assert [s.anchor.head.size for s in seats if s.anchor.head] == [size, size], "each anchor follows what it has seen"
    everybody = Account(seats[0].account.acknowledged | seats[1].account.acknowledged)
    for n, seat in enumerate(seats):
        (tmp_path / str(n)).mkdir()
        check(seat.ledger, everybody, tmp_path / str(n), pin, before=before)
        seat.close()
    check_nothing_left(place.folder, place.database.url())


def test_a_lost_race_is_decided_anew_not_answered_stale(place: Place) -> None:
    """The loser's batch had been decided on a tree that is no longer the present one."""
    first, second = Seat(place), Seat(place.second("other"))
    written = first.write("contested", expected_version=0)
    rival = second.write("contested", expected_version=0)
    first.index(written)
    with second.appender.lock:  # whatever its last tick saw
        outcome = second.appender.submit([second.open(rival), second.open(written), second.open(second.write())])
    refused, known, appended = outcome.result(10)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.VERSION_CONFLICT
    assert isinstance(known, Known)
    assert isinstance(appended, Appended)
    first.close()
    second.close()


def test_one_id_at_two_services_is_one_entry(place: Place) -> None:
    seats = [Seat(place), Seat(place.second("other"))]
    for _ in range(5):
        written = seats[0].write()
        places: list[int] = []
        together(8, lambda n, w=written, p=places: p.append(seats[n % 2].index(w)))
        assert len(set(places)) == 1
    for seat in seats:
        seat.close()


def test_what_a_neighbour_committed_unsigned_is_not_signed_over(place: Place) -> None:
    """Whoever holds the appender's database role can commit; we sign nothing whose own signatures do not verify."""
    seat = Seat(place)
    before, opened = seat.appender.published, seat.open(seat.write())
    envelope = parse_envelope(opened.envelope)
    (signature,) = envelope.signatures
    broken = Signature(signature.keyid, bytes([signature.sig[0] ^ 1]) + signature.sig[1:])
    group = Group([replace(opened, envelope=format_envelope(Envelope(envelope.payload, (broken,))))], Future())
    draft = Draft(seat.appender._end.position, wall_clock(), RULES, seat.appender._seal)
    draft.decide(group)
    neighbour = Desk(place.database.url("holdpoint_appender"))
    assert neighbour.append(draft.batch()[0]) is not None
    neighbour.close()
    eventually(lambda: seat.appender.stopped is not None)
    assert seat.appender.stopped is not None
    assert seat.appender.stopped.code == "ledger-invalid"
    assert "signature-invalid" in seat.appender.stopped.detail
    assert seat.appender.published[0] == before[0]
    assert seat.anchor.head is not None
    assert seat.anchor.head.size == before[0]
    seat.close()
    with pytest.raises(Fault, match="signature-invalid"):
        Seat(place)


def test_one_folder_has_one_service(place: Place, tmp_path: Path) -> None:
    seat = Seat(place)
    (tmp_path / "link").symlink_to(place.folder, target_is_directory=True)
    for path in (place.folder, tmp_path / "link"):
        with pytest.raises(Fault) as caught:
            open_ledger(path)
        assert caught.value.code == "anchor-in-use"
    assert isinstance(seat.post(), Appended), "the first is not disturbed"
    seat.close()


def test_embedded_the_second_start_is_refused(ledger_folder: Path, tmp_path: Path) -> None:
    ledger = open_ledger(ledger_folder)
    (tmp_path / "link").symlink_to(ledger_folder, target_is_directory=True)
    for path in (ledger_folder, tmp_path / "link"):
        with pytest.raises(Fault) as caught:
            open_ledger(path)
        assert caught.value.code == "folder-in-use"
    ledger.close()
    open_ledger(tmp_path / "link").close()


def test_honest_one_service_alone(place: Place, tmp_path: Path) -> None:
    seat = Seat(place)
    pin, before = pin_of(seat.ledger), seat.appender.size
    together(THREADS, lambda _n: [seat.index(seat.write()) for _ in range(EACH)] and None)
    assert seat.appender.size == before + ROWS * EACH * THREADS
    check(seat.ledger, seat.account, tmp_path, pin, before=before)
    seat.close()
