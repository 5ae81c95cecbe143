"""Migrations: plain SQL files, checksummed, in one transaction under an advisory lock; and the schema's fingerprint.

Only `holdpoint migrate` (and founding) creates anything; services check the fingerprint and refuse (hazard K, T45).
"""

import hashlib
from importlib.resources import files
from typing import Any

import psycopg

from ledger.errors import Fault

LOCK = 0x486F6C64  # "Hold"
SCHEMA = "7f4ca5b8e1411138d478b27ee6150fa4f9840338fc28f0f54586668dc7ab1c1c"
"""The fingerprint of what this release's migrations make, on every PostgreSQL; a test recomputes it."""
MIGRATION_TABLE = """
CREATE TABLE IF NOT EXISTS holdpoint.migration (
    name text PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())
"""


def migration_files() -> list[tuple[str, str]]:
    """The numbered SQL files of this release, in order: (name, text)."""
    folder = files("ledger.store") / "schema"
    found = [(f.name, f.read_text()) for f in folder.iterdir() if f.name[:4].isdigit() and f.name.endswith(".sql")]
    return sorted(found)


def _schema_file(name: str) -> str:
    return (files("ledger.store") / "schema" / name).read_text()


def roles_sql() -> str:
    """The roles as SQL, for a superuser to read and run."""
    return _schema_file("roles.sql")


def apply_roles(admin_url: str) -> None:
    """Run `roles.sql` as a superuser."""
    with psycopg.connect(admin_url) as conn:
        conn.execute(roles_sql())


def _connect(url: str) -> "psycopg.Connection[tuple[str, ...]]":
    try:
        return psycopg.connect(url, connect_timeout=10)
    except psycopg.OperationalError as err:
        raise Fault("database-unreachable", "failed", str(err).strip(), "check address, role and password") from err


def migrate(url: str) -> list[str]:
    """Apply what is missing, as `holdpoint_migrator`. Returns the names applied.

    Raises `Fault` `migration-changed` where an applied file has another digest now, `database-newer` where the database
    has a migration that this release does not know.
    """
    applied: list[str] = []
    known = migration_files()
    with _connect(url) as conn:
        conn.execute("SET ROLE holdpoint_owner")
        conn.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        conn.execute(MIGRATION_TABLE)
        rows: list[Any] = conn.execute("SELECT name, digest FROM holdpoint.migration").fetchall()
        done = {str(name): str(digest) for name, digest in rows}
        unknown = set(done) - {name for name, _ in known}
        if unknown:
            detail = f"the database has {', '.join(sorted(unknown))}"
            raise Fault("database-newer", "failed", detail, "use the release that made it")
        for name, text in known:
            digest = hashlib.sha256(text.encode()).hexdigest()
            if name in done:
                if done[name] != digest:
                    raise Fault(
                        "migration-changed", "failed", f"{name} was applied in another form", "restore the file"
                    )
                continue
            conn.execute(text)
            conn.execute("INSERT INTO holdpoint.migration (name, digest) VALUES (%s, %s)", (name, digest))
            applied.append(name)
    return applied


def fingerprint(conn: "psycopg.Connection[Any]") -> str:
    """SHA-256 (hex) over schema `holdpoint`: columns, constraints, functions, triggers and their state, rules, grants."""
    row = conn.execute(_schema_file("fingerprint.sql")).fetchone()
    return hashlib.sha256(((row[0] if row else None) or "").encode()).hexdigest()


def check_fingerprint(conn: "psycopg.Connection[Any]") -> None:
    """Refuse a schema that is not this release's: a trigger off, a function replaced, a right too many (T34, T45).

    Raises `Fault` `schema-changed`.
    """
    if fingerprint(conn) != SCHEMA:
        detail = "the schema differs from what this release's migrations make"
        raise Fault(
            "schema-changed", "failed", detail, "holdpoint migrate; if that changes nothing, find who changed it"
        )
