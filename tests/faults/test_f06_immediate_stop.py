"""F06, F07, F08: PostgreSQL stops at once, is told to stop, or loses one backend, under load. Nothing acknowledged is lost; what is
unknown is said so; retries are single.
"""

import os
import random
import signal
import threading
import time
from pathlib import Path

import pytest

from api.author import Audience, Written
from api.wiring import Ledger, open_ledger
from ledger.admit import Submission, open_submission
from ledger.errors import Fault
from ledger.store.outcome import Appended, Known
from tests.faults.oracle import check, pin_of
from tests.faults.seat import Account, eventually, registration

WRITERS = 4


class Load:
    """Writers on an open ledger, until told to stop."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.account = ledger, Account()
        self.stop = threading.Event()
        self.codes: set[str] = set()
        self._audience = Audience(ledger.origin, ledger.founding)
        self._threads = [threading.Thread(target=self._run) for _ in range(WRITERS)]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        while not self.stop.is_set():
            self.post(registration(self.ledger.folder, self._audience))

    def post(self, written: Written) -> None:
        opened = open_submission(written.envelope, self.ledger.appender.lookup)
        assert isinstance(opened, Submission)
        try:
            (outcome,) = self.ledger.appender.submit([opened]).result(30)
        except Fault as err:
            outcome = err
        if isinstance(outcome, Appended):
            self.account.acknowledge(written, outcome.event.index, outcome.receipt())
        elif isinstance(outcome, Known):
            self.account.acknowledge(written, outcome.index, self.ledger.receipt(outcome.index)[1])
        else:
            assert isinstance(outcome, Fault), outcome
            self.codes.add(outcome.code)
            self.account.doubt(written)
            time.sleep(0.02)

    def end(self) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join()


def backend(ledger: Ledger) -> int:
    """Process id of the appender's backend, 0 while there is none."""
    conn = ledger.appender._end._desk._conn
    return 0 if conn is None or conn.closed else conn.info.backend_pid


def strike(ledger: Ledger, how: str) -> None:
    """Stop PostgreSQL in one of three ways, and wait until the appender is connected to what comes after it."""
    pid = backend(ledger)
    postmaster = int((ledger.folder / "pg" / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
    match how:
        case "immediate":
            os.kill(postmaster, signal.SIGQUIT)
        case "fast":
            os.kill(postmaster, signal.SIGINT)
        case "backend":
            os.kill(pid, signal.SIGKILL)
    eventually(lambda: backend(ledger) not in (0, pid) and ledger.appender.stopped is None, 30)


@pytest.mark.parametrize("how", ["immediate", "fast", "backend"])
def test_postgresql_goes_away_under_load(ledger_folder: Path, tmp_path: Path, how: str) -> None:
    ledger = open_ledger(ledger_folder)
    pin, before = pin_of(ledger), ledger.appender.size
    rng = random.Random(f"f06-{how}")
    load = Load(ledger)
    time.sleep(0.2 + rng.random() * 0.3)
    strike(ledger, how)
    reached = ledger.appender.size
    eventually(lambda: ledger.appender.size > reached)  # it goes on by itself
    load.end()
    assert load.codes <= {"outcome-unknown", "database-unreachable"}
    for written in list(load.account.unknown.values()):
        load.post(written)
    assert load.account.unknown == {}
    check(ledger, load.account, tmp_path, pin, before=before)
    assert ledger.appender.size == before + len(load.account.acknowledged)
    ledger.close()
    ledger = open_ledger(ledger_folder)
    check(ledger, load.account, tmp_path, pin, before=before)
    ledger.close()


def test_an_idle_service_notices_and_goes_on(ledger: Ledger) -> None:
    """Nobody appends while PostgreSQL dies: the next append finds a connection."""
    strike(ledger, "immediate")
    size = ledger.appender.size
    load = Load(ledger)
    eventually(lambda: ledger.appender.size > size)
    load.end()
    assert load.codes == set()


def test_honest_the_same_load_without_a_stop(ledger: Ledger, tmp_path: Path) -> None:
    pin, before = pin_of(ledger), ledger.appender.size
    load = Load(ledger)
    time.sleep(0.5)
    load.end()
    assert (load.codes, load.account.unknown) == (set(), {})
    assert ledger.appender.size == before + len(load.account.acknowledged) > before
    check(ledger, load.account, tmp_path, pin, before=before)
