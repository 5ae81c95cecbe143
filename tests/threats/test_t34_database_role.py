"""T34: the service's role does more than append. The statement matrix of access.md §7, on each PostgreSQL at hand.

Every refused line is also a line that the owner or a superuser could run; the honest twin is the first test: the appender
appends under the very role that is refused everything else.
"""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import errors as e

from ledger.errors import Fault
from ledger.store.desk import Desk
from ledger.store.migrate import apply_roles, check_fingerprint, migrate, roles_sql
from projections.questions import QUESTIONS
from projections.store.tables import view_table
from tests.conftest import LedgerDatabase
from tests.ledger.store.batches import Tree

EVIDENCE = ("event", "event_id", "tile", "checkpoint", "cosignature", "timestamp_token")
VIEWS = tuple(view_table(p) for p in QUESTIONS)
STATE = ("stream", "head", "note", "disclosure", "wrapping", "migration", "tracking", "view_stop", *VIEWS)
Connect = Callable[[str], "psycopg.Connection[Any]"]


@pytest.fixture
def database(each_database: LedgerDatabase) -> LedgerDatabase:
    desk = Desk(each_database.url("holdpoint_appender"))
    Tree(desk).append(3)
    desk.close()
    return each_database


@pytest.fixture
def connect(database: LedgerDatabase):
    opened = []

    def open_as(role: str) -> "psycopg.Connection[Any]":
        opened.append(psycopg.connect(database.url(role), autocommit=True))
        return opened[-1]

    yield open_as
    for conn in opened:
        conn.close()


def refused(conn: "psycopg.Connection[Any]", sql: str, error: type[Exception] = e.InsufficientPrivilege) -> None:
    with pytest.raises(error), conn.transaction():
        conn.execute(sql)


def test_honest_the_appender_appends(database: LedgerDatabase) -> None:
    desk = Desk(database.url("holdpoint_appender"))
    tree = Tree(desk)
    assert desk.append(tree.batch(old_size=2)[0]) is None, "a stale size writes nothing"
    assert desk.read_head().size == 3
    assert [row.index for row in desk.read_entries(0, 3)] == [0, 1, 2]
    tree.edge, _ = tree.edge.extend(desk.read_leaf_hashes(0, 3))
    tree.versions["model/a"] = 3
    assert tree.append(2).size == 5
    desk.close()


def test_attack_the_appender_touches_no_row_itself(connect: Connect) -> None:
    conn = connect("holdpoint_appender")
    for table in (*EVIDENCE, *STATE):
        if table not in ("cosignature", "timestamp_token"):
            refused(conn, f"INSERT INTO holdpoint.{table} DEFAULT VALUES")
            refused(conn, f"COPY holdpoint.{table} FROM STDIN")
        columns = {"event": "stream = 'x'", "head": "size = 0", "note": "text = ''"}.get(table)
        if columns is not None:
            refused(conn, f"UPDATE holdpoint.{table} SET {columns}")
        refused(conn, f"DELETE FROM holdpoint.{table}")
        refused(conn, f"TRUNCATE holdpoint.{table}")
        refused(conn, f"LOCK TABLE holdpoint.{table} IN EXCLUSIVE MODE")
    refused(conn, "SELECT * FROM holdpoint.head FOR UPDATE")
    refused(conn, "SELECT * FROM holdpoint.event FOR SHARE")


def test_honest_the_appender_reads_evidence_and_adds_what_outsiders_sign(connect: Connect) -> None:
    conn = connect("holdpoint_appender")
    for table in (*EVIDENCE, "head", "stream", "note", "snapshot", "disclosure", "wrapping"):
        conn.execute(f"SELECT * FROM holdpoint.{table}")
    conn.execute("INSERT INTO holdpoint.cosignature VALUES (3, 'witness', 'line')")
    conn.execute("INSERT INTO holdpoint.timestamp_token VALUES (3, 'authority', '\\x00')")
    conn.execute("INSERT INTO holdpoint.snapshot VALUES (3, sha256(''), '')")
    refused(
        conn,
        "INSERT INTO holdpoint.cosignature VALUES (3, 'witness', 'x') ON CONFLICT (size, witness) DO UPDATE SET line = ''",
    )
    refused(conn, "UPDATE holdpoint.cosignature SET line = ''")
    refused(conn, "SELECT * FROM pg_authid")


def test_attack_nobody_creates_anything(connect: Connect) -> None:
    for role in ("holdpoint_appender", "holdpoint_projector", "holdpoint_reader"):
        conn = connect(role)
        for sql in (
            "CREATE TEMP TABLE event (x int)",
            "CREATE TABLE holdpoint.other (x int)",
            "CREATE TABLE public.event (x int)",
            "CREATE SCHEMA mine",
            "CREATE FUNCTION holdpoint.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        ):
            refused(conn, sql)


def test_attack_nobody_becomes_the_owner(connect: Connect) -> None:
    for role in ("holdpoint_appender", "holdpoint_projector", "holdpoint_reader"):
        conn = connect(role)
        for sql in (
            "SET ROLE holdpoint_owner",
            "SET ROLE holdpoint_migrator",
            "SET ROLE postgres",
            "SET SESSION AUTHORIZATION postgres",
            "SET session_replication_role = replica",
            "ALTER TABLE holdpoint.event ADD COLUMN x int",
            "ALTER TABLE holdpoint.event DISABLE TRIGGER insert_only",
            "DROP TABLE holdpoint.event",
            "CREATE OR REPLACE FUNCTION holdpoint.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "ALTER ROLE holdpoint_reader SUPERUSER",
            "COPY holdpoint.event TO PROGRAM 'true'",
        ):
            refused(conn, sql, (e.InsufficientPrivilege, e.InvalidParameterValue))  # type: ignore[arg-type]
        conn.execute(
            "GRANT INSERT ON holdpoint.event TO holdpoint_reader"
        )  # a warning, by the standard; nothing granted
        refused(conn, "INSERT INTO holdpoint.event DEFAULT VALUES")
    conn = connect("holdpoint_migrator")
    refused(conn, "SET ROLE postgres")
    refused(conn, "SELECT * FROM holdpoint.event")
    conn.execute("SET ROLE holdpoint_owner")  # the twin: this one may, minutes a year


def test_attack_lowered_durability_stops_appends(database: LedgerDatabase) -> None:
    desk = Desk(database.url("holdpoint_appender"))
    tree = Tree(desk)
    tree.edge, _ = tree.edge.extend(desk.read_leaf_hashes(0, 3))
    tree.versions["model/a"] = 3
    desk._open().execute("SET synchronous_commit = off")
    with pytest.raises(Fault, match="synchronous_commit is off") as caught:
        tree.append()
    assert (caught.value.code, caught.value.outcome) == ("append-refused", "failed")
    assert desk.read_head().size == 3
    desk._open().execute("SET synchronous_commit = on")
    assert tree.append().size == 4
    desk.close()


def test_attack_a_second_lock_waits_and_gives_up(connect: Connect) -> None:
    first, second = connect("holdpoint_appender"), connect("holdpoint_appender")
    second.execute("SET lock_timeout = '100ms'")
    with first.transaction():
        first.execute("SELECT * FROM holdpoint.lock_head()")
        refused(second, "SELECT * FROM holdpoint.lock_head()", e.LockNotAvailable)
    second.execute("SELECT * FROM holdpoint.lock_head()")
    assert second.execute("SHOW statement_timeout").fetchone() == ("5s",)
    assert first.execute("SHOW lock_timeout").fetchone() == ("2s",)


def test_attack_functions_refuse_what_does_not_follow(connect: Connect) -> None:
    conn = connect("holdpoint_appender")
    note = "SELECT holdpoint.put_note(3, E'origin\\n3\\nAAAA\\n\\n')"
    refused(conn, note, psycopg.DatabaseError)
    refused(conn, "SELECT holdpoint.put_note(9, E'origin\\n9\\nAAAA\\n\\n')", psycopg.DatabaseError)
    refused(conn, "SELECT holdpoint.erase_disclosures(1)")
    empty = (
        "SELECT * FROM holdpoint.append_batch(3, '{}', '{}', '{}', '{}', '{}', '', '{}', '{}', '{}', '', sha256(''), 1)"
    )
    refused(conn, empty, psycopg.DatabaseError)
    many = """SELECT * FROM holdpoint.append_batch(3, array_fill('x'::bytea, ARRAY[{n}]),
        array_fill(gen_random_uuid(), ARRAY[{n}]), array_fill('s'::text, ARRAY[{n}]), array_fill(1::bigint, ARRAY[{n}]),
        array_fill('t'::text, ARRAY[{n}]), '2026', '{{}}', '{{}}', '{{}}', '', sha256(''), {s})"""
    refused(conn, many.format(n=2001, s=1), psycopg.DatabaseError)
    refused(conn, many.format(n=2, s=501), psycopg.DatabaseError)
    refused(conn, many.format(n=2, s=1), e.UniqueViolation)  # one event id twice: well formed, refused by its index
    assert conn.execute("SELECT size FROM holdpoint.head").fetchone() == (3,)


def test_attack_the_projector_keeps_to_its_views(connect: Connect) -> None:
    conn = connect("holdpoint_projector")
    conn.execute("SELECT * FROM holdpoint.event")
    for table in ("tracking", "view_stop", *VIEWS):
        conn.execute(f"SELECT * FROM holdpoint.{table}")
    conn.execute("INSERT INTO holdpoint.tracking VALUES ('a', 1)")
    conn.execute("UPDATE holdpoint.tracking SET notification_id = 2")
    conn.execute("DELETE FROM holdpoint.tracking")
    for table in ("disclosure", "wrapping", "head", "stream", "note", "tile", "checkpoint"):
        refused(conn, f"SELECT * FROM holdpoint.{table}")
    refused(conn, "SELECT * FROM holdpoint.event FOR UPDATE")
    for call in ("lock_head()", "put_note(3, '')", "erase_disclosures(1)", "named_for_erasure('{}')"):
        refused(conn, f"SELECT holdpoint.{call}")
    refused(conn, "DELETE FROM holdpoint.event")


def test_attack_the_reader_only_reads(connect: Connect) -> None:
    conn = connect("holdpoint_reader")
    for table in (*EVIDENCE, "head", "stream", "note", "tracking", "view_stop", *VIEWS):
        conn.execute(f"SELECT * FROM holdpoint.{table}")
        refused(conn, f"SELECT * FROM holdpoint.{table} FOR UPDATE")
        refused(conn, f"DELETE FROM holdpoint.{table}")
    refused(conn, "SELECT * FROM holdpoint.disclosure")
    for call in ("lock_head()", "put_note(3, '')", "erase_disclosures(1)", "named_for_erasure('{}')"):
        refused(conn, f"SELECT holdpoint.{call}")


def test_attack_triggers_stop_even_the_owner(connect: Connect) -> None:
    conn = connect("postgres")
    for table in EVIDENCE:
        refused(conn, f"TRUNCATE holdpoint.{table}", psycopg.DatabaseError)
    conn.execute("SET session_replication_role = replica")  # ENABLE ALWAYS fires in replica sessions too
    for sql in ("UPDATE holdpoint.event SET stream = 'x'", "DELETE FROM holdpoint.checkpoint"):
        refused(conn, sql, psycopg.DatabaseError)


@pytest.mark.parametrize("schema", ["holdpoint", "public"])
def test_attack_no_right_beyond_the_bound(connect: Connect, schema: str) -> None:
    """Asked of the catalogs, so that a right that no line above tries is found too."""
    conn = connect("postgres")
    rows = conn.execute(
        """SELECT g.rolname, c.relname, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a
             LEFT JOIN pg_roles g ON g.oid = a.grantee WHERE c.relnamespace = %s::regnamespace""",
        (schema,),
    ).fetchall()
    own = {(t, p) for t in ("tracking", "view_stop", *VIEWS) for p in ("SELECT", "INSERT", "UPDATE", "DELETE")}
    own |= {(t, "TRUNCATE") for t in VIEWS}
    added = {(t, "INSERT") for t in ("cosignature", "timestamp_token", "snapshot")}
    for role, table, right in rows:
        if role == "holdpoint_owner":
            continue
        assert role in {"holdpoint_appender", "holdpoint_projector", "holdpoint_reader"}, (role, table, right)
        assert (
            right == "SELECT"
            or (role == "holdpoint_appender" and (table, right) in added)
            or (role == "holdpoint_projector" and (table, right) in own)
        ), (role, table, right)
    assert bool(rows) == (schema == "holdpoint")


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE holdpoint.event DISABLE TRIGGER insert_only",
        "ALTER TABLE holdpoint.event ENABLE TRIGGER insert_only",
        "GRANT INSERT ON holdpoint.event TO holdpoint_appender",
        "GRANT EXECUTE ON FUNCTION holdpoint.lock_head() TO PUBLIC",
        "ALTER FUNCTION holdpoint.append_batch RESET search_path",
        "CREATE RULE quiet AS ON INSERT TO holdpoint.checkpoint DO INSTEAD NOTHING",
        "ALTER TABLE holdpoint.event ENABLE ROW LEVEL SECURITY",
        "CREATE FUNCTION holdpoint.lock_head(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER TABLE holdpoint.event_id DROP CONSTRAINT event_id_pkey",
    ],
)
def test_attack_a_changed_schema_is_refused_at_start(database: LedgerDatabase, connect: Connect, change: str) -> None:
    conn = connect("postgres")
    check_fingerprint(conn)
    conn.execute(change)
    with pytest.raises(Fault) as caught:
        Desk(database.url("holdpoint_appender"))
    assert caught.value.code == "schema-changed"


def test_honest_roles_file_is_the_one_that_is_applied(each_database: LedgerDatabase) -> None:
    from tests.conftest import ROOT

    assert (ROOT / "deploy" / "postgres" / "roles.sql").read_text() == roles_sql()
    apply_roles(each_database.url())  # twice is once
    assert migrate(each_database.url("holdpoint_migrator")) == []
    Desk(each_database.url("holdpoint_reader")).close()
