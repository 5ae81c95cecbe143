"""Batches of made-up entries that fit a tree, for tests of the desk below admission."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from ledger.store.desk import Desk
from ledger.store.rows import Batch, Committed, Row
from ledger.strict import format_uuid7
from ledger.tile import Edge
from ledger.tree import hash_leaf

AT = "2026-04-07T09:00:00.000000Z"
TOPIC = "urn:holdpoint:event:model.registered:1"


def event_id() -> str:
    return format_uuid7(int(time.time() * 1000), os.urandom(10))


@dataclass
class Tree:
    """The tree as its only appender knows it."""

    desk: Desk
    edge: Edge = field(default_factory=Edge.empty)
    versions: dict[str, int] = field(default_factory=dict)

    def rows(self, count: int, stream: str = "model/a") -> Iterator[Row]:
        version = self.versions.get(stream, 0)
        for n in range(count):
            entry = os.urandom(200)
            yield Row(entry, event_id(), stream, version + n + 1, TOPIC, hash_leaf(entry))

    def batch(self, count: int = 1, *, stream: str = "model/a", old_size: int | None = None) -> tuple[Batch, Edge]:
        rows = tuple(self.rows(count, stream))
        edge, tiles = self.edge.extend([r.leaf for r in rows])
        size = self.edge.size if old_size is None else old_size
        return Batch(size, rows, AT, tiles, edge.frontier().to_bytes(), edge.root(), min(count, 500)), edge

    def append(self, count: int = 1, *, stream: str = "model/a") -> Committed:
        batch, edge = self.batch(count, stream=stream)
        committed = self.desk.append(batch)
        assert committed is not None
        assert committed.leaf_hashes == tuple(r.leaf for r in batch.rows)
        self.edge, self.versions[stream] = edge, self.versions.get(stream, 0) + count
        return committed
