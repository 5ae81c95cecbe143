"""F01, F06: the service or PostgreSQL is killed with SIGKILL at a random moment, under load, again and again.

After each round: nothing acknowledged is lost, every receipt proves under the present checkpoint's log, retries are idempotent, and
the export verifies under the pin of the round before. CRASH_ROUNDS sets the number of rounds.
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

from api.author import Audience, Written, write
from api.exporting import export
from api.handing_over import write_pin
from api.keyring import load_signer
from api.wiring import open_ledger, wall_clock
from auditor.pin import parse_pin
from auditor.source import folder_reader
from auditor.verdict import VerifyVerdict
from auditor.verify import verify_export
from ledger.events import model

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
    """Writers that sign, post, and remember what was acknowledged and what is unknown."""

    def __init__(self, folder: Path, port: int, audience: Audience) -> None:
        self.signer = load_signer(folder / "keys" / "assessor.pem")
        self.url, self.audience = f"http://127.0.0.1:{port}/v1/entries", audience
        self.acknowledged: dict[str, int] = {}
        self.unknown: list[Written] = []
        self.refused: list[str] = []
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(n,)) for n in range(WRITERS)]

    def written(self, name: str) -> Written:
        body = {"kind": "snapshot"}
        return write(
            model.Registered, body, self.audience, f"model/{name}", [self.signer], wall_clock(), subject="ab" * 32
        )

    def run(self, n: int) -> None:
        with httpx2.Client(timeout=10) as client:
            k = 0
            while not self.stop.is_set():
                k += 1
                w = self.written(f"{os.urandom(6).hex()}-{n}-{k}")
                try:
                    answer = client.post(self.url, content=w.wire(), headers=HEADERS)
                except httpx2.HTTPError:
                    self.unknown.append(w)
                    return
                time.sleep(0.01)  # enough load to be caught in the act; each round folds what all rounds wrote
                if answer.status_code == 201:
                    self.acknowledged[w.event_id] = answer.json()["index"]
                elif answer.status_code == 503:
                    self.unknown.append(w)
                    time.sleep(0.05)
                else:
                    self.refused.append(answer.text)


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


def test_attack_kill_at_random(ledger_folder: Path, tmp_path: Path) -> None:
    folder, rng = ledger_folder, random.Random(20260407)
    ledger = open_ledger(folder)
    audience = Audience(ledger.origin, ledger.founding)
    write_pin(ledger, tmp_path / "pin.json")
    ledger.close()
    everything: dict[str, int] = {}
    for number in range(ROUNDS):
        port = free_port()
        process = start(folder, port)
        load = Load(folder, port, audience)
        for thread in load.threads:
            thread.start()
        time.sleep(0.15 + rng.random() * 0.35)
        if number % 2:
            os.kill(postmaster(folder), signal.SIGKILL)
            time.sleep(0.3 + rng.random() * 0.3)
        process.kill()
        process.wait()
        load.stop.set()
        for thread in load.threads:
            thread.join()
        assert load.refused == []
        everything |= load.acknowledged
        retried = retry(folder, load)
        everything |= retried
        check(folder, tmp_path, everything)
    assert len(everything) > ROUNDS * 5


def retry(folder: Path, load: Load) -> dict[str, int]:
    """What was unknown is sent again, twice: one entry each, the same index both times."""
    port = free_port()
    process = start(folder, port)
    answers: dict[str, int] = {}
    for w in load.unknown:
        first, second = (
            httpx2.post(f"http://127.0.0.1:{port}/v1/entries", content=w.wire(), headers=HEADERS, timeout=10)
            for _ in range(2)
        )
        assert first.status_code in (200, 201)
        assert second.status_code == 200
        assert first.json()["index"] == second.json()["index"]
        answers[w.event_id] = first.json()["index"]
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    return answers


def check(folder: Path, tmp_path: Path, everything: dict[str, int]) -> None:
    """The oracle."""
    ledger = open_ledger(folder)
    try:
        stored = {event_id: index for event_id, (index, _) in ledger.appender.state.scan("event_id")}
        assert {k: stored.get(k) for k in everything} == everything
        export(ledger, tmp_path / "export", load_signer(folder / "keys" / "engine.pem"))
        report = verify_export(folder_reader(tmp_path / "export"), parse_pin((tmp_path / "pin.json").read_bytes()))
        assert report.verdict is VerifyVerdict.VALID_UNWITNESSED, report.checks
        write_pin(ledger, tmp_path / "pin.json")
    finally:
        ledger.close()


def test_honest_nothing_is_lost_or_refused_without_a_kill(ledger_folder: Path) -> None:
    ledger = open_ledger(ledger_folder)
    audience = Audience(ledger.origin, ledger.founding)
    ledger.close()
    port = free_port()
    process = start(ledger_folder, port)
    load = Load(ledger_folder, port, audience)
    for thread in load.threads:
        thread.start()
    time.sleep(0.5)
    load.stop.set()
    for thread in load.threads:
        thread.join()
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert (load.unknown, load.refused) == ([], [])
    ledger = open_ledger(ledger_folder)
    try:
        assert ledger.appender.size == 28 + len(load.acknowledged)
    finally:
        ledger.close()
