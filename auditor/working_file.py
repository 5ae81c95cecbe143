"""An audit's working file: the rows that outgrow memory, and how far it has come, so that it can go on after it was stopped.

SQLite, in one transaction from mark to mark: whenever the program is killed, the file holds the last mark and exactly the rows
of the entries before it. It is as trustworthy as the machine that the audit runs on, and no more: it must be the auditor's own.
"""

import sqlite3
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from auditor.cold_rows import COLD, SCHEMA, ColdRows
from auditor.kept_values import decode, encode
from auditor.seen import Seen
from ledger.errors import LedgerError, Malformed
from ledger.replay import Replay
from ledger.state import Parts, State
from ledger.tile import Edge, GetTile, TileReader
from ledger.tree import root_of

CACHE_KIB: Final = 32 * 1024


@dataclass(frozen=True, slots=True)
class Mark:
    """How far an audit has come: everything but the rows in the file."""

    replay: tuple[int, str, tuple[bytes, ...], Any]
    state: Parts
    tops: dict[str, tuple[int, str]]
    edge: Edge
    pinned_root: bytes | None
    seen: list[Seen]


def _same_tree(edge: Edge, size: int, tiles: GetTile) -> bool:
    """Whether a tree of `size` entries begins with the one of `edge`."""
    try:
        return edge.size <= size and edge.root() == root_of(edge.size, TileReader(tiles, size))
    except LedgerError:
        return False


class WorkingFile:
    """The file at `path`; with an empty one, a temporary file that goes with the process. What another release of the program has
    kept is not used: what it admitted may be what a mended rule refuses. Raises `sqlite3.Error`."""

    def __init__(self, release: str, path: str = "") -> None:
        self.release, self.kept = release, bool(path)
        self._conn = sqlite3.connect(path, isolation_level=None)
        self._conn.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        self._conn.execute("PRAGMA journal_mode = " + ("WAL" if path else "OFF"))
        self._conn.executescript(SCHEMA)
        self.tables: dict[str, ColdRows] = {name: ColdRows(self._conn, name) for name in COLD}
        self._conn.execute("BEGIN")

    def mark(self, about: str, replay: Replay, edge: Edge, pinned_root: bytes | None, seen: list[Seen]) -> None:
        """Keep where the audit is: all or nothing."""
        for rows in self.tables.values():
            rows.flush()
        place = (replay.size, replay.recorded_at, tuple(replay.owed), replay.cause)
        tops = {name: rows.top for name, rows in self.tables.items()}
        kept = Mark(place, replay.state.parts(COLD), tops, edge, pinned_root, seen)
        raw = encode(kept)
        self._conn.execute("INSERT OR REPLACE INTO mark VALUES (1, ?, ?)", (f"{self.release} {about}", raw))
        self._conn.execute("COMMIT")
        self._conn.execute("BEGIN")

    def last(self, about: str, size: int, tiles: GetTile) -> Mark | None:
        """The mark of an audit of the very same thing, whose tree is also what is shown now in `tiles` of `size` entries; else
        `None`, and the file is empty from here on.
        """
        found = self._conn.execute("SELECT about, kept FROM mark").fetchone()
        kept = self._read(found[1]) if found is not None and found[0] == f"{self.release} {about}" else None
        if kept is not None and _same_tree(kept.edge, size, tiles):
            return kept
        self._conn.execute("DELETE FROM mark")
        self._conn.execute("DELETE FROM row")
        return None

    def _read(self, raw: bytes) -> Mark | None:
        """A mark; `None` where it is damaged or of other classes than ours: the audit begins anew."""
        try:
            kept = decode(raw)
        except Malformed:
            return None
        return kept if isinstance(kept, Mark) else None

    def resume(self, kept: Mark, replay: Replay) -> None:
        """Set a replay to where the mark was made."""
        for name, rows in self.tables.items():
            rows.top = kept.tops[name]
        replay.size, replay.recorded_at, owed, replay.cause = kept.replay
        replay.owed.extend(owed)
        replay.state = State.of(kept.state, self.tables)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _err: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self._conn.close()
