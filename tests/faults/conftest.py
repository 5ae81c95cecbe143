"""A founded ledger on a real server's database, copied for each test: cheaper than a cluster per test."""

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from api.author import Audience, write
from api.founding import admit_members, found, post_all
from api.keyring import load_signer
from api.wiring import wall_clock
from ledger.events import model
from ledger.store.embedded import EmbeddedPostgres
from ledger.store.migrate import apply_roles
from tests.conftest import LedgerDatabase, copy_of, fresh_database, number
from tests.faults import oracle
from tests.faults.seat import Place, Seat


@pytest.fixture(autouse=True)
def threads_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this test did not start, it need not end."""
    monkeypatch.setattr(oracle, "threads_before", frozenset(threading.enumerate()))


@pytest.fixture(scope="session")
def founded_place(embedded: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Founded in server mode, closed."""
    folder = tmp_path_factory.mktemp("place") / "ledger"
    database = fresh_database(embedded)
    ledger = found(folder, "dev/faults", database=database.url("holdpoint_appender"))
    admit_members(ledger)
    signer = load_signer(folder / "keys" / "assessor.pem")
    audience = Audience(ledger.origin, ledger.founding)
    body = {"kind": "snapshot"}
    any_model = write(model.Registered, body, audience, "model/any", [signer], wall_clock(), subject="ab" * 32)
    post_all(ledger, [any_model])
    ledger.close()
    return Place(folder, database)


@pytest.fixture
def place(founded_place: Place, tmp_path: Path) -> Place:
    """A copy of the founded ledger and its database."""
    template = founded_place.database
    copy = LedgerDatabase(template.server, f"fault_{number()}")
    with psycopg.connect(template.server.url("postgres", "postgres"), autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {copy.name} TEMPLATE {template.name}")
    apply_roles(copy.url())
    return Place(copy_of(founded_place.folder, tmp_path / "ledger"), copy)


@pytest.fixture
def seat(place: Place) -> Iterator[Seat]:
    """One appender on the copy."""
    taken = Seat(place)
    yield taken
    taken.close()
