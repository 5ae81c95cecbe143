"""eventsourcing's own conformance cases, as shipped in its wheel, against our recorder.

Two facts of ours are bent to upstream's habits, in the test alone: streams are texts (so are its ids here), and versions run
from 1 where some of its cases count from 0, so the adapter adds one on the way in and takes it off on the way out.
What is not run is named, with its reason, in `NOT_RUN`: a case that a newer release adds fails a test by name.
"""

import importlib
import inspect
import sys
import unittest
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import eventsourcing.cryptography
import pytest
from eventsourcing.persistence import ApplicationRecorder, Notification, StoredEvent

from ledger.store.desk import Desk
from ledger.store.recorder import Identity, LedgerRecorder, LedgerTracking
from tests.conftest import LedgerDatabase
from tests.ledger.store.batches import AT, event_id

# Its cases import its cipher over pycryptodome, which no case run here uses; its own twin over `cryptography` stands in.
sys.modules.setdefault("eventsourcing.cipher", eventsourcing.cryptography)
upstream = importlib.import_module("eventsourcing.tests.persistence")
TOPICS = ("topic", "topic1", "topic2", "topic3", "non-interleaving-test-event")


def identify(_event: StoredEvent) -> Identity:
    return Identity(event_id(), AT)


class CountedFromZero(LedgerRecorder):
    """Upstream's version n is our version n + 1 − `first`."""

    first = 0

    def _seen(self, event: Any) -> Any:
        return replace(event, originator_version=event.originator_version - 1 + self.first)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        moved = [replace(e, originator_version=e.originator_version + 1 - self.first) for e in stored_events]
        return super().insert_events(moved, **kwargs)

    def select_events(self, *args: Any, **kwargs: Any) -> Sequence[StoredEvent]:
        return [self._seen(e) for e in super().select_events(*args, **kwargs)]

    def select_notifications(self, *args: Any, **kwargs: Any) -> Sequence[Notification]:
        return [self._seen(n) for n in super().select_notifications(*args, **kwargs)]


NOT_RUN = {
    "RecorderTestCase": "abstract base of the others: no test of its own",
    "AggregateRecorderTestCase": "a log has no table per aggregate: our factory refuses to make that recorder",
    "ProcessRecorderTestCase": "an append writes no position of another log: our factory refuses to make that recorder",
    "InfrastructureFactoryTestCase": "it configures code, tables and ciphers by the environment, which we refuse (hazard B)",
    "TranscoderTestCase": "state is the entry's bytes, verbatim: nothing is transcoded",
}
"""Of upstream's cases for persistence. Those of its other modules (application, projection) drive aggregates of Python
classes through `Application.save`, which is refused here: events enter through the appender."""


def test_every_case_of_upstream_is_run_or_named() -> None:
    shipped = {n for n, c in vars(upstream).items() if inspect.isclass(c) and c.__module__ == upstream.__name__
               and issubclass(c, unittest.TestCase)}  # fmt: skip
    run = {c.__name__ for own in (TestApplicationRecorder, TestNonInterleaving, TestTracking) for c in own.__mro__}
    assert shipped - run - set(NOT_RUN) == set()
    assert set(NOT_RUN) <= shipped
    assert set(NOT_RUN) & run <= {"RecorderTestCase"}


class WithRecorder:
    make: Callable[[int], ApplicationRecorder]

    @pytest.fixture(autouse=True)
    def _database(self, ledger_database: LedgerDatabase):
        desks = []

        def make(first: int) -> LedgerRecorder:
            desks.append(Desk(ledger_database.url("holdpoint_appender")))
            recorder = CountedFromZero(desks[-1], TOPICS, identify)
            recorder.first = first
            return recorder

        self.make = make
        yield
        for desk in desks:
            desk.close()

    def new_originator_id(self) -> str:
        return f"test/{uuid.uuid4()}"


class TestApplicationRecorder(WithRecorder, upstream.ApplicationRecorderTestCase):
    def create_recorder(self) -> ApplicationRecorder:
        counts_from_one = self._testMethodName in ("test_insert_select", "test_insert_subscribe", "test_performance")
        return self.make(1 if counts_from_one else 0)

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestNonInterleaving(WithRecorder, upstream.NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self) -> ApplicationRecorder:
        return self.make(0)


class TestTracking(upstream.TrackingRecorderTestCase):
    @pytest.fixture(autouse=True)
    def _database(self, ledger_database: LedgerDatabase):
        with LedgerTracking(ledger_database.url("holdpoint_projector")) as recorder:
            self.recorder = recorder
            yield

    def create_recorder(self) -> LedgerTracking:
        return self.recorder
