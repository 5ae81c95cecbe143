"""F09: the appender's backend, or the postmaster, is stopped (SIGSTOP). No time-out of the server or the kernel ends that: ours do."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from api.author import Written
from ledger.errors import Fault
from ledger.store.outcome import Appended, Outcome
from tests.faults.oracle import check, check_nothing_left, pin_of
from tests.faults.seat import ROWS, Place, Seat, eventually, together

SECONDS = 6.0
COUNT = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_frozen_backend_piles_nothing_up_and_doubles_nothing(place: Place, tmp_path: Path) -> None:
    seat = Seat(place)
    pin, before = pin_of(seat.ledger), seat.appender.size
    threads, written, slowest = threading.active_count(), list[Written](), list[float]()
    answers: list[Outcome] = []

    def call(_n: int) -> None:
        for _ in range(3):
            statement, began = seat.write(), time.monotonic()
            answers.append(seat.post(statement))
            slowest.append(time.monotonic() - began)
            written.append(statement)
            time.sleep(1)

    with psycopg.connect(place.database.url(), autocommit=True) as admin:
        (connections,) = admin.execute(COUNT).fetchone() or (0,)
        with stopped(seat.desk._open().info.backend_pid):
            together(16, call)
            assert seat.ledger.view().size >= before, "answers from memory go on"
            assert max(slowest) < SECONDS
            assert threading.active_count() <= threads, "no thread is left behind a stopped backend"
            (now,) = admin.execute(COUNT).fetchone() or (0,)
            assert now <= connections + 1, "one connection replaces the stopped one, no more"
        faults = [a for a in answers if isinstance(a, Fault)]
        assert {f.code for f in faults} <= {"outcome-unknown", "database-unreachable", "stale-head"}
        assert any(f.code == "outcome-unknown" for f in faults)
    eventually(lambda: seat.appender.stopped is None)
    indexes = [seat.index(w) for w in written]
    assert len(set(indexes)) == len(written) == 48
    assert [seat.index(w) for w in written] == indexes
    assert seat.appender.size == before + ROWS * 48, "exactly one entry per id"
    check(seat.ledger, seat.account, tmp_path, pin, before=before)
    seat.close()
    check_nothing_left(place.folder, place.database.url())


def test_a_frozen_reader_holds_up_its_readers_for_five_seconds_not_for_five_each(place: Place) -> None:
    seat = Seat(place)
    faults: list[Fault] = []

    def read(_n: int) -> None:
        try:
            seat.reader.read_head()
        except Fault as err:
            faults.append(err)

    with stopped(seat.reader._open().info.backend_pid):
        began = time.monotonic()
        together(12, read)
        assert time.monotonic() - began < SECONDS + 1, "those that waited too long gave up, the next one reconnected"
    assert {f.code for f in faults} <= {"database-unreachable"}
    assert len(faults) >= 1
    assert isinstance(seat.post(), Appended), "appends have a connection of their own"
    seat.close()


def test_a_frozen_postmaster_stops_no_open_connection(place: Place, tmp_path: Path) -> None:
    seat = Seat(place)
    pin, before = pin_of(seat.ledger), seat.appender.size
    process = place.database.server._process
    assert process is not None
    with stopped(process.pid):
        assert isinstance(seat.post(), Appended)
        seat.desk.close()
        began = time.monotonic()
        fault = seat.post()
        assert isinstance(fault, Fault)
        assert (fault.code, fault.outcome) == ("database-unreachable", "failed"), "nothing was sent"
        assert time.monotonic() - began < SECONDS
    eventually(lambda: seat.appender.stopped is None)
    assert isinstance(seat.post(), Appended)
    check(seat.ledger, seat.account, tmp_path, pin, before=before)
    seat.close()


def test_honest_the_same_load_on_a_running_backend(place: Place, tmp_path: Path) -> None:
    seat = Seat(place)
    pin, before = pin_of(seat.ledger), seat.appender.size
    answers: list[Outcome] = []
    together(16, lambda _n: answers.extend(seat.post(seat.write()) for _ in range(3)))
    assert [a for a in answers if not isinstance(a, Appended)] == []
    assert seat.appender.size == before + ROWS * len(answers) == before + ROWS * 48
    check(seat.ledger, seat.account, tmp_path, pin, before=before)
    seat.close()
    check_nothing_left(place.folder, place.database.url())
