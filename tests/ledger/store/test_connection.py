"""A desk is closed while other threads read through it.

psycopg frees a connection's memory in `close()` whoever waits on it; a waiting thread then eats the bytes of the next
connection that gets the descriptor number. Seen: a client that waited forever for an answer that the server had sent.
"""

import threading

import psycopg

from ledger.errors import Fault
from ledger.store.desk import Desk
from tests.conftest import LedgerDatabase


def test_a_desk_may_be_closed_while_others_read(ledger_database: LedgerDatabase) -> None:
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
