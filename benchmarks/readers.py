"""What is limited by reading: raw verification (the limit), the audit of an export, the projections."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ed25519

from api.exporting import export
from api.keyring import load_signer
from api.wiring import open_ledger
from auditor.verdict import VerifyVerdict
from benchmarks.figures import Figures
from ledger.store.embedded import EmbeddedPostgres
from ledger.store.migrate import migrate
from projections.questions import QUESTIONS
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
    """`python -m auditor` over an export of what the load wrote: all that `holdpoint verify` checks, on all cores."""
    ledger = open_ledger(folder)
    try:
        size = export(ledger, folder / "export", load_signer(folder / "keys" / "engine.pem"))
    finally:
        ledger.close()
    began = time.perf_counter()
    words = [sys.executable, "-m", "auditor", str(folder / "export"), "--json", "--quiet"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    figures.note(AUDIT, size / (time.perf_counter() - began))
    report = json.loads(done.stdout)
    if report["verdict"] != VerifyVerdict.UNANCHORED or report["checkpoint"]["size"] != size:  # without a pin: no more
        raise SystemExit(f"the audit says {done.stdout}{done.stderr}")


def projection(folder: Path, figures: Figures) -> None:
    """All views folded from entry 0 into their tables, as `serve` runs them."""
    with EmbeddedPostgres(folder / "pg") as server:
        migrate(server.url("holdpoint_migrator"))
        migrate_views(server.url("holdpoint_migrator"))
        projector = Projector(server.url("holdpoint_projector"), QUESTIONS)
        try:
            began = time.perf_counter()
            events = projector.rebuild()  # the service has folded them already
            figures.note(PROJECTION, events / (time.perf_counter() - began))
            if projector.stops or not events:
                raise SystemExit(f"a view stopped: {projector.stops}")
        finally:
            projector.close()
