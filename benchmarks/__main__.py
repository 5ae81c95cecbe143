"""`make bench`: single posts, batches, the recorder alone, the stock recorder, raw verification, audit. One run, medians."""

import json
import os
import pickle
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
from cryptography.hazmat.primitives.asymmetric import ed25519
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from api.author import Audience, write
from api.founding import admit_members, found
from api.handing_over import export
from api.keyring import load_signer
from api.wiring import open_ledger, wall_clock
from auditor.source import folder_reader
from auditor.verify import verify_export
from ledger.events import model
from ledger.store.desk import Desk
from ledger.store.embedded import EmbeddedPostgres
from ledger.store.migrate import migrate
from ledger.store.rows import Batch, Row
from ledger.strict import format_uuid7
from ledger.tile import Edge
from ledger.tree import hash_leaf

HOLDPOINT = Path(sys.executable).parent / "holdpoint"
ROUNDS = 3
results: dict[str, float] = {}


def note(name: str, value: float, unit: str = "/s") -> None:
    """Print and keep one figure."""
    results[name] = value
    print(f"{name:<44} {value:>12,.1f} {unit}", flush=True)


def ratio(name: str, value: float) -> None:
    """Print and keep one ratio."""
    results[f"ratio {name}"] = value
    print(f"ratio {name} {value:.2f}", flush=True)


def verification() -> None:
    """Raw Ed25519 verification on all cores: the limit of anything that checks every signature."""
    key = ed25519.Ed25519PrivateKey.generate()
    message = os.urandom(1200)
    signature, public = key.sign(message), key.public_key()

    def work(count: int) -> None:
        for _ in range(count):
            public.verify(signature, message)

    rates = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(work, [4000] * (os.cpu_count() or 1)))
        rates.append(4000 * (os.cpu_count() or 1) / (time.perf_counter() - began))
    note("ed25519 verify, all cores", statistics.median(rates))


def recorders(folder: Path) -> None:
    """The stock recorder (unsigned, 8 threads, one event a call) and our desk beside it, on one server."""
    with EmbeddedPostgres(folder / "pg") as server:
        migrate(server.url("holdpoint_migrator"))
        store = PostgresDatastore(
            "holdpoint", str(server.socket), "5432", "postgres", "x", pool_size=10, schema="public"
        )
        stock = PostgresApplicationRecorder(store, events_table_name="stock_events")
        stock.create_table()

        def work(count: int) -> None:
            for _ in range(count):
                stock.insert_events([StoredEvent(uuid.uuid4(), 0, "topic", os.urandom(1500))])

        rates = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            threads = [threading.Thread(target=work, args=(100,)) for _ in range(8)]
            [t.start() for t in threads]
            [t.join() for t in threads]
            rates.append(800 / (time.perf_counter() - began))
        note("stock recorder, 8 threads x 1", statistics.median(rates))
        store.close()
        desk, edge = Desk(server.url("holdpoint_appender")), Edge.empty()
        for count in (1, 64, 100):
            times = []
            for _ in range(30):
                rows = []
                for k in range(count):
                    entry, event_id = os.urandom(1500), format_uuid7(int(time.time() * 1000), os.urandom(10))
                    rows.append(Row(entry, event_id, f"s/{edge.size + k}", 1, "t", hash_leaf(entry)))
                old = edge.size
                began = time.perf_counter()
                edge, tiles = edge.extend([r.leaf for r in rows])
                desk.append(Batch(old, rows, wall_clock(), tiles, edge.frontier().to_bytes(), edge.root(), count))
                times.append(time.perf_counter() - began)
            note(f"our recorder, batches of {count}", count / statistics.median(times))
        desk.close()


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def request(body: bytes, kind: str) -> bytes:
    """An HTTP/1.1 POST as bytes."""
    head = (
        f"POST /v1/entries HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def http(folder: Path) -> None:
    """Through HTTP with every check on: signed statements, one note per batch, receipts."""
    ledger = found(folder / "ledger", "dev/bench")
    admit_members(ledger)
    audience = Audience(ledger.origin, ledger.founding)
    ledger.close()
    signer = load_signer(folder / "ledger" / "keys" / "assessor.pem")

    def signed() -> bytes:
        stream = f"model/{os.urandom(8).hex()}"
        return write(
            model.Registered, {"kind": "snapshot"}, audience, stream, [signer], wall_clock(), subject="ab" * 32
        ).wire()

    port = free_port()
    server = subprocess.Popen(
        [HOLDPOINT, "serve", "--data", folder / "ledger", "--port", str(port)], stdout=subprocess.DEVNULL
    )
    while True:
        try:
            httpx2.get(f"http://127.0.0.1:{port}/livez")
            break
        except httpx2.HTTPError:
            time.sleep(0.05)
    plan = [(1, 300, 1), (8, 1200, 1), (64, 2500, 1), (8, 40, 100)]
    for connections, count, size in plan:
        rates, tails = [], []
        for _ in range(ROUNDS):
            kind = "application/json" if size == 1 else "application/x-ndjson"
            requests = [request(b"\n".join(signed() for _ in range(size)), kind) for _ in range(count)]
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.client"], input=pickle.dumps((port, connections, requests)),
                stdout=subprocess.PIPE, check=True,
            )  # fmt: skip
            total, *times = map(float, done.stdout.split())
            rates.append(count * size / total)
            tails.append(sorted(times)[int(len(times) * 0.99)])
        name = f"HTTP, {connections} connections x {size}"
        note(name, statistics.median(rates))
        note(f"{name}, p99", statistics.median(tails) * 1000, "ms")
    server.terminate()
    server.wait()


def audit(folder: Path) -> None:
    """Export and verify what the load wrote, on all cores."""
    ledger = open_ledger(folder / "ledger")
    size = export(ledger, folder / "export", load_signer(folder / "ledger" / "keys" / "engine.pem"))
    ledger.close()
    began = time.perf_counter()
    report = verify_export(folder_reader(folder / "export"), workers=os.cpu_count() or 2)
    note("audit, entries", size / (time.perf_counter() - began))
    print(f"  ({size} entries: {report.verdict})")


def main() -> None:
    """Everything, in one run."""
    with tempfile.TemporaryDirectory(prefix="holdpoint-bench-") as name:
        folder = Path(name)
        verification()
        recorders(folder / "recorders")
        http(folder)
        audit(folder)
    stock, limit = results["stock recorder, 8 threads x 1"], results["ed25519 verify, all cores"]
    ratio("single-posts-64-to-stock", results["HTTP, 64 connections x 1"] / stock)
    ratio("batches-of-100-to-ed25519-limit", results["HTTP, 8 connections x 100"] / limit)
    ratio("audit-to-ed25519-limit", results["audit, entries"] / limit)
    out = Path(__file__).parent / "out"
    out.mkdir(exist_ok=True)
    (out / "latest.json").write_text(
        json.dumps({"cores": os.cpu_count(), "results": results}, indent=1, sort_keys=True)
    )


if __name__ == "__main__":
    main()
