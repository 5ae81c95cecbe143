"""F01: the service or PostgreSQL is killed with SIGKILL at a random moment, under load, again and again.

After each round the oracle of all faults is asked: nothing acknowledged is lost, every receipt proves under the present log, what was
unknown is sent again and stands once, and the export verifies under the pin of the round before. CRASH_ROUNDS sets the
number of rounds.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx2

from api.author import Audience
from api.wiring import Ledger, open_ledger
from ledger.admit import Submission, open_submission
from ledger.store.outcome import Appended, Known
from tests.faults.oracle import check, check_nothing_left, pin_of
from tests.faults.seat import Account, registration

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "20"))
HOLDPOINT = Path(sys.executable).parent / "holdpoint"
WRITERS = 4
HEADERS = {"content-type": "application/json"}


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def postmaster(folder: Path) -> int:
    return int((folder / "pg" / "data" / "postmaster.pid").read_text().split("\n", 1)[0])


class Load:
    """Writers that sign and post over HTTP, and keep account of what they are told."""

    def __init__(self, folder: Path, port: int, audience: Audience, account: Account) -> None:
        self.url, self.audience, self.account = f"http://127.0.0.1:{port}/v1/entries", audience, account
        self.folder, self.refused = folder, list[str]()
        self.acknowledged = 0
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(WRITERS)]
        for thread in self.threads:
            thread.start()

    def run(self) -> None:
        with httpx2.Client(timeout=10) as client:
            while not self.stop.is_set():
                w = registration(self.folder, self.audience)
                self.account.doubt(w)
                try:
                    answer = client.post(self.url, content=w.wire(), headers=HEADERS)
                except httpx2.HTTPError:
                    return
                time.sleep(0.03)  # enough load to be caught in the act; each round folds what all rounds wrote
                if answer.status_code == 201:
                    self.acknowledged += 1
                    self.account.acknowledge(w, answer.json()["index"], answer.json()["receipt"])
                elif answer.status_code == 503:
                    time.sleep(0.05)
                else:
                    self.refused.append(answer.text)

    def end(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()


def start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([HOLDPOINT, "serve", "--data", folder, "--port", str(port)], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if httpx2.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200:
                return process
        except httpx2.HTTPError:
            time.sleep(0.02)
        assert process.poll() is None
    raise AssertionError("the service did not come up")


def retry(ledger: Ledger, account: Account) -> None:
    """What was unknown is sent again, twice: one entry each, at the same place both times."""
    for w in list(account.unknown.values()):
        opened = open_submission(w.envelope, ledger.appender.lookup)
        assert isinstance(opened, Submission)
        first, second = (ledger.appender.submit([opened]).result(20)[0] for _ in range(2))
        assert isinstance(first, Appended | Known)
        assert isinstance(second, Known)
        assert second.index == (first.index if isinstance(first, Known) else first.event.index)
        account.acknowledge(w, second.index, ledger.receipt(second.index)[1])


def test_attack_kill_at_random(ledger_folder: Path, tmp_path: Path) -> None:
    folder, rng, account = ledger_folder, random.Random(20260407), Account()
    ledger = open_ledger(folder)
    audience, pin, before = Audience(ledger.origin, ledger.founding), pin_of(ledger), ledger.appender.size
    ledger.close()
    acknowledged = 0
    for number in range(ROUNDS):
        port = free_port()
        process = start(folder, port)
        load = Load(folder, port, audience, account)
        time.sleep(0.15 + rng.random() * 0.35)
        if number % 2:
            os.kill(postmaster(folder), signal.SIGKILL)
            time.sleep(0.3 + rng.random() * 0.3)
        process.kill()
        process.wait()
        load.end()
        assert load.refused == []
        acknowledged += load.acknowledged
        ledger = open_ledger(folder)  # no operator step
        try:
            retry(ledger, account)
            check(ledger, account, tmp_path, pin, before=before)
            pin = pin_of(ledger)
        finally:
            ledger.close()
    assert acknowledged > ROUNDS * 5
    assert ledger.appender.size == before + len(account.acknowledged)
    check_nothing_left(folder, None)


def test_honest_nothing_is_lost_or_refused_without_a_kill(ledger_folder: Path, tmp_path: Path) -> None:
    ledger = open_ledger(ledger_folder)
    audience, pin, before = Audience(ledger.origin, ledger.founding), pin_of(ledger), ledger.appender.size
    ledger.close()
    port, account = free_port(), Account()
    process = start(ledger_folder, port)
    load = Load(ledger_folder, port, audience, account)
    time.sleep(0.5)
    load.end()
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert (account.unknown, load.refused) == ({}, [])
    ledger = open_ledger(ledger_folder)
    try:
        assert ledger.appender.size == before + len(account.acknowledged)
        check(ledger, account, tmp_path, pin, before=before)
    finally:
        ledger.close()
