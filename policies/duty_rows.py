"""Rows of duties: JSON objects by key, a draft of what one event sets, and what every row says of where it comes from."""

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from ledger.errors import Fault
from ledger.event import Event

Value: TypeAlias = dict[str, Any]
Look: TypeAlias = Callable[[str], Value | None]
Change: TypeAlias = tuple[str, Value]


class Draft:
    """Rows as an event leaves them: what it set, else what `look` gives."""

    __slots__ = ("_look", "_set")

    def __init__(self, look: Look) -> None:
        self._look, self._set = look, dict[str, Value]()

    def get(self, key: str) -> Value | None:
        """The row under `key`, or `None`."""
        found = self._set.get(key)
        return self._look(key) if found is None else found

    def must(self, key: str) -> Value:
        """The row that admission guarantees. Raises `Fault` `view-row-missing`."""
        row = self.get(key)
        if row is None:
            raise Fault("view-row-missing", "failed", f"no row {key.split('|', maxsplit=1)[0]}", "rebuild the view")
        return row

    def put(self, key: str, value: Value) -> None:
        """Set a row."""
        self._set[key] = value

    def changes(self) -> list[Change]:
        """What was set."""
        return list(self._set.items())


def place(event: Event) -> Value:
    """Which entry says it; `signers` so that a reader can join the taint of compromised keys."""
    return {"index": event.index, "signers": list(event.signers)}


def plain(value: Any) -> Any:
    """A part of a pack as a row holds it: objects and lists, never tuples."""
    return msgspec.json.decode(msgspec.json.encode(value))


def duty_key(pack: str, obligation: str, index: int) -> str:
    """The key of a duty that the entry `index` opened; keys of one obligation sort as the entries do."""
    return f"duty|{pack}|{obligation}|{index:016d}"


def opened(
    pack: Value, name: str, index: int, opened_type: str, stream: str, models: list[str], doubts: list[str]
) -> Value:
    """A duty as it is opened. `doubts`: why it may not apply, as far as the opening event shows."""
    return {
        "clause": pack["obligations"][name],
        "doubts": doubts,
        "ended": None,
        "extends": None,
        "framework": pack["framework"],
        "incident": None,
        "index": index,
        "models": models,
        "opened_type": opened_type,
        "pack": pack["id"],
        "said": [],
        "signers": [],
        "start": None,
        "stream": stream,
    }
