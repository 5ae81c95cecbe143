"""Our recorder beyond upstream's cases: real entries, one tree, idempotence, races, a tailing reader."""

import threading

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError, ProgrammingError, StoredEvent, Tracking

from ledger.errors import Fault
from ledger.store.desk import Desk
from ledger.store.recorder import Identity, LedgerRecorder, LedgerTracking, StreamConflict
from tests.conftest import LedgerDatabase
from tests.ledger.store.batches import AT, TOPIC, Tree, event_id


def made_up(_event: StoredEvent) -> Identity:
    return Identity(event_id(), AT)


def events(count: int, stream: str = "model/a", after: int = 0) -> list[StoredEvent]:
    return [StoredEvent(stream, after + n + 1, TOPIC, f"{stream} {after + n}".encode()) for n in range(count)]


def test_an_unknown_topic_is_never_stored(desk: Desk) -> None:
    with pytest.raises(ProgrammingError, match="unknown topics"):
        LedgerRecorder(desk, (TOPIC,), made_up).insert_events([StoredEvent("model/a", 1, "os:system", b"x")])
    assert desk.read_head().size == 0


def test_a_repeated_batch_gets_its_first_ids(desk: Desk) -> None:
    ids = {b"model/a 0": event_id(), b"model/a 1": event_id(), b"other": event_id()}
    recorder = LedgerRecorder(desk, (TOPIC,), lambda e: Identity(ids[e.state], AT))
    batch = events(2)
    assert recorder.insert_events(batch) == [1, 2]
    again = LedgerRecorder(desk, (TOPIC,), lambda e: Identity(ids[e.state], AT))
    assert again.insert_events(batch) == [1, 2]
    with pytest.raises(StreamConflict, match="event-id-conflict"):
        again.insert_events([*batch, StoredEvent("model/a", 3, TOPIC, b"other")])
    ids[b"other"] = ids[b"model/a 0"]
    with pytest.raises(StreamConflict, match="event-id-conflict"):
        again.insert_events([StoredEvent("model/a", 3, TOPIC, b"other")])
    assert desk.read_head().size == 2


@pytest.mark.parametrize("versions", [(2,), (1, 1), (1, 3), (0,)])
def test_versions_run_one_by_one(desk: Desk, versions: tuple[int, ...]) -> None:
    recorder = LedgerRecorder(desk, (TOPIC,), made_up)
    with pytest.raises(IntegrityError, match="version-conflict"):
        recorder.insert_events([StoredEvent("model/a", v, TOPIC, b"x%d" % n) for n, v in enumerate(versions)])
    assert desk.read_head().size == 0
    assert recorder.insert_events(events(1)) == [1], "a conflict burns no id"


def test_one_commit_has_one_recorded_time_and_known_options(desk: Desk) -> None:
    times = iter((AT, AT.replace("09:", "10:")))
    recorder = LedgerRecorder(desk, (TOPIC,), lambda _e: Identity(event_id(), next(times)))
    with pytest.raises(ProgrammingError, match="recorded time"):
        recorder.insert_events(events(2))
    with pytest.raises(ProgrammingError, match="unknown options"):
        recorder.insert_events(events(1), tracking=Tracking("a", 1))
    with pytest.raises(Fault, match="append-refused"):
        LedgerRecorder(desk, (TOPIC,), made_up).insert_events(events(1), submissions=501)


def test_two_recorders_share_one_log(desk: Desk, ledger_database: LedgerDatabase) -> None:
    """F18, F19: compare and swap, then the lock: neither starves, and there is one tree."""
    other = Desk(ledger_database.url("holdpoint_appender"))
    recorders = [LedgerRecorder(d, (TOPIC,), made_up) for d in (desk, other)]
    seen: list[int] = []

    def write(n: int) -> None:
        for k in range(40):
            seen.extend(recorders[n].insert_events(events(3, f"model/{n}", 3 * k)) or ())

    threads = [threading.Thread(target=write, args=(n,)) for n in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(1, 241))
    tree = Tree(desk)
    tree.edge, _ = tree.edge.extend(desk.read_leaf_hashes(0, 240))
    assert desk.read_head().root == tree.edge.root()
    assert [t[:2] for t in desk.read_streams()] == [("model/0", 120), ("model/1", 120)]
    other.close()


def test_one_event_id_in_a_race_stands_once(desk: Desk, ledger_database: LedgerDatabase) -> None:
    """F18: 8 callers at a barrier with the same batch: one entry, all get its id."""
    identity = Identity(event_id(), AT)
    desks = [Desk(ledger_database.url("holdpoint_appender")) for _ in range(8)]
    barrier = threading.Barrier(8)
    answers: list[object] = []

    def write(mine: Desk) -> None:
        recorder = LedgerRecorder(mine, (TOPIC,), lambda _e: identity)
        barrier.wait()
        try:
            answers.append(recorder.insert_events(events(1)))
        except StreamConflict:  # the version was read after the winner's commit, the id before: asked again it is known
            answers.append(recorder.insert_events(events(1)))

    threads = [threading.Thread(target=write, args=(d,)) for d in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for d in desks:
        d.close()
    assert answers == [[1]] * 8
    assert desk.read_head().size == 1


def test_bytes_that_do_not_lead_to_the_root_stop_the_recorder(desk: Desk, ledger_database: LedgerDatabase) -> None:
    Tree(desk).append(3)
    with psycopg.connect(ledger_database.url(), autocommit=True) as admin:
        admin.execute("ALTER TABLE holdpoint.event DISABLE TRIGGER ALL")
        admin.execute("UPDATE holdpoint.event SET leaf_hash = sha256('x') WHERE notification_id = 2")
    with pytest.raises(Fault) as caught:
        LedgerRecorder(desk, (TOPIC,), made_up).insert_events(events(1, "model/b"))
    assert caught.value.code == "ledger-invalid"
    assert desk.read_head().size == 3


def test_tracking_only_moves_forward(ledger_database: LedgerDatabase) -> None:
    with LedgerTracking(ledger_database.url("holdpoint_projector")) as tracking:
        tracking.insert_tracking(Tracking("model_status", 5))
        for position in (5, 4):
            with pytest.raises(IntegrityError):
                tracking.insert_tracking(Tracking("model_status", position))
        assert tracking.max_tracking_id("model_status") == 5
