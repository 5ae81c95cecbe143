"""The desk: one round trip, gapless, compare and swap, and every doubt said aloud."""

import os
import threading

import psycopg
import pytest

from ledger.errors import Fault
from ledger.store.desk import Desk
from ledger.store.rows import Batch, Head, Row
from ledger.strict import format_base64
from ledger.tile import Edge, TileReader
from ledger.tree import EMPTY_ROOT, hash_leaf
from tests.conftest import LedgerDatabase, fresh_database
from tests.ledger.store.batches import AT, TOPIC, Tree, event_id


def test_empty_head_is_the_empty_tree(desk: Desk) -> None:
    assert desk.read_head() == Head(0, b"", EMPTY_ROOT)
    assert list(desk.read_entries(0, 0)) == []
    assert desk.latest_note() is None


def test_what_is_appended_is_read_back_verbatim(desk: Desk) -> None:
    tree = Tree(desk)
    first, _ = tree.batch(3)
    committed = desk.append(first)
    assert committed is not None
    rows = list(desk.read_entries(0, 3))
    assert [r.entry for r in rows] == [r.entry for r in first.rows]
    assert [r.index for r in rows] == [0, 1, 2]
    assert {r.recorded_at for r in rows} == {AT}
    assert desk.read_leaf_hashes(1, 3) == list(committed.leaf_hashes[1:])
    assert [desk.find_event_id(r.event_id) for r in first.rows] == [0, 1, 2]
    assert desk.find_event_id(event_id()) is None
    assert desk.read_checkpoints() == [(3, first.root)]
    assert desk.read_streams() == [("model/a", 3, first.rows[2].leaf)]
    assert [r.index for r in desk.find(0, 10, stream="model/a")] == [1, 2]
    assert desk.find(-1, 10, topic="urn:holdpoint:event:other:1") == []
    assert abs(committed.database_now - __import__("time").time()) < 5


def test_full_tiles_and_partial_ones_give_the_same_tree(desk: Desk) -> None:
    tree = Tree(desk)
    for count in (255, 1, 300, 500):
        tree.append(count)
    head = desk.read_head()
    assert (head.size, head.root, head.frontier) == (1056, tree.edge.root(), tree.edge.frontier().to_bytes())

    def tile(level: int, n: int) -> bytes:
        stored = desk.read_tile(level, n)
        if stored is None and level == 0:
            stored = b"".join(desk.read_leaf_hashes(n * 256, min(head.size, (n + 1) * 256)))
        return stored if stored is not None else tree.edge.levels[level]

    assert Edge.load(head.size, lambda level, n: tile(level, n)).root() == head.root
    assert TileReader(tile, head.size)(8, 0) == TileReader(tile, head.size)(8, 0)
    assert [(level, n) for level, n, _ in desk.read_tiles()] == [(0, 0), (0, 1), (0, 2), (0, 3)]


def test_a_stale_size_writes_nothing(desk: Desk) -> None:
    tree = Tree(desk)
    tree.append(2)
    before = desk.read_head()
    for size in (0, 1, 3):
        assert desk.append(tree.batch(old_size=size)[0]) is None
    assert desk.read_head() == before
    assert len(desk.read_checkpoints()) == 1


def test_a_repeated_event_id_rolls_the_whole_batch_back(desk: Desk) -> None:
    tree = Tree(desk)
    tree.append(1)
    stored = next(desk.read_entries(0, 1))
    before = desk.read_head()
    known = desk.query("SELECT event_id::text FROM holdpoint.event_id")[0][0]
    entry = os.urandom(50)
    fresh = Row(entry, event_id(), "model/b", 1, TOPIC, hash_leaf(entry))
    again = Row(stored.entry, known, "model/a", 2, TOPIC, stored.leaf)
    edge, tiles = tree.edge.extend([fresh.leaf, again.leaf])
    with pytest.raises(Fault) as caught:
        desk.append(Batch(1, (fresh, again), AT, tiles, edge.frontier().to_bytes(), edge.root(), 2))
    assert (caught.value.code, caught.value.outcome) == ("append-refused", "failed")
    assert desk.read_head() == before
    assert desk.find_event_id(fresh.event_id) is None
    assert tree.append(1).size == 2, "no index was burnt"


def test_a_lost_connection_is_unknown_and_the_next_call_works(desk: Desk, ledger_database: LedgerDatabase) -> None:
    tree = Tree(desk)
    tree.append(1)
    with psycopg.connect(ledger_database.url(), autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", (desk._open().info.backend_pid,))
    batch, _ = tree.batch()
    with pytest.raises(Fault) as caught:
        desk.append(batch)
    assert (caught.value.code, caught.value.outcome) == ("outcome-unknown", "unknown")
    assert desk.read_head().size == 1
    assert desk.append(batch) is not None


def test_a_gap_is_a_fault_never_a_skip(desk: Desk, ledger_database: LedgerDatabase) -> None:
    Tree(desk).append(5)
    with psycopg.connect(ledger_database.url(), autocommit=True) as admin:
        admin.execute("ALTER TABLE holdpoint.event DISABLE TRIGGER ALL")
        admin.execute("DELETE FROM holdpoint.event WHERE notification_id = 3")
    with pytest.raises(Fault) as caught:
        list(desk.read_entries(0, 5))
    assert caught.value.code == "entry-missing"


def test_the_locked_path_excludes_and_rolls_back(desk: Desk) -> None:
    tree = Tree(desk)

    def build(head: Head) -> Batch:
        assert head == desk.read_head()
        desk._open().execute("SET lock_timeout = '50ms'")
        with pytest.raises(Fault) as caught:
            desk.append(tree.batch()[0])
        assert caught.value.code == "stale-head"
        return tree.batch(2)[0]

    assert desk.append_locked(build).size == 2

    def fail(_head: Head) -> Batch:
        raise Fault("version-conflict", "failed", "", "")

    with pytest.raises(Fault, match="version-conflict"):
        desk.append_locked(fail)
    with pytest.raises(Fault, match="append-refused"):
        desk.append_locked(lambda _head: tree.batch(old_size=7)[0])
    desk._open().execute("SET lock_timeout = '2s'")
    assert desk.read_head().size == 2, "nothing written, nobody left waiting"
    (head,) = desk.query("SELECT size FROM holdpoint.lock_head()")
    assert head == (2,)


def test_notes_belong_to_committed_checkpoints(desk: Desk) -> None:
    tree = Tree(desk)
    tree.append(2)
    root = format_base64(tree.edge.root())
    desk.put_note(2, f"dev/x\n2\n{root}\n\n— a\n")
    desk.put_note(2, f"dev/x\n2\n{root}\n\n— b\n")
    assert desk.latest_note() == (2, f"dev/x\n2\n{root}\n\n— b\n")
    for size, text in ((1, f"dev/x\n1\n{root}\n\n"), (2, f"dev/x\n3\n{root}\n\n"), (2, "dev/x\n2\nAAAA\n\n")):
        with pytest.raises(Fault) as caught:
            desk.put_note(size, text)
        assert caught.value.code == "ledger-invalid", "a refusal, not a lost connection"


def test_one_desk_serves_many_threads(desk: Desk) -> None:
    Tree(desk).append(50)
    seen: list[int] = []
    threads = [threading.Thread(target=lambda: seen.append(len(list(desk.read_entries(0, 50))))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [50] * 8


def test_refuses_a_database_without_the_schema(ledger_database: LedgerDatabase) -> None:
    bare = fresh_database(ledger_database.server, migrated=False)
    with pytest.raises(Fault) as caught:
        Desk(bare.url("holdpoint_appender"))
    assert caught.value.code == "schema-missing"
    with pytest.raises(Fault) as caught:
        Desk(ledger_database.server.url("holdpoint_appender", "nowhere"))
    assert caught.value.code == "database-unreachable"


@pytest.mark.parametrize("how", ["database", "role"])
def test_refuses_a_database_that_may_lose_what_it_acknowledged(ledger_database: LedgerDatabase, how: str) -> None:
    with psycopg.connect(ledger_database.url(), autocommit=True) as admin:
        admin.execute(f"ALTER ROLE holdpoint_appender IN DATABASE {ledger_database.name} SET synchronous_commit = off")
    if how == "database":
        Desk(ledger_database.url("holdpoint_reader")).close()  # the twin: another role keeps its own setting
    with pytest.raises(Fault) as caught:
        Desk(ledger_database.url("holdpoint_appender"))
    assert caught.value.code == "durability-off"


def test_an_unconfirmed_standby_is_unknown(desk: Desk, ledger_database: LedgerDatabase) -> None:
    """F15: the server answers *success* with a warning; it is stored, and we do not say so."""
    tree = Tree(desk)
    tree.append(1)
    with psycopg.connect(ledger_database.url(), autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET synchronous_standby_names = 'ghost'")
        admin.execute("SELECT pg_reload_conf()")
        pid = desk._open().info.backend_pid
        try:
            batch, _ = tree.batch()
            faults: list[Fault] = []

            def append() -> None:
                try:
                    desk.append(batch)
                except Fault as err:
                    faults.append(err)

            thread = threading.Thread(target=append)
            __import__("time").sleep(0.2)
            thread.start()
            for _ in range(100):
                thread.join(0.05)
                if not thread.is_alive():
                    break
                admin.execute(
                    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = %s AND wait_event = 'SyncRep'",
                    (pid,),
                )
            thread.join()
        finally:
            admin.execute("SET synchronous_commit = local")
            admin.execute("ALTER SYSTEM RESET synchronous_standby_names")
            admin.execute("SELECT pg_reload_conf()")
    assert [(f.code, f.outcome) for f in faults] == [("outcome-unknown", "unknown")]
    assert desk.read_head().size == 2, "stored all the same: the head tells"
