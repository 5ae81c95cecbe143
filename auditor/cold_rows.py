"""Rows that every entry of a log adds, kept in a file instead of in memory: an audit of ten million entries fits a laptop.

Admission asks for them by key and seldom: has this event id stood before, which entry is referred to, which run is cited. The
file is the auditor's own, made here and read by nobody else; it holds nothing that the entries do not say.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from ledger.events import evaluation
from ledger.place import KnownEntry
from policies.facts import Fact

FRESH = 4096
"""Rows of a table that are held in memory before they are written together."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS row
  (tab INTEGER NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (tab, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mark (id INTEGER PRIMARY KEY CHECK (id = 1), about TEXT NOT NULL, kept BLOB NOT NULL);
"""


class _Run(Fact, frozen=True, gc=False):
    """A fact whose body is a result."""

    body: evaluation.Recorded


def _fact(raw: bytes) -> Fact:
    run = msgspec.msgpack.decode(raw, type=_Run)
    return Fact(*msgspec.structs.astuple(run))


COLD: Final[Mapping[str, Callable[[bytes], Any]]] = {
    "entry": msgspec.msgpack.Decoder(KnownEntry).decode,
    "evaluation": _fact,
    "event_id": msgspec.msgpack.Decoder(tuple[int, str]).decode,
    "run": msgspec.msgpack.Decoder(int).decode,
}
"""The tables of `State` that grow by a row with each entry or result, and how a row is read back."""


class ColdRows:
    """One table's rows (`ledger.state.Rows`). Values are never changed in place, so that one that was read may be kept."""

    def __init__(self, conn: sqlite3.Connection, name: str) -> None:
        self._conn, self._number, self._decode = conn, sorted(COLD).index(name), COLD[name]
        self._fresh: dict[str, Any] = {}
        self.top: tuple[int, str] = (0, "")

    def get(self, key: str, default: Any = None, /) -> Any:
        """The value under `key`, or `default`."""
        if key in self._fresh:
            return self._fresh[key]
        if (len(key), key) > self.top:  # indexes and event ids grow: what is new is not looked for
            return default
        found = self._conn.execute("SELECT value FROM row WHERE tab = ? AND key = ?", (self._number, key)).fetchone()
        return default if found is None else self._decode(found[0])

    def items(self) -> Iterator[tuple[str, Any]]:
        """All rows, ordered by key."""
        self.flush()
        asked = "SELECT key, value FROM row WHERE tab = ? ORDER BY key"
        return ((key, self._decode(value)) for key, value in self._conn.execute(asked, (self._number,)))

    def update(self, rows: Any, /) -> None:
        """Set many."""
        for key, value in rows.items():
            self[key] = value

    def __contains__(self, key: object, /) -> bool:
        return isinstance(key, str) and self.get(key) is not None

    def __setitem__(self, key: str, value: Any, /) -> None:
        self._fresh[key] = value
        self.top = max(self.top, (len(key), key))
        if len(self._fresh) >= FRESH:
            self.flush()

    def flush(self) -> None:
        """Write what is held in memory."""
        rows: Iterable[tuple[int, str, bytes]] = (
            (self._number, key, msgspec.msgpack.encode(value)) for key, value in self._fresh.items()
        )
        self._conn.executemany("INSERT OR REPLACE INTO row VALUES (?, ?, ?)", rows)
        self._fresh = {}
