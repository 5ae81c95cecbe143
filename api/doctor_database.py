"""What `holdpoint doctor` asks the database: durability, schema, rights, clock, and how the connection is guarded."""

import time
from collections.abc import Iterator
from typing import Any, Literal

import psycopg
from psycopg.conninfo import conninfo_to_dict

from api.database import Database
from ledger.errors import Fault
from ledger.store.desk import Desk
from ledger.store.migrate import check_fingerprint

Colour = Literal["green", "amber", "red"]
Finding = tuple[str, Colour, str, str]
"""Name, colour, detail, remedy."""
SKEW_SECONDS = 5.0
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
RIGHTS = """SELECT r.rolname || ' may ' || p.p || ' ' || c.relname
  FROM pg_catalog.pg_roles r CROSS JOIN pg_catalog.pg_class c
 CROSS JOIN unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS p (p)
 WHERE r.rolcanlogin AND NOT r.rolsuper AND r.rolname <> 'holdpoint_migrator' AND c.relkind = 'r'
   AND c.relnamespace = 'holdpoint'::regnamespace
   AND c.relname = ANY (ARRAY['event', 'event_id', 'tile', 'checkpoint', 'cosignature', 'timestamp_token', 'head', 'stream',
                              'note', 'snapshot', 'disclosure', 'wrapping', 'migration'])
   AND pg_catalog.has_table_privilege(r.oid, c.oid, p.p)
   AND NOT (r.rolname = 'holdpoint_appender' AND p.p = 'INSERT'
            AND c.relname IN ('cosignature', 'timestamp_token', 'snapshot'))
 ORDER BY 1"""
ROLES = ("holdpoint_appender", "holdpoint_migrator", "holdpoint_owner", "holdpoint_projector", "holdpoint_reader")
SUPER = "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user"
STOPS = "SELECT application_name || ' before entry ' || (notification_id - 1) || ': ' || rule FROM holdpoint.view_stop"


def examine_database(database: Database, *, production: bool) -> Iterator[Finding]:
    """Every finding. Raises `Fault` `database-unreachable`."""
    desk = Desk(database.url("holdpoint_reader"), revive=database.revive, unsafe_unchecked=True)
    try:
        yield _version(desk)
        yield _durability(desk)
        yield _checksums(desk)
        yield _schema(database)
        yield _roles(desk)
        yield _clock(desk)
        yield from _views(desk)
        if database.conninfo is not None:
            yield from _connection(database, production=production)
    finally:
        desk.close()


def _value(desk: Desk, name: str) -> str:
    ((value,),) = desk.settings(name)
    return value


def _version(desk: Desk) -> Finding:
    number = int(_value(desk, "server_version_num"))
    detail = f"PostgreSQL {number // 10000}.{number % 10000}"
    if number < 150_000:
        return "postgres version", "red", detail, "15 or newer"
    return "postgres version", "green", detail, ""


def _durability(desk: Desk) -> Finding:
    values = {name: _value(desk, name) for name in DURABLE}
    detail = ", ".join(f"{name} {value}" for name, value in values.items())
    off = [name for name, value in values.items() if value not in ("on", "remote_apply")]
    if off:
        return "durability", "red", detail, f"set {', '.join(off)} = on and restart the database"
    return "durability", "green", detail, ""


def _checksums(desk: Desk) -> Finding:
    value = _value(desk, "data_checksums")
    if value != "on":
        return (
            "data checksums",
            "amber",
            "off: bit rot below the tree shows late",
            "pg_checksums --enable, while stopped",
        )
    return "data checksums", "green", "on", ""


def _schema(database: Database) -> Finding:
    try:
        with psycopg.connect(database.url("holdpoint_reader"), connect_timeout=5) as conn:
            check_fingerprint(conn)
    except (Fault, psycopg.Error) as err:
        return "schema", "red", str(getattr(err, "detail", err)).strip(), "holdpoint migrate; else find who changed it"
    return "schema", "green", "tables, functions, triggers and grants are this release's", ""


def _roles(desk: Desk) -> Finding:
    present = {name for (name,) in desk.query("SELECT rolname::text FROM pg_catalog.pg_roles")}
    missing = sorted(set(ROLES) - present)
    if missing:
        return "roles", "red", f"missing: {', '.join(missing)}", "holdpoint init --print-sql, as a superuser"
    over = [text for (text,) in desk.query(RIGHTS)]
    if over:
        more = f" and {len(over) - 5} more" if len(over) > 5 else ""
        return "roles", "red", "; ".join(over[:5]) + more, "REVOKE it: nobody writes evidence but through append_batch"
    ((superuser,),) = desk.query(SUPER)
    if superuser:
        return (
            "roles",
            "red",
            "the service connects as a superuser",
            "name holdpoint_appender in the conninfo, or no user",
        )
    return "roles", "green", "five roles; none that logs in may write evidence", ""


def _clock(desk: Desk) -> Finding:
    before = time.time()
    _, now = desk.pulse()
    skew = (before + time.time()) / 2 - now
    detail = f"{skew:+.3f} s from the database's"
    if abs(skew) > SKEW_SECONDS:
        return "clock", "red", detail, "set the clocks right: appends are refused above 5 s"
    return "clock", "green", detail, ""


def _views(desk: Desk) -> Iterator[Finding]:
    ((made,),) = desk.query("SELECT to_regclass('holdpoint.view_stop') IS NOT NULL")
    if not made:
        yield "views", "amber", "the views' tables are not there", "holdpoint migrate"
        return
    stops = [text for (text,) in desk.query(STOPS)]
    if stops:
        yield "views", "red", "; ".join(stops), "report it: a view stands before an event that it can't fold"
    else:
        yield "views", "green", "none has stopped", ""


def _connection(database: Database, *, production: bool) -> Iterator[Finding]:
    """TLS with the server's name checked, and SCRAM: anything less is not called production."""
    said: dict[str, Any] = dict(conninfo_to_dict(database.conninfo or ""))
    weak: Colour = "red" if production else "amber"
    if said.get("password"):
        yield "password", "red", "the conninfo holds a password", "use a passfile, and change the password"
    try:
        with psycopg.connect(database.url("holdpoint_appender"), connect_timeout=5) as conn:
            local = conn.info.host.startswith("/") or not conn.info.host
            tls = bool(conn.pgconn.ssl_in_use)
            used_password = bool(conn.pgconn.used_password)
            row = conn.execute("SELECT current_setting('password_encryption')").fetchone()
    except psycopg.Error as err:
        yield "connection", "red", str(err).strip(), "see the text"
        return
    mode = said.get("sslmode", "prefer")
    if local:
        yield "tls", "green", "a socket on this machine", ""
    elif tls and mode == "verify-full":
        yield "tls", "green", "in use, and the server's name is checked", ""
    else:
        detail = f"not production: sslmode is {mode}, TLS is {'on' if tls else 'off'}"
        yield "tls", weak, detail, "sslmode=verify-full, and sslrootcert="
    scram = row is not None and row[0] == "scram-sha-256"
    if used_password and scram and said.get("require_auth") == "scram-sha-256":
        yield "authentication", "green", "SCRAM-SHA-256, and nothing else is accepted", ""
    elif used_password and scram:
        yield (
            "authentication",
            "amber",
            "a password, stored for SCRAM-SHA-256",
            "require_auth=scram-sha-256 in the conninfo",
        )
    elif local:
        yield (
            "authentication",
            "amber",
            "no password: peer or trust on a socket",
            "peer for the service's account, not trust",
        )
    else:
        yield (
            "authentication",
            weak,
            "not production: no SCRAM-SHA-256 password was asked for",
            "scram-sha-256 in pg_hba.conf",
        )
