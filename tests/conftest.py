"""Fixtures: a founded development ledger on a real embedded PostgreSQL, copied for each test that changes it."""

import itertools
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from api.founding import DEV_MEMBERS, admit_members, found
from api.story import tell_story
from api.wiring import Ledger, open_ledger
from ledger.store.binaries import system_binaries, wheel_binaries
from ledger.store.embedded import EmbeddedPostgres
from ledger.store.migrate import apply_roles, migrate
from projections.store.migrate import migrate_views

FOUNDED = 1 + 3 * len(DEV_MEMBERS)
"""The size of a development ledger that nothing was said in: entry 0, and each member's principal, key and role."""

ROOT = Path(__file__).resolve().parents[1]
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a run in the background ignores it, and so would its children
# A machine that others use makes any example slow; and one commit has one answer, whoever runs it.
settings.register_profile("shared", deadline=None, derandomize=True)
settings.load_profile("shared")
SHARED = ROOT.parent / "shared"
VECTORS = SHARED / "vectors"
needs_vectors = pytest.mark.skipif(not VECTORS.is_dir(), reason="the shared vectors are not beside this checkout")


@pytest.fixture(scope="session")
def founded_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A founded ledger with a principal per role, closed."""
    folder = tmp_path_factory.mktemp("founded") / "ledger"
    ledger = found(folder, "dev/tests")
    admit_members(ledger)
    ledger.close()
    return folder


@pytest.fixture(scope="session")
def told_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's whole story, closed: a ledger of 74 entries, its export and its pin."""
    folder = tmp_path_factory.mktemp("told") / "ledger"
    tell_story(folder, ROOT / "examples" / "logs", lambda _text: None)
    return folder


def copy_of(folder: Path, to: Path) -> Path:
    """A copy of a closed ledger's folder."""
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns("socket", "lock"))
    return to


@pytest.fixture
def ledger_folder(founded_folder: Path, tmp_path: Path) -> Path:
    """A copy of the founded ledger, for one test to change."""
    return copy_of(founded_folder, tmp_path / "ledger")


@pytest.fixture
def ledger(ledger_folder: Path) -> Iterator[Ledger]:
    """The copy, open."""
    opened = open_ledger(ledger_folder)
    yield opened
    opened.close()


@pytest.fixture
def story_folder(told_folder: Path, tmp_path: Path) -> Path:
    """A copy of the told story, for one test to attack."""
    return copy_of(told_folder, tmp_path / "ledger")


SERVERS = {"system": system_binaries, "wheel": wheel_binaries}
_numbers = itertools.count()


def number() -> int:
    """A number that nobody else in this process has."""
    return next(_numbers)


@dataclass(frozen=True, slots=True)
class LedgerDatabase:
    """An empty, migrated database of one test."""

    server: EmbeddedPostgres
    name: str

    def url(self, role: str = "postgres") -> str:
        return self.server.url(role, self.name)


def fresh_database(server: EmbeddedPostgres, *, migrated: bool = True) -> LedgerDatabase:
    """A database with the roles' rights, and with the schema if `migrated`."""
    database = LedgerDatabase(server, f"test_{number()}")
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {database.name} TEMPLATE template0")
    apply_roles(database.url())
    if migrated:
        migrate(database.url("holdpoint_migrator"))
        migrate_views(database.url("holdpoint_migrator"))
    return database


def _discarded(server: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    """Running, and at the end cut off: nobody reads it again, and a clean stop would sync thousands of files."""
    with server:
        yield server
        process = server._process
        if process is not None:
            process.send_signal(signal.SIGQUIT)
            process.wait()


def _cluster(tmp_path_factory: pytest.TempPathFactory, which: str) -> Iterator[EmbeddedPostgres]:
    programs = SERVERS[which]()
    if programs is None:
        pytest.skip(f"no PostgreSQL programs of the {which}")
    yield from _discarded(EmbeddedPostgres(tmp_path_factory.mktemp(f"pg-{which}"), bin_dir=programs))


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """One running server per session (and worker): the one that a ledger would get."""
    yield from _discarded(EmbeddedPostgres(tmp_path_factory.mktemp("pg")))


@pytest.fixture(scope="session", params=sorted(SERVERS))
def each_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """The system's PostgreSQL and the wheel's, one after the other."""
    yield from _cluster(tmp_path_factory, request.param)


@pytest.fixture
def ledger_database(embedded: EmbeddedPostgres) -> LedgerDatabase:
    """A fresh migrated database on the session's server."""
    return fresh_database(embedded)


@pytest.fixture
def each_database(each_server: EmbeddedPostgres) -> LedgerDatabase:
    """A fresh migrated database on each server."""
    return fresh_database(each_server)


EXPECTED_SKIPS = ("no PostgreSQL programs of the", "only root needs", "no user namespaces here")
"""What a fresh machine may lack. Any other skip fails under CI: a test that is not run proves nothing."""


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Under CI, refuse skips that were not expected."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("CI") or reporter is None or hasattr(session.config, "workerinput"):
        return
    reasons = [
        str(r.longrepr[2] if isinstance(r.longrepr, tuple) else r.longrepr) for r in reporter.stats.get("skipped", [])
    ]
    unexpected = sorted({r for r in reasons if not r.removeprefix("Skipped: ").startswith(EXPECTED_SKIPS)})
    if unexpected and exitstatus == pytest.ExitCode.OK:
        reporter.write_line("skips that CI does not expect: " + "; ".join(unexpected), red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
