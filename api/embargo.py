"""What this service hands out of a suppressed entry: nothing but its place and its leaf hash (spec/root.md, `entry.suppressed`).

The database keeps the bytes, since evidence is never deleted and a replay of ours needs them; only the root's quorum can lay the
embargo on them, and nobody can lift it. Every way out goes through here: tiles, exports, bundles, pages, answers.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Protocol

from msgspec.structs import replace

from ledger.errors import Fault
from ledger.store.rows import Stored
from policies.incidents import Incident


class Table(Protocol):
    """A state, of now or as of a size."""

    def get(self, table: str, key: str) -> int | None:
        """The value under `key`, or `None`."""
        ...


def suppressed_at(state: Table, index: int) -> int | None:
    """The index of the `entry.suppressed` that names entry `index`, or `None`."""
    return state.get("suppressed", str(index))


def check_shown(state: Table, index: int) -> None:
    """Raises `Fault` `entry-suppressed` where the entry's bytes are handed to nobody."""
    at = suppressed_at(state, index)
    if at is not None:
        detail = (
            f"entry {index} is suppressed by the root's entry {at}: leaf and place stand, its bytes are shown to nobody"
        )
        raise Fault("entry-suppressed", "failed", detail, f"holdpoint event show {at} says on which ground")


def shown_incident(state: Table, found: Incident) -> Incident:
    """An incident without the words of a suppressed entry. `state` is that of now: the embargo holds for answers as of before."""

    def kept(index: int | None) -> bool:
        return index is None or suppressed_at(state, index) is None

    regimes = tuple(r if kept(r.index) else replace(r, reason="suppressed by the root") for r in found.regimes)
    return replace(found, kind=found.kind if kept(found.index) else None, regimes=regimes)


def shown(state: Table, rows: Iterable[Stored]) -> Iterator[Stored]:
    """The rows as they may be handed out: without bytes where the entry is suppressed."""
    for row in rows:
        yield row if suppressed_at(state, row.index) is None else dataclasses.replace(row, entry=b"")
