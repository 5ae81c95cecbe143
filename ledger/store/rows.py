"""What passes between the appender and the database."""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.store.wrapping import Sealed
from ledger.tile import BatchProofs, Edge, FullTile


@dataclass(frozen=True, slots=True)
class Row:
    """One entry to insert. `leaf` is compared with what the database computes itself."""

    entry: bytes
    event_id: str
    stream: str
    version: int
    topic: str
    leaf: bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """One entry as stored."""

    index: int
    entry: bytes
    stream: str
    version: int
    topic: str
    leaf: bytes
    recorded_at: str


@dataclass(frozen=True, slots=True)
class Batch:
    """One commit: rows from `old_size` on, the tiles they fill, and the tree they lead to.

    `fields`: encrypted fields, each with the position of its row; they are retained until `retained_until`.
    """

    old_size: int
    rows: Sequence[Row]
    recorded_at: str
    tiles: Sequence[FullTile]
    frontier: bytes
    root: bytes
    submissions: int
    fields: Sequence[tuple[int, Sealed]] = ()
    retained_until: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """The head row."""

    size: int
    frontier: bytes
    root: bytes


@dataclass(frozen=True, slots=True)
class Committed:
    """What `append_batch` answered; `database_now` in seconds since 1970."""

    size: int
    leaf_hashes: tuple[bytes, ...]
    database_now: float


def make_batch(edge: Edge, rows: Sequence[Row], recorded_at: str, submissions: int) -> tuple[Batch, BatchProofs]:
    """What goes to the database behind the tree of `edge`, unsigned, and the tree it leads to."""
    proofs = BatchProofs(edge, [r.leaf for r in rows])
    frontier, root = proofs.edge.frontier().to_bytes(), proofs.edge.root()
    return Batch(edge.size, rows, recorded_at, proofs.tiles, frontier, root, submissions), proofs
