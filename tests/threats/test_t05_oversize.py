"""T05: a body too large, chunked without length, one byte a second, a 200 kB header block, two hundred slow clients at once.

413, 431 or 408, and the connection closes; a slow client holds one slot until the read deadline. Against the server that
`holdpoint serve` runs, over real sockets; its deadlines are shortened, its code is not. V: an entry, a bundle and a statement
beyond their size are refused by the auditor's readers.
"""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from api import connection, ingest
from api.ingest import MAX_BODY
from api.serve import server_config
from ledger.entry import MAX_ENTRY, parse_entry
from ledger.envelope import MAX_ENVELOPE, parse_envelope
from ledger.errors import Malformed
from ledger.events import model
from ledger.statement import MAX_PAYLOAD, peek_type
from ledger.tile import format_bundle
from tests.simulator import Lab, signed
from tests.threats.documents import replaced
from tests.threats.door import Door

DEADLINE = 0.6
CLIENTS = 200


@pytest.fixture(scope="module")
def port(door: Door) -> Iterator[int]:
    """The door, served on a free port of loopback by a thread."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(connection, "HEAD_SECONDS", DEADLINE)
        patched.setattr(connection, "LINGER_SECONDS", DEADLINE / 4)
        patched.setattr(ingest, "READ_SECONDS", DEADLINE)
        yield from served(door)


def served(door: Door) -> Iterator[int]:
    """A running server's port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        number: int = free.getsockname()[1]
    server = uvicorn.Server(server_config(door.ledger, "127.0.0.1", number))
    thread = threading.Thread(target=server.run)
    thread.start()
    until = time.monotonic() + 20
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    assert server.started
    yield number
    server.should_exit = True
    thread.join(20)
    assert not thread.is_alive()


def head(length: str, *, path: str = "/v1/entries", kind: str = "application/json") -> bytes:
    """A request's head."""
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\n{length}\r\n\r\n".encode()


def dial(port: int) -> socket.socket:
    """A raw connection."""
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def answer(client: socket.socket) -> tuple[int, str]:
    """Status and reason, and the proof that the server closed: the stream ends by itself."""
    raw = b""
    while part := client.recv(65_536):
        raw += part
    start, _, body = raw.partition(b"\r\n\r\n")
    return int(start.split(b" ", 2)[1]), json.loads(body)["reason"]


def test_attack_declared_too_large(door: Door, port: int) -> None:
    before = door.stored()
    for length in (str(MAX_BODY + 1), "9" * 18):
        with dial(port) as client:
            client.sendall(head(f"Content-Length: {length}"))
            assert answer(client) == (413, "too-large")
    door.unchanged(before)


@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson"])
def test_attack_chunked_without_length(door: Door, port: int, kind: str) -> None:
    """Without a declared size the bytes themselves are counted."""
    before = door.stored()
    limit = MAX_BODY if kind.endswith("json") and "ndjson" not in kind else ingest.MAX_BATCH_BODY
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    with dial(port) as client:
        client.sendall(head("Transfer-Encoding: chunked", kind=kind))
        with contextlib.suppress(ConnectionError):
            for _ in range(limit // 65_536 + 1):
                client.sendall(chunk)
        assert answer(client) == (413, "too-large")
    door.unchanged(before)


@pytest.mark.parametrize("ended", [True, False])
def test_attack_header_block(door: Door, port: int, *, ended: bool) -> None:
    before = door.stored()
    with dial(port) as client:
        big = b"POST /v1/entries HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Big: " + b"a" * 200_000
        client.sendall(big + (b"\r\n\r\n" if ended else b""))
        assert answer(client) == (431, "header-too-large")
    with dial(port) as client:
        many = b"".join(b"X-%d: a\r\n" % n for n in range(20_000))
        client.sendall(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n" + many + b"\r\n")
        assert answer(client) == (431, "header-too-large")
    with dial(port) as client:
        client.sendall(b"GET /livez?" + b"q" * 20_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert answer(client) == (431, "header-too-large")
    door.unchanged(before)


def test_attack_no_http(port: int) -> None:
    with dial(port) as client:
        client.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
        assert answer(client) == (400, "not-http")


def drip(client: socket.socket) -> None:
    """One byte, if the other side still takes it."""
    with contextlib.suppress(ConnectionError):
        client.send(b"x")


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (b"", "slow-header"),
        (b"POST /v1/entries HTTP/1.1\r\nX-Slow: ", "slow-header"),
        (head("Content-Length: 1000"), "slow-body"),
        (head("Transfer-Encoding: chunked") + b"3e8\r\n", "slow-body"),
    ],
)
def test_attack_a_byte_at_a_time(door: Door, port: int, first: bytes, reason: str) -> None:
    before = door.stored()
    began = time.monotonic()
    with dial(port) as client:
        client.sendall(first)
        for _ in range(5):
            time.sleep(DEADLINE / 4)
            if first:
                drip(client)
        assert answer(client) == (408, reason)
    assert time.monotonic() - began < DEADLINE + connection.LINGER_SECONDS + 2
    door.unchanged(before)


def test_attack_a_body_that_nobody_asked_for(port: int) -> None:
    """Answered at once; what is still coming holds nothing."""
    with dial(port) as client:
        client.sendall(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n")
        raw = b""
        while part := client.recv(65_536):
            raw += part
    assert raw.startswith(b"HTTP/1.1 200 ")


def exact(raw: bytes, size: int) -> bytes:
    """The envelope with unsigned members that fill the body to exactly `size` bytes; they are normalised away."""
    filler = [b'"%s"' % (b"a" * 60_000) for _ in range(size // 60_100)]
    body = replaced(raw, b'{"payload"', b'{"fill":[%s,""],"payload"' % b",".join(filler))
    return replaced(body, b'""]', b'"%s"]' % (b"a" * (size - len(body))))


def test_honest_exactly_the_limit_while_two_hundred_are_slow(door: Door, port: int) -> None:
    slow = [dial(port) for _ in range(CLIENTS)]
    try:
        for client in slow:
            client.sendall(head("Content-Length: 1000"))
        written = door.model()
        body = exact(written.wire(), MAX_BODY)
        assert len(body) == MAX_BODY
        began = time.monotonic()
        with dial(port) as client:
            client.sendall(head(f"Content-Length: {MAX_BODY}\r\nConnection: close") + body)
            raw = b""
            while part := client.recv(65_536):
                raw += part
        assert raw.startswith(b"HTTP/1.1 201 "), raw[:300]
        assert time.monotonic() - began < 10
        assert {answer(client) for client in slow} == {(408, "slow-body")}
    finally:
        for client in slow:
            client.close()
    door.refuses(body + b" ", 413, "too-large")
    assert door.post(written.wire()).status_code == 200


def test_attack_the_auditor_bounds_what_he_reads(lab: Lab) -> None:
    written = lab.write(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    payload, own = written.envelope.payload, lab.keys["assessor"]
    other = lab.fork()
    raw = other.slip(signed(payload + b" " * (48_790 - len(payload)), own))
    assert len(parse_entry(raw).envelope) > MAX_ENVELOPE, "the envelope is beyond its size, in an entry within its own"
    other.finds("too-large")
    with pytest.raises(Malformed, match="too-large"):
        format_bundle([lab.fork().slip(signed(payload + b" " * MAX_PAYLOAD, own))])
    readers = {MAX_ENTRY: parse_entry, MAX_ENVELOPE: parse_envelope, MAX_PAYLOAD: peek_type}
    for limit, reader in readers.items():
        for size, rule in ((limit, "not-json"), (limit + 1, "too-large")):
            with pytest.raises(Malformed, match=rule):
                reader(b" " * size)
    lab.add(written)
    lab.holds()
