"""Recorders called directly, on one PostgreSQL: the stock one of `eventsourcing`, and our desk without HTTP or checks."""

import os
import statistics
import threading
import time
import uuid
from pathlib import Path

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from api.wiring import wall_clock
from benchmarks.figures import Figures
from ledger.store.desk import Desk
from ledger.store.embedded import EmbeddedPostgres
from ledger.store.migrate import migrate
from ledger.store.rows import Batch, Row
from ledger.strict import format_uuid7
from ledger.tile import Edge
from ledger.tree import hash_leaf

STATE = 1500
THREADS = 8
SECONDS = 3.0
STOCK = "stock recorder, 8 threads x 1"


class Recorders:
    """Both, over one server that is idle between the rounds."""

    def __init__(self, folder: Path) -> None:
        self._server = EmbeddedPostgres(folder)
        self._server.start()
        migrate(self._server.url("holdpoint_migrator"))
        self._store = PostgresDatastore(
            "holdpoint", str(self._server.socket), "5432", "postgres", "x", pool_size=THREADS + 2, schema="public"
        )
        self._stock = PostgresApplicationRecorder(self._store, events_table_name="stock_events")
        self._stock.create_table()
        self._desk, self._edge = Desk(self._server.url("holdpoint_appender")), Edge.empty()

    def stock(self, figures: Figures) -> None:
        """Unsigned events of `STATE` bytes, one a call, from `THREADS` threads."""
        until = time.perf_counter() + SECONDS
        counts = [0] * THREADS

        def work(n: int) -> None:
            while time.perf_counter() < until:
                self._stock.insert_events([StoredEvent(uuid.uuid4(), 0, "topic", os.urandom(STATE))])
                counts[n] += 1

        began = time.perf_counter()
        threads = [threading.Thread(target=work, args=(n,)) for n in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        figures.note(STOCK, sum(counts) / (time.perf_counter() - began))

    def ours(self, figures: Figures) -> None:
        """Our desk: tree, tiles, head and rows in one round trip a batch; no HTTP, no signature, no anchor."""
        for count in (1, 64, 100):
            times = []
            for _ in range(40):
                rows = []
                for k in range(count):
                    entry, event_id = os.urandom(STATE), format_uuid7(int(time.time() * 1000), os.urandom(10))
                    rows.append(Row(entry, event_id, f"s/{self._edge.size + k}", 1, "t", hash_leaf(entry)))
                old = self._edge.size
                began = time.perf_counter()
                edge, tiles = self._edge.extend([r.leaf for r in rows])
                done = self._desk.append(
                    Batch(old, rows, wall_clock(), tiles, edge.frontier().to_bytes(), edge.root(), count)
                )
                times.append(time.perf_counter() - began)
                if done is None:
                    raise SystemExit("our recorder: the head moved")
                self._edge = edge
            figures.note(f"our recorder, batches of {count}", count / statistics.median(times))

    def close(self) -> None:
        """Stop the server."""
        self._store.close()
        self._desk.close()
        self._server.stop()
