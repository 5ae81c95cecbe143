"""What is limited by reading: raw verification (the limit), the audit of an export, the projections."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ed25519

from api.exporting import export
from api.keyring import load_signer
from api.wiring import open_ledger
from auditor.source import folder_reader
from auditor.verdict import VerifyVerdict
from auditor.verify import verify_export
from benchmarks.figures import Figures
from ledger.store.embedded import EmbeddedPostgres
from ledger.store.migrate import migrate
from projections.decisions import DECISIONS
from projections.history import HISTORY
from projections.keys import KEYS
from projections.model_status import MODEL_STATUS
from projections.store.migrate import migrate_views
from projections.store.run import Projector

LIMIT = "ed25519 verify, all cores"
AUDIT = "audit, entries"
PROJECTION = "projection, events"
CORES = os.cpu_count() or 1
MESSAGE = 1600
COUNT = 6000


def raw_verification(figures: Figures) -> None:
    """Ed25519 over messages as long as ours, one thread a core (the library releases the interpreter lock)."""
    key = ed25519.Ed25519PrivateKey.generate()
    message = os.urandom(MESSAGE)
    signature, public = key.sign(message), key.public_key()

    def work(count: int) -> None:
        for _ in range(count):
            public.verify(signature, message)

    began = time.perf_counter()
    with ThreadPoolExecutor(CORES) as pool:
        list(pool.map(work, [COUNT] * CORES))
    figures.note(LIMIT, COUNT * CORES / (time.perf_counter() - began))


def audit(folder: Path, figures: Figures) -> None:
    """`holdpoint verify` of an export of what the load wrote: all that it checks, on all cores."""
    ledger = open_ledger(folder)
    try:
        size = export(ledger, folder / "export", load_signer(folder / "keys" / "engine.pem"))
    finally:
        ledger.close()
    began = time.perf_counter()
    report = verify_export(folder_reader(folder / "export"), workers=CORES)
    figures.note(AUDIT, size / (time.perf_counter() - began))
    if report.verdict is not VerifyVerdict.UNANCHORED or report.size != size:  # without a pin it can't say more
        raise SystemExit(f"the audit says {report.verdict}: {report.to_json()}")


def projection(folder: Path, figures: Figures) -> None:
    """The four views folded from entry 0 into their tables, as `serve` runs them."""
    with EmbeddedPostgres(folder / "pg") as server:
        migrate(server.url("holdpoint_migrator"))
        migrate_views(server.url("holdpoint_migrator"))
        projector = Projector(server.url("holdpoint_projector"), [HISTORY, DECISIONS, KEYS, MODEL_STATUS])
        try:
            began = time.perf_counter()
            events = projector.catch_up()
            figures.note(PROJECTION, events / (time.perf_counter() - began))
            if projector.stops or not events:
                raise SystemExit(f"a view stopped: {projector.stops}")
        finally:
            projector.close()
