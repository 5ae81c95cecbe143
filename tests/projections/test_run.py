"""The projector on a real database: exactly once, resumable, rebuildable, stopped by what it can't fold (log.md §1, F25)."""

import contextlib
import threading
import time
from dataclasses import replace

import msgspec
import psycopg
import pytest

from ledger.errors import Fault, Malformed
from ledger.event import Event
from projections.decisions import DECISIONS
from projections.history import HISTORY
from projections.keys import KEYS
from projections.projection import Projection, Rank, Row, fold_events
from projections.questions import QUESTIONS
from projections.store.run import CHANNEL, Projector, Stop
from projections.store.views import Views
from tests.projections.conftest import Database, wait_until
from tests.projections.crafted import Crafted, record, told


def run_all(database: Database, *projections: Projection, batch: int = 500) -> int:
    projector = Projector(database.url(), projections or QUESTIONS, batch=batch)
    with contextlib.closing(projector):
        return projector.catch_up()


def test_tables_hold_what_the_pure_fold_gives(database: Database, story: Crafted) -> None:
    database.append(story)
    assert run_all(database) == story.size
    for projection in QUESTIONS:
        folded = fold_events(projection, story.events)
        found = {k: (rank, msgspec.json.decode(row)) for k, rank, row in database.rows(projection)}
        assert found == {k: (r.rank, r.value) for k, r in folded.changed.items()}
    views = Views(database.url("holdpoint_reader"))
    assert views.positions(*QUESTIONS) == {p.title: story.size for p in QUESTIONS}
    views.close()


@pytest.mark.parametrize("batch", [1, 7, 64])
def test_any_batch_split_and_restart_gives_the_same_rows(database: Database, story: Crafted, batch: int) -> None:
    database.append(story, 30)
    assert run_all(database, batch=batch) == 30
    database.append(story)
    assert run_all(database, HISTORY, KEYS, batch=batch) == story.size - 30  # a new process, from its tracking rows
    assert run_all(database) == story.size - 30  # the views that stayed behind
    split = {p.title: database.rows(p) for p in QUESTIONS}
    projector = Projector(database.url(), QUESTIONS)
    with contextlib.closing(projector):
        assert projector.rebuild() == story.size
    assert {p.title: database.rows(p) for p in QUESTIONS} == split


def test_rebuild_tells_its_progress_and_mends_an_edited_view(database: Database, story: Crafted) -> None:
    database.append(story)
    run_all(database)
    honest = database.rows(DECISIONS)
    database.admin(
        "UPDATE holdpoint.view_decisions_1 SET row = (row::jsonb || '{\"divergence\": null}')::json, rank = 1"
    )
    assert database.rows(DECISIONS) != honest
    told_: list[tuple[str, int, int]] = []
    projector = Projector(database.url(), [DECISIONS], batch=10)
    with contextlib.closing(projector):
        projector.rebuild(lambda *step: told_.append(step))
    assert database.rows(DECISIONS) == honest
    positions = [position for _, position, _ in told_]
    assert positions == sorted(positions)
    assert told_[-1] == ("decisions/1", story.size, story.size)
    assert len(told_) == -(-story.size // 10)


def count_rows(_look: object, event: Event) -> tuple[tuple[str, Row], ...]:
    """A fold that shows a doubled or skipped event: a number per stream, and their order."""
    row = _look(event.stream)  # type: ignore[operator]
    seen = [] if row is None else row.value["seen"]
    return ((event.stream, Row(Rank.LISTED, {"index": event.index, "seen": [*seen, event.index]})),)


COUNTED = Projection("history", 1, count_rows, lambda e: (e.stream,))


def test_two_competing_projectors_apply_each_event_once_while_backends_are_killed(database: Database) -> None:
    world = Crafted()
    for n in range(600):
        record(world, stream=f"model/{n % 3}")
    stop = threading.Event()
    projectors = [Projector(database.url(), [COUNTED], batch=5) for _ in range(2)]
    threads = [threading.Thread(target=p.run, args=(stop,)) for p in projectors]
    for thread in threads:
        thread.start()
    kill = f"""SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database.name}'
               AND usename = 'holdpoint_projector' ORDER BY random() LIMIT 1"""
    killed = 0
    for end in range(30, world.size, 30):
        database.append(world, end)
        killed += len(database.admin(kill))
        time.sleep(0.02)
    database.append(world)
    views = Views(database.url("holdpoint_reader"))
    wait_until(lambda: views.positions(HISTORY)["history/1"] == world.size)
    stop.set()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    views.close()
    assert killed >= 12
    seen = [msgspec.json.decode(row)["seen"] for _, _, row in database.rows(HISTORY)]
    assert all(s == sorted(set(s)) for s in seen)
    assert sorted(i for s in seen for i in s) == list(range(world.size))


def test_a_second_projector_waits_and_takes_over(database: Database, story: Crafted) -> None:
    database.append(story, 20)
    first, second = Projector(database.url(), [HISTORY]), Projector(database.url(), [HISTORY])
    with contextlib.closing(first), contextlib.closing(second):
        assert first.step() == 20
        assert second.step() == 0
        database.append(story)
        assert second.step() == story.size - 20
        assert first.step() == 0
        with psycopg.connect(database.url()) as holder:
            holder.execute("SELECT * FROM holdpoint.tracking FOR UPDATE")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                second.step()
    assert len(database.rows(HISTORY)) == story.size


def poisoned(projection: Projection, index: int, error: Exception) -> Projection:
    def changes(look, event):
        if event.index == index:
            raise error
        return projection.changes(look, event)

    return replace(projection, changes=changes)


@pytest.mark.parametrize("index", [0, 7, 25])
@pytest.mark.parametrize("error", [ZeroDivisionError(), Malformed("event", "body", "too-odd")], ids=["bug", "refusal"])
def test_a_poisonous_event_stops_its_view_before_it_and_others_go_on(
    database: Database, story: Crafted, index: int, error: Exception
) -> None:
    database.append(story)
    bad = poisoned(KEYS, index, error)
    rule = "too-odd" if isinstance(error, Malformed) else "ZeroDivisionError"
    projector = Projector(database.url(), [HISTORY, bad], batch=10)
    with contextlib.closing(projector):
        projector.catch_up()
        assert projector.stops == {"keys/1": Stop("keys/1", index, rule)}
        assert projector.positions == {"history/1": story.size, "keys/1": index}
        assert projector.step() == 0
    views = Views(database.url("holdpoint_reader"))
    assert views.stops() == (Stop("keys/1", index, rule),)
    folded = fold_events(KEYS, story.events[:index])
    assert {k for k, _, _ in database.rows(KEYS)} == set(folded.changed)
    run_all(database, HISTORY, KEYS)  # mended: it goes on from where it stood
    assert views.stops() == ()
    assert views.positions(HISTORY, KEYS) == {"history/1": story.size, "keys/1": story.size}
    views.close()


def test_an_entry_that_cannot_be_read_stops_every_view_before_it(database: Database, story: Crafted) -> None:
    database.append(story)
    database.admin("ALTER TABLE holdpoint.event DISABLE TRIGGER ALL")
    database.admin(
        "UPDATE holdpoint.event SET state = set_byte(state, 20, get_byte(state, 20) # 1) WHERE notification_id = 13"
    )
    projector = Projector(database.url(), QUESTIONS)
    with contextlib.closing(projector):
        projector.catch_up()
        assert {s.index for s in projector.stops.values()} == {12}
        assert set(projector.positions.values()) == {12}


def test_a_missing_entry_is_a_fault_never_a_skip(database: Database, story: Crafted) -> None:
    database.append(story)
    database.admin("ALTER TABLE holdpoint.event DISABLE TRIGGER ALL")
    database.admin("DELETE FROM holdpoint.event WHERE notification_id = 13")
    with pytest.raises(Fault, match="no entry 12"):
        run_all(database)
    assert database.rows(HISTORY) == []


def test_it_follows_the_log_and_a_notification_is_only_a_hint(database: Database, story: Crafted) -> None:
    stop, said = threading.Event(), []
    projector = Projector(database.url(), [HISTORY])
    thread = threading.Thread(target=projector.run, args=(stop,), kwargs={"say": said.append})
    thread.start()
    views = Views(database.url("holdpoint_reader"))
    try:
        for end in (1, 20, 40):  # no notification at all: it polls at least once a second
            database.append(story, end)
            wait_until(lambda end=end: views.positions(HISTORY)["history/1"] == end, 2.5)
        database.append(story)
        database.admin(f"NOTIFY {CHANNEL}")
        wait_until(lambda: views.positions(HISTORY)["history/1"] == story.size, 2.5)
    finally:
        stop.set()
        thread.join(10)
        views.close()
    assert not thread.is_alive()
    assert said == []


def test_without_its_table_a_view_says_what_to_do(database: Database) -> None:
    with pytest.raises(Fault, match="holdpoint migrate"):
        run_all(database, replace(HISTORY, version=999))


def test_the_projector_may_touch_nothing_but_views_and_positions(database: Database) -> None:
    with psycopg.connect(database.url(), autocommit=True) as conn:
        for sql in (
            "INSERT INTO holdpoint.event VALUES (1, 's', 1, 't', 'x', sha256(''), 'now')",
            "DELETE FROM holdpoint.event",
            "SELECT * FROM holdpoint.disclosure",
            "SELECT holdpoint.lock_head()",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(sql)
    with psycopg.connect(database.url("holdpoint_reader"), autocommit=True) as conn:
        assert conn.execute("SELECT count(*) FROM holdpoint.view_keys_1").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("TRUNCATE holdpoint.view_keys_1")


def test_told_twice_is_told_the_same() -> None:
    assert told().entries == told().entries
