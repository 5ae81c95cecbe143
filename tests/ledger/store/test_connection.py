"""Every wait ends by our own deadline; a dead connection costs a reader nothing."""

import socket
import threading
import time
from pathlib import Path

import psycopg
import pytest

from ledger.errors import Fault
from ledger.store import desk as module
from ledger.store.connection import CONNECT_SECONDS, connect
from ledger.store.desk import Desk
from tests.conftest import LedgerDatabase


def test_a_call_ends_at_its_deadline_and_its_connection_with_it(ledger_database: LedgerDatabase) -> None:
    with connect(ledger_database.url()) as conn:
        conn.allow(0.3)
        began = time.monotonic()
        with pytest.raises(psycopg.OperationalError):
            conn.execute("SELECT pg_sleep(10)")
        assert 0.2 < time.monotonic() - began < 2
        assert conn.closed


def test_the_deadline_is_of_the_whole_not_of_each_statement(ledger_database: LedgerDatabase) -> None:
    with connect(ledger_database.url()) as conn:
        conn.allow(0.5)
        conn.execute("SELECT pg_sleep(0.3)")
        with pytest.raises(psycopg.OperationalError):
            conn.execute("SELECT pg_sleep(0.3)")
        assert conn.left() <= 0


def test_honest_calls_within_it_are_not_disturbed(ledger_database: LedgerDatabase) -> None:
    with connect(ledger_database.url()) as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,), "no deadline set: the usual one holds"
        conn.allow(3)
        assert conn.execute("SELECT pg_sleep(0.1), 2").fetchone() == ("", 2)
        assert 0 < conn.left() < 3


def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(tmp_path / ".s.PGSQL.5432"))
        deaf.listen()
        began = time.monotonic()
        with pytest.raises(psycopg.OperationalError):
            connect(f"host={tmp_path} port=5432 dbname=x user=x")
        assert time.monotonic() - began < CONNECT_SECONDS + 2


def terminate(database: LedgerDatabase, pid: int) -> None:
    with psycopg.connect(database.url(), autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 2000)", (pid,))


def test_a_reader_asks_again_where_its_connection_was_dead(ledger_database: LedgerDatabase) -> None:
    desk = Desk(ledger_database.url("holdpoint_reader"))
    pid = desk._open().info.backend_pid
    terminate(ledger_database, pid)
    assert desk.read_head().size == 0
    assert desk._open().info.backend_pid != pid
    desk.close()


def test_what_the_server_refuses_is_not_asked_again(ledger_database: LedgerDatabase) -> None:
    desk = Desk(ledger_database.url("holdpoint_reader"))
    pid = desk._open().info.backend_pid
    with pytest.raises(Fault) as caught:
        desk.query("SELECT * FROM holdpoint.nowhere")
    assert caught.value.code == "database-error"
    assert desk._open().info.backend_pid == pid
    desk.close()


def test_those_who_wait_behind_a_call_give_up_too(
    ledger_database: LedgerDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One connection, many threads: the wait for it counts (R10)."""
    monkeypatch.setattr(module, "CALL_SECONDS", 0.5)
    desk = Desk(ledger_database.url())
    codes: list[str] = []

    def call() -> None:
        try:
            desk.query("SELECT pg_sleep(3)")
        except Fault as err:
            codes.append(err.code)

    threads = [threading.Thread(target=call) for _ in range(10)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began < 3
    assert codes == ["database-unreachable"] * 10
    desk.close()


def test_a_desk_may_be_closed_while_others_read(ledger_database: LedgerDatabase) -> None:
    """psycopg frees a connection's memory in `close()` whoever waits on it; a waiting thread then eats the bytes of the next
    connection that gets the descriptor number. Seen: a client that waited forever for an answer that the server had sent.
    """
    desk, stop = Desk(ledger_database.url("holdpoint_appender")), threading.Event()
    codes: set[str] = set()

    def read() -> None:
        while not stop.is_set():
            try:
                desk.read_head()
            except Fault as err:
                codes.add(err.code)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(60):
        desk.close()
        with psycopg.connect(ledger_database.url(), autocommit=True, connect_timeout=5) as other:
            assert other.execute("SELECT 7").fetchone() == (7,)
    stop.set()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()
    desk.close()
    assert codes <= {"database-unreachable"}
