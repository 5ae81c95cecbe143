"""The database calls: one connection, autocommit, prepared statements, binary arrays; no retry of anything (log.md §1).

Every call ends within five seconds, the wait for the connection included: threads do not pile up behind a stopped backend (R10).
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg

from ledger.errors import Fault
from ledger.store.connection import CALL_SECONDS, BoundedConnection, connect
from ledger.store.migrate import check_fingerprint
from ledger.store.rows import Batch, Committed, Head, Stored
from ledger.tree import HASH

APPEND = """SELECT new_size, leaf_hashes, database_now FROM holdpoint.append_batch(
    %b, %b::bytea[], %b::uuid[], %b::text[], %b::bigint[], %b::text[], %b, %b::smallint[], %b::bigint[], %b::bytea[],
    %b, %b, %b::integer, %b::integer[], %b::bytea[], %b::text[], %b::bytea[], %b::bytea[], %b, %b)"""
ENTRIES = """SELECT notification_id - 1, state, stream, stream_version, topic, leaf_hash, recorded_at
    FROM holdpoint.event WHERE notification_id > %s AND notification_id <= %s ORDER BY notification_id LIMIT %s"""
MADE = """SELECT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'holdpoint' AND c.relname = 'head')"""
LEAVES = """SELECT leaf_hash FROM holdpoint.event WHERE notification_id > %s AND notification_id <= %s
    ORDER BY notification_id"""
PULSE = "SELECT size, frontier, root, extract(epoch FROM clock_timestamp())::float8 FROM holdpoint.head"
PAGE = 1000
OWN_REFUSALS = ("HP", "23", "42", "22")
"""SQLSTATE classes that the server raises before COMMIT: our own checks, constraints, rights, bad values."""
GONE = ("08", "53", "57", "58", "XX")
"""SQLSTATE classes after which the connection is not used again: connection, resources, intervention, system, internal."""
UNCONFIRMED = "01000"
"""With this warning the server says *success* where a standby never confirmed (faults.md F15, measured)."""


def _params(batch: Batch) -> tuple[Any, ...]:
    rows, tiles = batch.rows, batch.tiles
    return (
        batch.old_size,
        [r.entry for r in rows],
        [UUID(r.event_id) for r in rows],
        [r.stream for r in rows],
        [r.version for r in rows],
        [r.topic for r in rows],
        batch.recorded_at,
        [t.level for t in tiles],
        [t.n for t in tiles],
        [t.hashes for t in tiles],
        batch.frontier,
        batch.root,
        batch.submissions,
        [n + 1 for n, _ in batch.fields],
        [f.digest for _, f in batch.fields],
        [f.field for _, f in batch.fields],
        [f.ciphertext for _, f in batch.fields],
        [f.wrapped_key for _, f in batch.fields],
        batch.fields[0][1].key_id if batch.fields else "",
        batch.retained_until,
    )


class Desk:
    """One connection to the ledger's database. Thread-safe; psycopg serialises. `revive` restarts an embedded server."""

    def __init__(self, url: str, *, revive: Callable[[], None] | None = None, unsafe_unchecked: bool = False) -> None:
        self._url, self._revive = url, revive
        self._conn: BoundedConnection | None = None
        self._lock = threading.RLock()
        self._unconfirmed = False
        try:
            if not unsafe_unchecked:
                self.check_settings()
        except BaseException:
            self.close()
            raise

    def _open(self) -> BoundedConnection:
        with self._lock:
            if self._conn is not None and not self._conn.closed and not self._conn.broken:
                return self._conn
            if self._revive is not None:
                self._revive()
            self._conn = self._connect()
            return self._conn

    @contextmanager
    def _turn(self) -> Iterator[BoundedConnection]:
        """The connection, for one call of five seconds, when the calls before it are done."""
        if not self._lock.acquire(timeout=CALL_SECONDS):
            detail = f"the database has not answered earlier calls within {CALL_SECONDS:.0f} s"
            raise Fault("database-unreachable", "failed", detail, "try again; holdpoint doctor")
        try:
            conn = self._open()
            conn.allow(CALL_SECONDS)
            yield conn
        finally:
            self._lock.release()

    def _connect(self) -> BoundedConnection:
        try:
            conn = connect(self._url)
        except psycopg.OperationalError as err:
            remedy = "check that it runs, its address, the role and its password"
            raise Fault("database-unreachable", "failed", str(err).strip(), remedy) from err
        conn.add_notice_handler(self._noticed)
        return conn

    def _noticed(self, notice: psycopg.errors.Diagnostic) -> None:
        self._unconfirmed |= notice.sqlstate == UNCONFIRMED

    def query(self, sql: str, params: tuple[Any, ...] = ()) -> list[Any]:
        """Rows of one reading statement, binary. Raises `Fault` `database-unreachable` or `database-error`.

        Where a connection of earlier turns out to be dead, it is asked once more on a fresh one: reading twice is harmless.
        """
        try:
            with self._turn() as conn:
                try:
                    return conn.execute(sql, params, binary=True).fetchall()
                except psycopg.OperationalError as err:
                    fresh = self._replace(conn, err)
                    return fresh.execute(sql, params, binary=True).fetchall()
        except psycopg.Error as err:
            if err.sqlstate == "HP004":
                detail = "table checkpoint: no row with the size and root of the tree"
                raise Fault("ledger-invalid", "failed", detail, "run holdpoint fsck") from err
            if err.sqlstate is not None and err.sqlstate[:2] not in GONE:
                raise Fault("database-error", "failed", str(err).strip(), "see the text; holdpoint doctor") from err
            self.close()
            raise Fault("database-unreachable", "failed", str(err).strip(), "try again; holdpoint doctor") from err

    def _replace(self, conn: BoundedConnection, err: psycopg.OperationalError) -> BoundedConnection:
        """Another connection for one that the server has ended; `err` again for any other trouble, and after the deadline."""
        if not conn.broken or conn.left() <= 0:
            raise err
        fresh = self._open()
        fresh.deadline = conn.deadline
        return fresh

    def check_settings(self) -> None:
        """Refuse a database that may lose what it acknowledged (R1, hazard M), or whose schema is not this release's."""
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            ((value,),) = self.query("SELECT current_setting(%s)", (name,))
            if value not in ("on", "remote_apply"):
                raise Fault(
                    "durability-off", "failed", f"{name} is {value}", f"set {name} = on and restart the database"
                )
        ((made,),) = self.query(MADE)
        if not made:
            raise Fault("schema-missing", "failed", "the database holds no Holdpoint schema", "run holdpoint migrate")
        check_fingerprint(self._open())

    def settings(self, name: str) -> list[tuple[str]]:
        """The value of one server setting."""
        return self.query("SELECT current_setting(%s)", (name,))

    def append(self, batch: Batch) -> Committed | None:
        """Commit a batch in one round trip. `None`: the head had moved, nothing was written.

        Raises `Fault`: `append-refused` (failed), or `outcome-unknown` for any error at which COMMIT may have happened.
        """
        try:
            with self._turn() as conn:
                self._unconfirmed = False
                return self._confirmed(self._call(conn, batch))
        except psycopg.Error as err:
            raise self._failed(err) from err

    def append_locked(self, build: Callable[[Head], Batch | None]) -> Committed | None:
        """The slow path after a lost race: lock the head, let `build` make the batch that fits it, commit.

        `None` where `build` gives none: there is nothing left to do. On a connection of its own, so that nobody's statement
        joins the transaction; whatever `build` raises rolls back. The role's time-outs bound how long others wait. Raises as
        `append`, and `stale-head` (failed) where the head stays locked.
        """
        try:
            with self._connect() as conn:
                conn.allow(CALL_SECONDS)
                with conn.transaction():
                    row = conn.execute("SELECT size, frontier, root FROM holdpoint.lock_head()", binary=True).fetchone()
                    batch = build(Head(*row))  # type: ignore[misc]  # the head is one row always
                    if batch is None:
                        return None
                    self._unconfirmed = False
                    committed = self._call(conn, batch)
                    if committed is None:
                        raise Fault(
                            "append-refused", "failed", "the batch was not built on the locked head", "a defect"
                        )
                return self._confirmed(committed)
        except psycopg.Error as err:
            raise self._failed(err) from err

    def _call(self, conn: "psycopg.Connection[Any]", batch: Batch) -> Committed | None:
        size, leaves, now = conn.execute(APPEND, _params(batch), binary=True).fetchone()  # type: ignore[misc]  # one row
        return None if size == 0 else Committed(size, tuple(leaves), now)

    def _confirmed(self, committed: Committed | None) -> Committed | None:
        if self._unconfirmed:
            raise psycopg.OperationalError("committed here, confirmed by no standby")
        return committed

    def _failed(self, err: psycopg.Error) -> Fault:
        """What an error at a commit means: refused before it, or unknown. Never retried (R2)."""
        if isinstance(err, psycopg.errors.LockNotAvailable):
            return Fault(
                "stale-head", "failed", "another appender holds the head", "retry; the event id keeps it single"
            )
        if err.sqlstate == "HP006":
            detail = "withheld fields of this ledger are wrapped by another key than this process used"
            remedy = "send it again; if it stays: docs/how-to/refusals/wrapping-key-wrong.md"
            return Fault("wrapping-key-wrong", "failed", detail, remedy)
        if err.sqlstate is not None and err.sqlstate[:2] in OWN_REFUSALS:
            return Fault("append-refused", "failed", str(err).strip(), "holdpoint doctor")
        self.close()
        detail = "the database went away during COMMIT"
        return Fault(
            "outcome-unknown", "unknown", detail, "send the same statement again: its event id keeps it single"
        )

    def read_head(self) -> Head:
        """The head row."""
        ((size, frontier, root),) = self.query("SELECT size, frontier, root FROM holdpoint.head")
        return Head(size, frontier, root)

    def pulse(self) -> tuple[Head, float]:
        """The head row, and the database's clock in seconds since 1970."""
        ((size, frontier, root, now),) = self.query(PULSE)
        return Head(size, frontier, root), now

    def read_entries(self, start: int, stop: int) -> Iterator[Stored]:
        """Entries start…stop−1 in order, in pages. A gap is a `Fault` `entry-missing`, never a skip."""
        at = start
        while at < stop:
            page = self.query(ENTRIES, (at, stop, PAGE))
            for row in page:
                if row[0] != at:
                    break
                yield Stored(*row)
                at += 1
            else:
                if page:
                    continue
            raise Fault("entry-missing", "failed", f"no entry {at} in the database", "run holdpoint fsck")

    def read_leaf_hashes(self, start: int, stop: int) -> list[bytes]:
        """Leaf hashes as stored."""
        return [row[0] for row in self.query(LEAVES, (start, stop))]

    def read_tile(self, level: int, n: int) -> bytes | None:
        """A full tile, or `None`."""
        rows = self.query("SELECT hashes FROM holdpoint.tile WHERE level = %s AND n = %s", (level, n))
        return rows[0][0] if rows else None

    def find_event_id(self, event_id: str) -> int | None:
        """The index of the entry with this event id, or `None`."""
        rows = self.query("SELECT notification_id - 1 FROM holdpoint.event_id WHERE event_id = %s", (UUID(event_id),))
        return rows[0][0] if rows else None

    def find(self, after: int, limit: int, stream: str | None = None, topic: str | None = None) -> list[Stored]:
        """A keyset page of entries with index > `after`, narrowed by stream and by how the topic begins."""
        sql = """SELECT notification_id - 1, state, stream, stream_version, topic, leaf_hash, recorded_at
            FROM holdpoint.event WHERE notification_id > %s + 1 AND (%s::text IS NULL OR stream = %s)
            AND (%s::text IS NULL OR starts_with(topic, %s)) ORDER BY notification_id LIMIT %s"""
        return [Stored(*row) for row in self.query(sql, (after, stream, stream, topic, topic, limit))]

    def read_checkpoints(self) -> list[tuple[int, bytes]]:
        """Every committed size and root."""
        return [(size, root) for size, root in self.query("SELECT size, root FROM holdpoint.checkpoint ORDER BY size")]

    def read_root(self, size: int) -> bytes | None:
        """The committed root of a size, as table checkpoint has it."""
        rows = self.query("SELECT root FROM holdpoint.checkpoint WHERE size = %s", (size,))
        return bytes(rows[0][0]) if rows else None

    def check_checkpoint(self, head: Head) -> None:
        """The head is a checkpoint: a row says its size and root. Raises `Fault` `ledger-invalid`."""
        if head.size and self.read_root(head.size) != head.root:
            detail = f"table checkpoint: no row with size {head.size} and the head's root"
            raise Fault("ledger-invalid", "failed", detail, "run holdpoint fsck")

    def put_note(self, size: int, note: str) -> None:
        """Store a signed note."""
        self.query("SELECT holdpoint.put_note(%s, %s)", (size, note))

    def latest_note(self) -> tuple[int, str] | None:
        """The newest stored note."""
        rows = self.query("SELECT size, text FROM holdpoint.note ORDER BY size DESC LIMIT 1")
        return rows[0] if rows else None

    def read_note(self, size: int) -> str | None:
        """The stored note of a size, or `None`."""
        rows = self.query("SELECT text FROM holdpoint.note WHERE size = %s", (size,))
        return rows[0][0] if rows else None

    def read_notes(self) -> list[tuple[int, str]]:
        """Every stored note."""
        return self.query("SELECT size, text FROM holdpoint.note ORDER BY size")

    def read_tiles(self) -> Iterator[tuple[int, int, bytes]]:
        """Every stored full tile."""
        for level, n in self.query("SELECT level, n FROM holdpoint.tile ORDER BY level, n"):
            tile = self.read_tile(level, n)
            if tile is not None and len(tile) % HASH == 0:
                yield level, n, tile

    def read_streams(self) -> list[tuple[str, int, bytes]]:
        """Every stream's end."""
        return self.query("SELECT name, version, head FROM holdpoint.stream ORDER BY name")

    def put_cosignature(self, size: int, witness: str, line: str) -> None:
        """Keep a witness's line over the checkpoint of `size`; the first one stays."""
        sql = "INSERT INTO holdpoint.cosignature (size, witness, line) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING size"
        self.query(sql, (size, witness, line))

    def read_cosignatures(self, size: int) -> list[str]:
        """The lines kept for a size, by witness."""
        sql = "SELECT line FROM holdpoint.cosignature WHERE size = %s ORDER BY witness"
        return [line for (line,) in self.query(sql, (size,))]

    def put_token(self, size: int, authority: str, token: bytes) -> None:
        """Keep a timestamp token over the checkpoint of `size`; the first one of an authority stays."""
        sql = """INSERT INTO holdpoint.timestamp_token (size, authority, token) VALUES (%s, %s, %b)
            ON CONFLICT DO NOTHING RETURNING size"""
        self.query(sql, (size, authority, token))

    def read_tokens(self, size: int | None = None) -> list[tuple[int, str, bytes]]:
        """Kept tokens (size, authority, response) of a size, or all, by size and authority."""
        sql = """SELECT size, authority, token FROM holdpoint.timestamp_token
            WHERE %s::bigint IS NULL OR size = %s ORDER BY size, authority"""
        return [(s, a, bytes(t)) for s, a, t in self.query(sql, (size, size))]

    def last_stamped(self, size: int) -> int:
        """The largest stamped size that is none above `size`; 0 for none."""
        sql = "SELECT coalesce(max(size), 0) FROM holdpoint.timestamp_token WHERE size <= %s"
        ((found,),) = self.query(sql, (size,))
        return int(found)

    def cosigned_sizes(self, least: int, most: int) -> list[tuple[int, int]]:
        """At most `most` sizes from `least` on that were cosigned, the largest first, each with its number of lines."""
        sql = "SELECT size, count(*) FROM holdpoint.cosignature WHERE size >= %s GROUP BY size ORDER BY size DESC LIMIT %s"
        return [(size, int(lines)) for size, lines in self.query(sql, (least, most))]

    def last_cosigned(self, witness: str) -> int:
        """The largest size that a witness has cosigned, as far as is kept here; 0 for none."""
        sql = "SELECT coalesce(max(size), 0) FROM holdpoint.cosignature WHERE witness = %s"
        ((size,),) = self.query(sql, (witness,))
        return int(size)

    def read_heads(self, size: int) -> list[tuple[str, int, bytes]]:
        """Where every stream ended after the first `size` entries: name, version, leaf hash."""
        sql = """SELECT DISTINCT ON (stream) stream, stream_version, leaf_hash FROM holdpoint.event
            WHERE notification_id <= %s ORDER BY stream, stream_version DESC"""
        return self.query(sql, (size,))

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        with self._lock:
            if self._conn is not None:
                self._conn.close()
                self._conn = None
