"""What the rules know at a position: tables of immutable values, with layers for a batch in progress, and every position before.

Everything that admission, derivation and the gate look at is here and nowhere else, so that an auditor who folds the
same entries holds the same state. A layer is written to while a batch is admitted; a failed commit drops it, and the
base is untouched (log.md §2: the state is a value, not a thing to be patched).

A value that is replaced is kept, with the index of the entry that replaced it: `at` shows the state of any earlier size without
a replay and without a lock (docs/adr/0018). Most values tell by themselves since when they stand, and cost nothing more: facts
carry their `index`, and lists only grow.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_ABSENT: Any = object()
_BELOW: Any = object()
"""What a layer's first change of a key replaced: whatever stands below."""
NEWEST: Final = frozenset({"event_id", "stream"})
"""Tables of the log's end, which admission alone looks at: an earlier state does not show them."""
Replaced = list[tuple[int, Any]]
"""(index of the entry that replaced it, the value that stood before), in order."""


class Rows(Protocol):
    """The rows of a table: a dict, or one whose rows lie elsewhere, such as in an auditor's file."""

    def get(self, key: str, default: Any = ..., /) -> Any:
        """The value under `key`, or `default`."""

    def items(self) -> Iterable[tuple[str, Any]]:
        """All rows."""

    def update(self, rows: Any, /) -> None:
        """Set many."""

    def __contains__(self, key: object, /) -> bool: ...

    def __setitem__(self, key: str, value: Any, /) -> None: ...


Parts: TypeAlias = "tuple[int, dict[str, Rows], dict[str, dict[str, Replaced]]]"
"""What a root state is made of: the index of its newest entry, its tables, and what was replaced."""


def _since(value: Any) -> int | None:
    """The index of the entry that a value stands since, where the value itself tells."""
    if type(value) is int:
        return value
    index = getattr(value, "index", None)  # of a text or a tuple it is a method
    return index if type(index) is int else None


class State:
    """Tables `name → key → value`; keys are texts, values immutable. `None` as a value means removed."""

    __slots__ = ("_base", "_chain", "_floor", "_index", "_replaced", "_tables")

    def __init__(self, base: State | None = None) -> None:
        self._base = base
        self._index: int = 0 if base is None else base._index
        self._tables: dict[str, Rows] = {}
        self._replaced: dict[str, dict[str, Replaced]] = {}
        below = () if base is None else base._chain
        self._chain: tuple[dict[str, Rows], ...] = (self._tables, *below)
        self._floor: StateAt | None = None if base is None else base._floor

    @classmethod
    def of(cls, parts: Parts, elsewhere: Mapping[str, Rows]) -> State:
        """A root state of the parts that one had, with the tables whose rows lie elsewhere."""
        state = cls()
        state._index, tables, state._replaced = parts
        state._tables.update({**tables, **elsewhere})
        return state

    def parts(self, elsewhere: Iterable[str]) -> Parts:
        """What this root state is made of, without the tables whose rows lie elsewhere."""
        return self._index, {k: v for k, v in self._tables.items() if k not in elsewhere}, self._replaced

    def begin(self, index: int) -> None:
        """What is put from here on is what entry `index` says."""
        self._index = index

    def get(self, table: str, key: str) -> Any:
        """The value under `key`, or `None`."""
        for tables in self._chain:
            rows = tables.get(table)
            if rows is not None:
                value = rows.get(key, _ABSENT)
                if value is not _ABSENT:
                    return value
        return None if self._floor is None else self._floor.get(table, key)

    def put(self, table: str, key: str, value: Any) -> None:
        """Set `key` in this layer alone."""
        rows = self._tables.get(table)
        if rows is None:
            rows = self._tables[table] = {}
        if table not in NEWEST:
            old = rows.get(key, _ABSENT)
            first = old is _ABSENT
            if not (first and self._base is None and _since(value) == self._index):
                self._replace(table, key, _BELOW if first else old)
        rows[key] = value

    def _replace(self, table: str, key: str, old: Any) -> None:
        """Before the value itself changes, so that whoever reads the value first and this next misses nothing."""
        if old is _BELOW and self._base is None:
            old = None
        self._replaced.setdefault(table, {}).setdefault(key, []).append((self._index, old))

    def append(self, table: str, key: str, value: Any) -> None:
        """Add `value` to the tuple under `key`. Within a table either all values tell since when they stand, or none does."""
        grown = (*(self.get(table, key) or ()), value)
        if _since(value) == self._index:
            self._tables.setdefault(table, {})[key] = grown
        else:
            self.put(table, key, grown)

    def scan(self, table: str, prefix: str = "") -> Iterator[tuple[str, Any]]:
        """All live rows whose key starts with `prefix`, sorted by key."""
        merged: dict[str, Any] = {}
        layers: list[State] = []
        state: State | None = self
        while state is not None and state is not self._floor:
            layers.append(state)
            state = state._base
        if self._floor is not None:
            merged.update(self._floor.scan(table, prefix))
        for layer in reversed(layers):
            # A copy of the items: the appender may absorb a batch while a reader scans.
            merged.update({k: v for k, v in list(layer._tables.get(table, {}).items()) if k.startswith(prefix)})
        for key in sorted(merged):
            if merged[key] is not None:
                yield key, merged[key]

    def layer(self) -> State:
        """A child that reads through to this state and writes to itself."""
        return State(self)

    def at(self, size: int) -> StateAt:
        """This state as it was after entries 0…size−1; also while a writer absorbs later ones. Not of a layer."""
        return StateAt(self, size)

    def absorb(self) -> State:
        """Move this layer's rows into its base, and return the base."""
        base = self._base
        if base is None:
            return self
        if base is self._floor:
            raise TypeError("the past does not change")
        for table, keys in self._replaced.items():
            below = base._tables.get(table, {})
            kept = base._replaced.setdefault(table, {})
            for key, changes in keys.items():
                index, old = changes[0]
                if old is _BELOW:
                    changes[0] = (index, _BELOW if base._base is not None and key not in below else below.get(key))
                    told = len(changes) == 1 and changes[0][1] is None and key not in below
                    if told and key not in kept and _since(self._tables[table].get(key)) == index:
                        continue  # new, and the value itself tells since when
                if key in kept:
                    kept[key].extend(changes)
                else:
                    kept[key] = changes
        for table, rows in self._tables.items():
            standing = base._tables.get(table)
            if standing is None:
                base._tables[table] = rows
            else:
                standing.update(rows)
        base._index = self._index
        self._tables, self._replaced = {}, {}
        self._chain = (self._tables, *base._chain)
        return base


class StateAt(State):
    """What a root state knew at an earlier size. It is only read; a layer on it may be written to, and is never absorbed."""

    __slots__ = ("_root", "size")

    def __init__(self, root: State, size: int) -> None:
        super().__init__()
        if root._base is not None:
            raise TypeError("a layer has no earlier states")
        self._root: State = root._root if isinstance(root, StateAt) else root
        self.size: int = min(size, root.size) if isinstance(root, StateAt) else size
        self._index, self._chain, self._floor = size, (), self

    def get(self, table: str, key: str) -> Any:
        """The value under `key` then, or `None`."""
        rows = self._root._tables.get(table)
        return None if rows is None else self._then(table, key, rows.get(key))

    def _then(self, table: str, key: str, value: Any) -> Any:
        """`value`, which stands under `key` now, or what it has replaced since. It was read before this is looked up."""
        if table in NEWEST:
            return None
        replaced = self._root._replaced.get(table, {}).get(key)
        if replaced is None:
            return self._standing(value)
        n = bisect_left(replaced, self.size, key=_first)
        if n == len(replaced):
            return value
        older = replaced[n][1]
        return self._standing(older) if n == 0 else older

    def _standing(self, value: Any) -> Any:
        """A value that was never replaced tells since when it stands; a list, how far it reached."""
        if type(value) is tuple:
            return value[: bisect_left(value, self.size, key=lambda v: _since(v) or 0)] or None
        since = _since(value)
        return value if since is not None and since < self.size else None

    def put(self, table: str, key: str, value: Any) -> NoReturn:  # noqa: ARG002  # the signature of what it refuses
        """Refused: the past does not change."""
        raise TypeError("an earlier state is only read")

    def append(self, table: str, key: str, value: Any) -> NoReturn:  # noqa: ARG002  # the signature of what it refuses
        """Refused: the past does not change."""
        raise TypeError("an earlier state is only read")

    def scan(self, table: str, prefix: str = "") -> Iterator[tuple[str, Any]]:
        """All rows that were live then and whose key starts with `prefix`, sorted by key."""
        for key, value in sorted((r for r in list(self._root._tables.get(table, {}).items()) if r[0].startswith(prefix)),
                                 key=_first):  # fmt: skip
            found = self._then(table, key, value)
            if found is not None:
                yield key, found

    def absorb(self) -> NoReturn:
        """Refused: the past does not change."""
        raise TypeError("an earlier state is only read")


def _first(pair: tuple[Any, Any]) -> Any:
    return pair[0]
