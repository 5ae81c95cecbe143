"""What the rules know at a position: tables of immutable values, with layers for a batch in progress.

Everything that admission, derivation and the gate look at is here and nowhere else, so that an auditor who folds the
same entries holds the same state. A layer is written to while a batch is admitted; a failed commit drops it, and the
base is untouched (log.md §2: the state is a value, not a thing to be patched).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_ABSENT: Any = object()


class State:
    """Tables `name → key → value`; keys are texts, values immutable. `None` as a value means removed."""

    __slots__ = ("_base", "_chain", "_tables")

    def __init__(self, base: State | None = None) -> None:
        self._base = base
        self._tables: dict[str, dict[str, Any]] = {}
        self._chain: tuple[dict[str, dict[str, Any]], ...] = (self._tables, *(() if base is None else base._chain))

    def get(self, table: str, key: str) -> Any:
        """The value under `key`, or `None`."""
        for tables in self._chain:
            rows = tables.get(table)
            if rows is not None:
                value = rows.get(key, _ABSENT)
                if value is not _ABSENT:
                    return value
        return None

    def put(self, table: str, key: str, value: Any) -> None:
        """Set `key` in this layer alone."""
        rows = self._tables.get(table)
        if rows is None:
            rows = self._tables[table] = {}
        rows[key] = value

    def scan(self, table: str, prefix: str = "") -> Iterator[tuple[str, Any]]:
        """All live rows whose key starts with `prefix`, sorted by key."""
        merged: dict[str, Any] = {}
        layers: list[State] = []
        state: State | None = self
        while state is not None:
            layers.append(state)
            state = state._base
        for layer in reversed(layers):
            # A copy of the items: the appender may absorb a batch while a reader scans.
            merged.update({k: v for k, v in list(layer._tables.get(table, {}).items()) if k.startswith(prefix)})
        for key in sorted(merged):
            if merged[key] is not None:
                yield key, merged[key]

    def append(self, table: str, key: str, value: Any) -> None:
        """Add `value` to the tuple under `key`."""
        self.put(table, key, (*(self.get(table, key) or ()), value))

    def layer(self) -> State:
        """A child that reads through to this state and writes to itself."""
        return State(self)

    def copy(self, *without: str) -> State:
        """The same rows in a state of its own, without some tables: values are immutable, so only the tables are copied.

        Whoever may meet a writer holds the writer's lock meanwhile.
        """
        layers: list[State] = []
        state: State | None = self
        while state is not None:
            layers.append(state)
            state = state._base
        fresh = State()
        for layer in reversed(layers):
            for table, rows in layer._tables.items():
                if table not in without:
                    fresh._tables.setdefault(table, {}).update(rows)
        return fresh

    def absorb(self) -> State:
        """Move this layer's rows into its base, and return the base."""
        base = self._base
        if base is None:
            return self
        for table, rows in self._tables.items():
            below = base._tables.get(table)
            if below is None:
                base._tables[table] = rows
            else:
                below.update(rows)
        self._tables = {}
        self._chain = (self._tables, *base._chain)
        return base
