"""Hazard I: the second stock runner of one projection dies. Ours waits on the tracking row and takes over."""

import contextlib

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError, JSONTranscoder, Tracking
from eventsourcing.postgres import PostgresTrackingRecorder

from ledger.tile import Edge
from projections.history import HISTORY
from projections.store.run import Projector
from tests.conftest import LedgerDatabase
from tests.faults.stock import runner, stock
from tests.faults.test_hazard_g_filtered_wait import AnyMapper
from tests.projections.conftest import Database
from tests.projections.crafted import told


def test_the_second_stock_runner_dies(ledger_database: LedgerDatabase) -> None:
    mapper = AnyMapper(JSONTranscoder())
    with runner(ledger_database, mapper) as first, runner(ledger_database, mapper) as second:
        first.app.add("wanted")
        died = []
        for one in (first, second):
            try:
                one.run_forever(timeout=1.5)
            except IntegrityError as err:
                died.append(err)
        assert len(died) == 1, "mended upstream: look at log.md §1 again"


def test_stock_tracking_refuses_what_another_has_tracked(ledger_database: LedgerDatabase) -> None:
    with stock(ledger_database) as recorder:
        tracking = PostgresTrackingRecorder(recorder.datastore)
        tracking.create_table()
        tracking.insert_tracking(Tracking("lab", 1))
        with pytest.raises(IntegrityError):
            tracking.insert_tracking(Tracking("lab", 1))


def test_ours_waits_and_takes_over(ledger_database: LedgerDatabase) -> None:
    database, world = Database(ledger_database, Edge.empty()), told()
    database.append(world)
    first, second = (Projector(database.url(), [HISTORY], batch=20) for _ in range(2))
    with contextlib.closing(first), contextlib.closing(second):
        assert first.step() == 20
        with psycopg.connect(database.url()) as holder:  # a third one is at work
            holder.execute("SELECT * FROM holdpoint.tracking FOR UPDATE")
            with psycopg.connect(database.url("postgres"), autocommit=True) as admin:
                admin.execute(
                    "ALTER ROLE holdpoint_projector IN DATABASE " + database.name + " SET lock_timeout = '200ms'"
                )
            second.close()
            with pytest.raises(psycopg.errors.LockNotAvailable):
                second.step()
        assert second.catch_up() == world.size - 20
        assert first.step() == 0
    assert len(database.rows(HISTORY)) == world.size
