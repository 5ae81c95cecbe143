"""Migrations: plain SQL files, checksummed, in one transaction under an advisory lock; and the schema's fingerprint.

Only `holdpoint migrate` (and founding) creates anything; services check the fingerprint and refuse (hazard K, T45).
"""

import hashlib
from importlib.resources import files
from typing import Any

import psycopg

from ledger.errors import Fault

LOCK = 0x486F6C64  # "Hold"
MIGRATION_TABLE = """
CREATE TABLE IF NOT EXISTS holdpoint.migration (
    name text PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())
"""
FINGERPRINT = """
SELECT string_agg(item, E'\\n' ORDER BY item) FROM (
  SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
         || ' ' || coalesce(column_default, '') AS item
    FROM information_schema.columns WHERE table_schema = 'holdpoint'
  UNION ALL
  SELECT 'function ' || p.oid::regprocedure::text || ' ' || p.prosecdef::text || ' ' || r.rolname || ' '
         || coalesce(array_to_string(p.proconfig, ','), '') || ' ' || md5(p.prosrc)
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
   WHERE p.pronamespace = 'holdpoint'::regnamespace
  UNION ALL
  SELECT 'trigger ' || t.tgrelid::regclass::text || ' ' || t.tgname || ' ' || t.tgenabled::text || ' ' || t.tgtype::text
    FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
   WHERE c.relnamespace = 'holdpoint'::regnamespace AND NOT t.tgisinternal
  UNION ALL
  SELECT 'constraint ' || c.conrelid::regclass::text || ' ' || pg_catalog.pg_get_constraintdef(c.oid)
    FROM pg_catalog.pg_constraint c
   WHERE c.connamespace = 'holdpoint'::regnamespace AND c.contype IN ('p', 'u', 'c')
  UNION ALL
  SELECT 'rule ' || rulename || ' ' || tablename FROM pg_catalog.pg_rules WHERE schemaname = 'holdpoint'
  UNION ALL
  SELECT 'grant ' || c.relname || ' ' || coalesce((SELECT string_agg(a::text, ',' ORDER BY a::text)
         FROM unnest(c.relacl) a), '')
    FROM pg_catalog.pg_class c WHERE c.relnamespace = 'holdpoint'::regnamespace AND c.relkind = 'r'
) AS items
"""


def migration_files() -> list[tuple[str, str]]:
    """The numbered SQL files of this release, in order: (name, text)."""
    folder = files("ledger.store") / "schema"
    found = [(f.name, f.read_text()) for f in folder.iterdir() if f.name[:4].isdigit() and f.name.endswith(".sql")]
    return sorted(found)


def roles_sql() -> str:
    """The roles as SQL, for a superuser to read and run."""
    return (files("ledger.store") / "schema" / "roles.sql").read_text()


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


def fingerprint(url: str) -> str:
    """SHA-256 over columns, functions, triggers with their state, constraints, rules and grants of the schema."""
    with _connect(url) as conn:
        row = conn.execute(FINGERPRINT).fetchone()
    return hashlib.sha256(((row[0] if row else None) or "").encode()).hexdigest()
