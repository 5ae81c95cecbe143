"""F11: the commit happened, the answer did not arrive: between database and service, between service and client, and at each step of
the commit loop. The caller is told that it is unknown; the same statement sent again gets the first receipt (R2).
"""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from api.serve import server_config
from ledger.canonical import loads
from ledger.errors import Fault
from ledger.store.outcome import Appended, Known
from tests.faults.die_at import POINTS
from tests.faults.oracle import check, check_nothing_left, pin_of
from tests.faults.proxy import Framer, Proxy
from tests.faults.seat import ROWS, Place, Seat, eventually


@contextmanager
def behind_proxy(place: Place, tmp_path: Path) -> Iterator[tuple[Seat, Proxy]]:
    near, far = tmp_path / "p", place.database.server.socket
    near.mkdir()
    with Proxy(near / ".s.PGSQL.5432", far / ".s.PGSQL.5432") as proxy:
        url = f"host={near} port=5432 dbname={place.database.name} user=holdpoint_appender"
        seat = Seat(place, url=url)
        seat.index(seat.write())  # statements are prepared now: what follows is only the append's own messages
        yield seat, proxy
        seat.close()


@pytest.mark.parametrize("k", [1, 2])
def test_database_answer_lost_from_the_kth_end_on(place: Place, tmp_path: Path, k: int) -> None:
    with behind_proxy(place, tmp_path) as (seat, proxy):
        pin, before = pin_of(seat.ledger), seat.appender.size
        written = seat.write()
        proxy.lose(k)
        fault = seat.post(written)
        assert proxy.lost.is_set(), "the cut was in the append"
        assert isinstance(fault, Fault)
        assert (fault.code, fault.outcome) == ("outcome-unknown", "unknown")
        assert seat.reader.read_head().size == before + ROWS, "it had been committed"
        eventually(lambda: seat.appender.size == before + ROWS)
        first, again = seat.post(written), seat.post(written)
        assert isinstance(first, Known)
        assert first == again
        assert first.index == before
        assert isinstance(seat.post(), Appended)
        check(seat.ledger, seat.account, tmp_path, pin, before=before)
    check_nothing_left(place.folder, place.database.url())


def test_there_is_no_third_end(place: Place, tmp_path: Path) -> None:
    """An append ends with one C and one Z: with k = 3 the answer arrives, so 1 and 2 are all of them."""
    with behind_proxy(place, tmp_path) as (seat, proxy):
        proxy.lose(3)
        assert isinstance(seat.post(), Appended)
        proxy.disarm()


def test_database_gone_silent_is_unknown_within_the_deadline(place: Place, tmp_path: Path) -> None:
    """Half open: no reset ever comes. The deadline is our own (R10)."""
    with behind_proxy(place, tmp_path) as (seat, proxy):
        pin, before = pin_of(seat.ledger), seat.appender.size
        proxy.lose(1, cut=False)
        written, began = seat.write(), time.monotonic()
        fault = seat.post(written)
        assert isinstance(fault, Fault)
        assert fault.code == "outcome-unknown"
        assert time.monotonic() - began < 6
        eventually(lambda: seat.appender.stopped is None)
        assert seat.index(written) == before
        check(seat.ledger, seat.account, tmp_path, pin, before=before)


@contextmanager
def served(seat: Seat) -> Iterator[int]:
    """The seat over HTTP, in this process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    server = uvicorn.Server(server_config(seat.ledger, "127.0.0.1", port))
    thread = threading.Thread(target=server.run)
    thread.start()
    eventually(lambda: server.started)
    yield port
    server.should_exit = True
    thread.join()


def post(port: int, body: bytes) -> tuple[int, bytes]:
    """One request on a fresh connection; (0, b"") where the connection ended before the answer."""
    head = f"POST /v1/entries HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as conn:
        conn.sendall(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        raw = b""
        try:
            while part := conn.recv(65_536):
                raw += part
        except ConnectionResetError:
            return 0, b""
    if not raw:
        return 0, b""
    top, _, content = raw.partition(b"\r\n\r\n")
    return int(top.split(b" ", 2)[1]), content


def test_client_never_sees_the_answer(place: Place, tmp_path: Path) -> None:
    seat = Seat(place)
    pin, before, written = pin_of(seat.ledger), seat.appender.size, seat.write()
    with served(seat) as port, Proxy(("127.0.0.1", 0), ("127.0.0.1", port)) as proxy:
        proxy.lose_answer()
        assert post(proxy.port, written.wire()) == (0, b"")
        assert proxy.lost.is_set()
        assert seat.appender.size == before + ROWS, "it was appended all the same"
        answers = [post(port, written.wire()) for _ in range(2)]
    assert [status for status, _ in answers] == [200, 200]
    first, again = (loads(content) for _, content in answers)
    assert first == again
    assert (first["index"], first["event_id"]) == (before, written.event_id)
    seat.account.acknowledge(written, first["index"], first["receipt"])
    check(seat.ledger, seat.account, tmp_path, pin, before=before)
    seat.close()


def test_over_http_it_is_503_with_the_event_id(place: Place, tmp_path: Path) -> None:
    with behind_proxy(place, tmp_path) as (seat, proxy), served(seat) as port:
        written = seat.write()
        proxy.lose(1)
        status, content = post(port, written.wire())
        problem = loads(content)
        assert (status, problem["reason"], problem["event_id"]) == (503, "outcome-unknown", written.event_id)
        assert problem["retryable"] is True
        eventually(lambda: seat.appender.stopped is None)
        status, content = post(port, written.wire())
        assert (status, loads(content)["event_id"]) == (200, written.event_id)


def killed_at(point: str, place: Place, sent: bytes) -> None:
    server = place.database.server
    words = ["-m", "tests.faults.die_at", point, str(place.folder), place.database.name, str(server.socket)]
    done = subprocess.run([sys.executable, *words], input=sent, capture_output=True, check=False)
    assert done.returncode == -9, done.stderr.decode()


@pytest.mark.parametrize("point", POINTS)
def test_killed_while_it_commits_to_the_stream_index(place: Place, tmp_path: Path, point: str) -> None:
    """A restart recomputes what was committed, signs it, and the same wish is answered by it; or there is nothing, and it is made."""
    seat = Seat(place)
    pin, before = pin_of(seat.ledger), seat.appender.size
    seat.close()
    killed_at(point, place, b"")
    seat = Seat(place)
    size = before if point == "before-commit" else before + 1
    assert (seat.appender.size, seat.appender.published[0]) == (size, size)
    assert seat.ledger.commit_index() == before
    assert seat.appender.size == before + 1
    check(seat.ledger, seat.account, tmp_path, pin, before=before)
    seat.close()


@pytest.mark.parametrize("point", POINTS)
def test_killed_between_two_steps_of_the_loop(place: Place, tmp_path: Path, point: str) -> None:
    seat = Seat(place)
    pin, before, written = pin_of(seat.ledger), seat.appender.size, seat.write()
    seat.close()
    killed_at(point, place, written.wire())
    seat = Seat(place)  # no operator step
    size = before if point == "before-commit" else before + ROWS
    assert (seat.appender.size, seat.appender.published[0]) == (size, size), "what was committed is anchored and signed"
    assert seat.anchor.head is not None
    assert seat.anchor.head.size == size
    outcome = seat.post(written)
    assert isinstance(outcome, Appended if point == "before-commit" else Known)
    assert seat.index(written) == before
    check(seat.ledger, seat.account, tmp_path, pin, before=before)
    seat.close()


def test_the_framer_splits_at_any_byte() -> None:
    messages = [b"C\x00\x00\x00\x0dSELECT 1\x00", b"Z\x00\x00\x00\x05I", b"1\x00\x00\x00\x04"]
    raw = b"".join(messages)
    for cut in range(len(raw) + 1):
        framer = Framer()
        assert framer.feed(raw[:cut]) + framer.feed(raw[cut:]) == messages


def test_honest_through_the_proxy_nothing_is_lost(place: Place, tmp_path: Path) -> None:
    with behind_proxy(place, tmp_path) as (seat, _proxy):
        pin, before = pin_of(seat.ledger), seat.appender.size
        assert all(isinstance(seat.post(), Appended) for _ in range(10))
        check(seat.ledger, seat.account, tmp_path, pin, before=before)
