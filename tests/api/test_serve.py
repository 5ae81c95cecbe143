"""`holdpoint serve` as a process of its own: SIGTERM under load (F26), the hosts it answers for, and what it prints."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from api.author import Audience, Written, write
from api.config import read_config
from api.keyring import load_signer
from api.wiring import opened, wall_clock
from ledger.events import model

HOLDPOINT = Path(sys.executable).parent / "holdpoint"
JSON = {"content-type": "application/json"}
CLIENTS = 4
DRAIN_SECONDS = 12.0


class Service:
    """A served ledger."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = int(s.getsockname()[1])
        command = [str(HOLDPOINT), "serve", "--data", str(folder), "--port", str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.port}"
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx2.get(f"{self.url}/livez", timeout=1)
            except httpx2.HTTPError:
                assert time.monotonic() < deadline, self.process.communicate(timeout=5)
                assert self.process.poll() is None, self.process.communicate()
                time.sleep(0.1)
            else:
                return

    def stop(self) -> tuple[int, str]:
        """SIGTERM; exit code and what it printed."""
        self.process.send_signal(signal.SIGTERM)
        printed = "".join(self.process.communicate(timeout=60))
        return self.process.returncode, printed


@pytest.fixture
def service(ledger_folder: Path) -> Iterator[Service]:
    config = ledger_folder / "holdpoint.toml"
    config.write_text(config.read_text() + 'hosts = ["ledger.example:8470"]\n')
    served = Service(ledger_folder)
    yield served
    if served.process.poll() is None:
        served.stop()


def audience(folder: Path) -> Audience:
    with opened(folder) as ledger:
        return Audience(ledger.origin, ledger.founding)


def registration(folder: Path, to: Audience) -> Written:
    signer = load_signer(folder / "keys" / "assessor.pem")
    name = f"model/{os.urandom(6).hex()}"
    return write(model.Registered, {"kind": "snapshot"}, to, name, [signer], wall_clock(), subject="ab" * 32)


def half_sent(service: Service, written: Written) -> socket.socket:
    """A connection whose request was accepted and whose body is still on its way."""
    wire = written.wire()
    conn = socket.create_connection(("127.0.0.1", service.port), timeout=30)
    head = f"POST /v1/entries HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {len(wire)}\r\n\r\n"
    conn.sendall(head.encode() + wire[:100])
    return conn


def read_all(conn: socket.socket) -> bytes:
    parts = []
    with contextlib.closing(conn):
        while part := conn.recv(65_536):
            parts.append(part)
    return b"".join(parts)


def test_sigterm_finishes_what_was_accepted_and_nothing_acknowledged_is_lost(ledger_folder: Path) -> None:
    to = audience(ledger_folder)
    service = Service(ledger_folder)
    answered: dict[str, int] = {}
    stop = threading.Event()

    def client() -> None:
        with httpx2.Client(timeout=20) as http:
            while not stop.is_set():
                written = registration(ledger_folder, to)
                try:
                    answer = http.post(f"{service.url}/v1/entries", content=written.wire(), headers=JSON)
                except httpx2.HTTPError:
                    return  # not accepted any more: nothing was answered, so nothing was promised
                answered[written.event_id] = answer.status_code

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 30
    while len(answered) < 20 and time.monotonic() < deadline:
        time.sleep(0.05)
    late = registration(ledger_folder, to)
    conn = half_sent(service, late)
    time.sleep(0.2)
    started = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    with pytest.raises(OSError, match=r"refused|reset"):
        socket.create_connection(("127.0.0.1", service.port), timeout=2).sendall(b"GET /livez HTTP/1.1\r\n\r\n")
    conn.sendall(late.wire()[100:])
    answer = read_all(conn)
    assert answer.startswith(b"HTTP/1.1 201 "), answer[:200]
    code, printed = service.stop()
    stop.set()
    for thread in threads:
        thread.join(30)
    assert (code, time.monotonic() - started < DRAIN_SECONDS) == (0, True), printed
    assert set(answered.values()) == {201}
    answered[late.event_id] = 201
    with opened(ledger_folder) as ledger:
        assert all(ledger.desk.find_event_id(event_id) is not None for event_id in answered)
        assert ledger.anchor.head is not None
        assert ledger.anchor.head.size == ledger.appender.size


def test_hosts_and_lines_of_the_served_ledger(service: Service, ledger_folder: Path) -> None:
    assert read_config(ledger_folder).hosts == ("ledger.example:8470",)
    for host, status in (("ledger.example:8470", 200), ("ledger.example", 421), ("evil.example", 421)):
        assert httpx2.get(f"{service.url}/livez", headers={"host": host}).status_code == status
    assert httpx2.get(f"{service.url}/v1/keys").status_code == 200
    httpx2.get(f"{service.url}/v1/entries?stream=CANARY%00", headers={"x-request-id": "served-1"})
    with socket.create_connection(("127.0.0.1", service.port), timeout=5) as conn:
        conn.sendall(b"CANARY is no HTTP\r\n\r\n")
        assert b"urn:holdpoint:problem:not-http" in conn.recv(4096)
    code, printed = service.stop()
    assert code == 0
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    answered = [line for line in lines if line["event"] == "answered"]
    assert {"code": "query", "request": "served-1", "route": "/v1/entries", "status": 400}.items() <= answered[
        -1
    ].items()
    assert [line["status"] for line in answered] == [421, 421, 400]
    assert [line for line in printed.splitlines() if not line.startswith(("{", "serving ", "database: "))] == []
    assert "CANARY" not in printed
    assert "evil.example" not in printed


def test_a_taken_address_is_said_before_the_ledger_is_opened(ledger_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        words = [
            Path(sys.executable).parent / "holdpoint",
            "serve",
            "--data",
            str(ledger_folder),
            "--port",
            port,
            "--json",
        ]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    said = json.loads(done.stdout)
    assert (done.returncode, said["ok"], said["code"]) == (6, False, "address-taken")
    assert not (ledger_folder / "pg" / "socket").exists()
