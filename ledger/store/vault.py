"""The vault: withheld fields of recorded entries, encrypted beside the log, released by entry and field (access.md §6).

It reads by the appender's connection, the only role that may see a ciphertext, and writes nothing: rows come with their event in
`append_batch`, and go with the `disclosure.erased` that names them.
"""

import threading
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import msgspec

from ledger.entry import read_entry
from ledger.envelope import statement_digest
from ledger.errors import Fault
from ledger.events import disclosure
from ledger.held import HeldField
from ledger.store.desk import Desk
from ledger.store.wrapping import MISSING, Sealed, WrappingKey, open_field, seal_field
from ledger.strict import parse_base64url

ROWS = """SELECT digest, field, ciphertext, wrapped_key, key_id FROM holdpoint.disclosure
    WHERE notification_id = %s ORDER BY digest"""
NAMED = """SELECT split_part(e.topic, ':', 4), d.field, count(*), max(d.retained_until COLLATE "C"),
    min(d.notification_id) - 1, max(d.notification_id) - 1, count(*) FILTER (WHERE d.retained_until COLLATE "C" > n.now),
    min(d.notification_id) FILTER (WHERE d.retained_until COLLATE "C" > n.now) - 1
    FROM (SELECT *, least(%s, to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) AS now
          FROM holdpoint.named_for_erasure(%s::jsonb)) n
    JOIN holdpoint.disclosure d USING (notification_id, digest) JOIN holdpoint.event e USING (notification_id)
    GROUP BY 1, 2 ORDER BY 1, 2"""
LEAP = "-02-29"


@dataclass(frozen=True, slots=True)
class Count:
    """Rows of one event type and field, of entries `first` to `last`; the last of them is retained until `retained_until`.

    `retained` of them are still, by the time asked for or by the database's own clock, the first at index `retained_from`.
    """

    type: str
    field: str
    rows: int
    retained_until: str
    first: int
    last: int
    retained: int
    retained_from: int | None


def retained_until(recorded_at: str, years: int) -> str:
    """`years` calendar years after a recorded time; from a 29 February to the 1 March where there is none."""
    year = f"{min(9999, int(recorded_at[:4]) + years):04d}"
    leap = int(year) % 4 == 0 and (int(year) % 100 != 0 or int(year) % 400 == 0)
    rest = "-03-01" + recorded_at[10:] if recorded_at[4:10] == LEAP and not leap else recorded_at[4:]
    return year + rest


class Vault:
    """Thread-safe. `load` reads the wrapping keys that are here; `years`: how long a field is retained, at least."""

    def __init__(self, desk: Desk, load: Callable[[], Sequence[WrappingKey]], years: int) -> None:
        self._desk, self._load, self.years = desk, load, years
        self._lock = threading.Lock()
        self._keys: dict[str, WrappingKey] = {}
        self._current: WrappingKey | None = None

    def key(self) -> WrappingKey:
        """The key that this ledger wraps by: the one that the database names, else the newest one here.

        Raises `Fault`: `wrapping-key-missing`, `wrapping-key-wrong`, those of a key file, `database-unreachable`.
        """
        with self._lock:
            if self._current is None:
                self._keys = {k.id: k for k in self._load()}
                named = [name for (name,) in self._desk.query("SELECT key_id FROM holdpoint.wrapping")]
                if not self._keys:
                    raise MISSING
                newest = max(self._keys.values(), key=lambda k: (k.made_at, k.id))
                self._current = self._named(named[0]) if named else newest
            return self._current

    def forget(self) -> None:
        """Read the keys anew before the next use: another service has changed the key."""
        with self._lock:
            self._current = None

    def _named(self, name: str) -> WrappingKey:
        found = self._keys.get(name)
        if found is None:
            detail = f"fields of this ledger are wrapped by key {name}, which is not here"
            remedy = "bring its file: docs/how-to/refusals/wrapping-key-wrong.md"
            raise Fault("wrapping-key-wrong", "failed", detail, remedy)
        return found

    def seal(self, statement: str, fields: Sequence[HeldField]) -> list[Sealed]:
        """Encrypt the fields of a statement (its digest in hex). Raises as `key`."""
        key, digest = self.key(), bytes.fromhex(statement)
        return [seal_field(key, digest, parse_base64url(f.digest), f.field, f.text) for f in fields]

    def rows(self, index: int) -> list[Sealed]:
        """What is kept of entry `index`, still encrypted."""
        return [Sealed(*row) for row in self._desk.query(ROWS, (index + 1,))]

    def lacks(self, index: int, fields: Sequence[HeldField]) -> bool:
        """Whether entry `index` stands without one of these fields."""
        kept = {row.digest for row in self.rows(index)}
        return any(parse_base64url(f.digest) not in kept for f in fields)

    def released(self, index: int, names: AbstractSet[str]) -> tuple[str, ...]:
        """The disclosures of entry `index` that are of the members `names`, ascending; only these are decrypted.

        Fewer than were withheld, where some were never sent or are erased. Raises as `key`, and `Fault` `disclosure-unreadable`.
        """
        return self._texts(index, [row for row in self.rows(index) if row.field in names])

    def texts(self, index: int) -> tuple[str, ...]:
        """All disclosures of entry `index` that are kept, ascending. Raises as `released`."""
        return self._texts(index, self.rows(index))

    def _texts(self, index: int, rows: Sequence[Sealed]) -> tuple[str, ...]:
        if not rows:
            return ()
        self.key()
        (entry,) = self._desk.read_entries(index, index + 1)
        statement = bytes.fromhex(statement_digest(read_entry(entry.entry)[1].payload))
        return tuple(sorted(open_field(self._named(row.key_id), statement, row) for row in rows))

    def named(self, body: disclosure.Erased, at: str) -> list[Count]:
        """What an erasure would erase at the time `at`, by event type and field."""
        said = msgspec.json.encode(body).decode()
        return [Count(*row) for row in self._desk.query(NAMED, (at, said))]
