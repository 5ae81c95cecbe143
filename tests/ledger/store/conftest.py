"""The desk over a database of one test's own."""

from collections.abc import Iterator

import pytest

from ledger.store.desk import Desk
from tests.conftest import LedgerDatabase


@pytest.fixture
def desk(ledger_database: LedgerDatabase) -> Iterator[Desk]:
    """As the appender opens it."""
    opened = Desk(ledger_database.url("holdpoint_appender"))
    yield opened
    opened.close()
