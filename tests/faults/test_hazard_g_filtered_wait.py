"""Hazard G: waiting for an id that a topic filter drops times out. Our positions advance over what a view ignores."""

import contextlib

import pytest
from eventsourcing.persistence import JSONTranscoder, Mapper
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import ProjectionRunner

from ledger.tile import Edge
from projections.projection import Projection
from projections.store.run import Projector
from projections.store.tables import view_table
from tests.conftest import LedgerDatabase
from tests.faults.stock import Lab, runner
from tests.projections.conftest import Database
from tests.projections.crafted import told


class AnyMapper(Mapper):
    def to_domain_event(self, stored_event):
        return stored_event


def waited_for(running: ProjectionRunner[Lab, PostgresTrackingRecorder]) -> bool:
    """Whether waiting for a wanted event ends: where the stock runner lost the wake-up (hazard F), the next event brings it."""
    for _ in range(6):
        with contextlib.suppress(TimeoutError):
            running.wait(running.app.add("wanted"), timeout=5)
            return True
    return False


def test_stock_wait_times_out(ledger_database: LedgerDatabase) -> None:
    with runner(ledger_database, AnyMapper(JSONTranscoder())) as running:
        assert waited_for(running)
        with pytest.raises(TimeoutError):
            running.wait(running.app.add("other"), timeout=1)


def test_ours_advances_over_what_it_ignores(ledger_database: LedgerDatabase) -> None:
    database, world = Database(ledger_database, Edge.empty()), told()
    database.append(world)
    ignoring = Projection("history", 1, lambda _look, _event: ())
    with contextlib.closing(Projector(database.url(), [ignoring])) as projector:
        assert projector.catch_up() == world.size
        assert projector.positions == {"history/1": world.size}
    assert database.admin(f"SELECT count(*) FROM holdpoint.{view_table(ignoring)}") == [(0,)]
