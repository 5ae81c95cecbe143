"""The views' tables: applied once, refused where they were applied in another form or by a newer release."""

import pytest

from ledger.errors import Fault
from projections.questions import QUESTIONS
from projections.store.migrate import migrate_views, view_migration_files
from projections.store.tables import view_table
from tests.projections.conftest import Database


def test_applied_once(database: Database) -> None:
    assert migrate_views(database.url("holdpoint_migrator")) == []
    found = database.admin("SELECT name FROM holdpoint.view_migration ORDER BY name")
    assert [n for (n,) in found] == [n for n, _ in view_migration_files()]


def test_every_projection_has_its_table(database: Database) -> None:
    found = {n for (n,) in database.admin("SELECT tablename FROM pg_tables WHERE schemaname = 'holdpoint'")}
    assert {view_table(p) for p in QUESTIONS} <= found


def test_another_form_of_an_applied_file_is_refused(database: Database) -> None:
    database.admin("UPDATE holdpoint.view_migration SET digest = 'x'")
    with pytest.raises(Fault, match="migration-changed"):
        migrate_views(database.url("holdpoint_migrator"))


def test_a_newer_database_is_refused(database: Database) -> None:
    database.admin("INSERT INTO holdpoint.view_migration (name, digest) VALUES ('9999_later.sql', 'x')")
    with pytest.raises(Fault, match="database-newer"):
        migrate_views(database.url("holdpoint_migrator"))


def test_the_ledgers_tables_come_first(database: Database) -> None:
    database.admin("CREATE SCHEMA elsewhere")
    database.admin("ALTER TABLE holdpoint.tracking SET SCHEMA elsewhere")
    with pytest.raises(Fault, match="schema-missing"):
        migrate_views(database.url("holdpoint_migrator"))


def test_an_unreachable_database_is_a_fault() -> None:
    with pytest.raises(Fault, match="database-unreachable"):
        migrate_views("host=/nowhere dbname=x")
