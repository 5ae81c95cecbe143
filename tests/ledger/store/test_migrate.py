"""Migrations: once, in order, under one lock, all or nothing; and a fingerprint that every server agrees on."""

import subprocess
import sys
import threading

import psycopg
import pytest

from ledger.errors import Fault
from ledger.store import migrate as module
from ledger.store.embedded import EmbeddedPostgres
from ledger.store.migrate import SCHEMA, fingerprint, migrate, migration_files
from tests.conftest import LedgerDatabase, fresh_database


def url(database: LedgerDatabase) -> str:
    return database.url("holdpoint_migrator")


def test_once(embedded: EmbeddedPostgres) -> None:
    database = fresh_database(embedded, migrated=False)
    assert migrate(url(database)) == [name for name, _ in migration_files()]
    assert migrate(url(database)) == []


def test_fingerprint_is_the_same_on_every_server_and_for_every_role(each_database: LedgerDatabase) -> None:
    for role in ("postgres", "holdpoint_appender", "holdpoint_reader", "holdpoint_projector"):
        with psycopg.connect(each_database.url(role)) as conn:
            assert fingerprint(conn) == SCHEMA, "a migration was added: put the new fingerprint into migrate.SCHEMA"


def test_many_at_once_apply_each_file_once(embedded: EmbeddedPostgres) -> None:
    database = fresh_database(embedded, migrated=False)
    applied: list[list[str]] = []
    threads = [threading.Thread(target=lambda: applied.append(migrate(url(database)))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, applied)) == [0, 0, 0, 0, 0, len(migration_files())]


def test_a_failing_file_leaves_nothing(embedded: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    database = fresh_database(embedded, migrated=False)
    good = migration_files()
    monkeypatch.setattr(module, "migration_files", lambda: [*good[:2], ("0003_broken.sql", "SELECT 1/0")])
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(url(database))
    with psycopg.connect(database.url()) as conn:
        assert conn.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'holdpoint'::regnamespace"
        ).fetchone() == (0,)
    monkeypatch.undo()
    assert len(migrate(url(database))) == len(good)


def test_an_edited_file_is_refused(ledger_database: LedgerDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    files = migration_files()
    monkeypatch.setattr(module, "migration_files", lambda: [(files[0][0], files[0][1] + "\n"), *files[1:]])
    with pytest.raises(Fault) as caught:
        migrate(url(ledger_database))
    assert caught.value.code == "migration-changed"


def test_a_newer_database_is_refused(ledger_database: LedgerDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "migration_files", lambda: migration_files()[:-1])
    with pytest.raises(Fault) as caught:
        migrate(url(ledger_database))
    assert caught.value.code == "database-newer"


def test_killed_in_the_middle_it_starts_anew(embedded: EmbeddedPostgres) -> None:
    """F27: one transaction. A migration that dies before its COMMIT is as if it had not begun."""
    database = fresh_database(embedded, migrated=False)
    script = (
        "import os, ledger.store.migrate as m\n"
        "files = m.migration_files()\n"
        "m.migration_files = lambda: files + [('0099_last.sql', 'SELECT pg_sleep(0)')]\n"
        "real = m.hashlib.sha256\n"
        "def sha256(raw):\n"
        "    if b'pg_sleep' in raw: os.kill(os.getpid(), 9)\n"
        "    return real(raw)\n"
        "m.hashlib.sha256 = sha256\n"
        f"m.migrate({url(database)!r})\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    assert len(migrate(url(database))) == len(migration_files())
