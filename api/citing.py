"""Entries as an argument cites them: index, type, time, who signed, the first digits of the leaf, and where the receipt is."""

from typing import Any

from ledger.entry import read_entry
from ledger.registry import BY_TOPIC
from ledger.state import State
from ledger.statement import parse_statement
from ledger.store.desk import Desk
from ledger.trust import KeyLife

LEAF_DIGITS = 12


class Citing:
    """Reads entries of one log, each once; `state` names the owners of keys."""

    def __init__(self, desk: Desk, state: State) -> None:
        self._desk, self._state = desk, state
        self._known: dict[int, dict[str, Any]] = {}

    def __call__(self, index: int) -> dict[str, Any]:
        """The entry at `index`."""
        if index not in self._known:
            self._known[index] = self._read(index)
        return self._known[index]

    def _read(self, index: int) -> dict[str, Any]:
        (row,) = self._desk.read_entries(index, index + 1)
        _, envelope = read_entry(row.entry)
        said = parse_statement(envelope.payload, BY_TOPIC[row.topic]).predicate
        lives: list[KeyLife | None] = [self._state.get("key", k) for k in said.signers]
        return {
            "by": list(dict.fromkeys(life.record.principal for life in lives if life is not None)),
            "command": f"holdpoint event show {index}",
            "index": index,
            "leaf": row.leaf.hex()[:LEAF_DIGITS],
            "receipt": f"/v1/entries/{index}/receipt",
            "recorded_at": row.recorded_at,
            "stream": row.stream,
            "type": BY_TOPIC[row.topic].event.name,
        }
