"""The views' own tables, applied as `ledger.store.migrate` applies the ledger's: plain SQL, checksummed, under the same lock.

A list of its own (`holdpoint.view_migration`), because views come and go with releases, and a ledger that lacks a view is whole.
"""

import hashlib
from importlib.resources import files
from typing import Any

import psycopg

from ledger.errors import Fault
from ledger.store.migrate import LOCK

TABLE = """
CREATE TABLE IF NOT EXISTS holdpoint.view_migration (
    name text PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())
"""


def view_migration_files() -> list[tuple[str, str]]:
    """The numbered SQL files of this release, in order: (name, text)."""
    folder = files("projections.store") / "schema"
    return sorted((f.name, f.read_text()) for f in folder.iterdir() if f.name.endswith(".sql"))


def migrate_views(url: str) -> list[str]:
    """Apply what is missing, as `holdpoint_migrator`, after `ledger.store.migrate.migrate`. Returns the names applied.

    Raises `Fault`: `database-unreachable`, `schema-missing`, `migration-changed`, `database-newer`.
    """
    applied: list[str] = []
    known = view_migration_files()
    try:
        conn = psycopg.connect(url, connect_timeout=10)
    except psycopg.OperationalError as err:
        raise Fault("database-unreachable", "failed", str(err).strip(), "check address, role and password") from err
    with conn:
        conn.execute("SET ROLE holdpoint_owner")
        conn.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        if conn.execute("SELECT to_regclass('holdpoint.tracking')").fetchone() == (None,):
            raise Fault("schema-missing", "failed", "the database holds no Holdpoint schema", "run holdpoint migrate")
        conn.execute(TABLE)
        rows: list[Any] = conn.execute("SELECT name, digest FROM holdpoint.view_migration").fetchall()
        done = dict(rows)
        unknown = sorted(set(done) - {name for name, _ in known})
        if unknown:
            detail = f"the database has {', '.join(unknown)}"
            raise Fault("database-newer", "failed", detail, "use the release that made it")
        for name, text in known:
            digest = hashlib.sha256(text.encode()).hexdigest()
            if name in done:
                if done[name] != digest:
                    remedy = "restore the file"
                    raise Fault("migration-changed", "failed", f"{name} was applied in another form", remedy)
                continue
            conn.execute(text)
            conn.execute("INSERT INTO holdpoint.view_migration (name, digest) VALUES (%s, %s)", (name, digest))
            applied.append(name)
    return applied
