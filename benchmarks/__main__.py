"""`make bench`: rounds of the same measurements, medians and ratios within a round, the goals, JSON beside it.

Read benchmarks/README.md first. `python -m benchmarks --rounds 1` is the short look.
"""

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks.bodies import Bodies, found_bench
from benchmarks.figures import Figures, Goal
from benchmarks.load import CLIENT, run_load, service
from benchmarks.readers import AUDIT, LIMIT, PROJECTION, audit, projection, raw_verification
from benchmarks.recorders import STOCK, Recorders

OUT = Path(__file__).parent / "out" / "latest.json"
SINGLES = "single-posts-64-to-stock"
BATCHES = "batches-of-100-to-ed25519-limit"
AUDITS = "audit-to-ed25519-limit"
P99 = "HTTP, 64 connections x 1, p99"
GOALS = (
    Goal(SINGLES, 2.5),
    Goal(P99, 60, at_most=True),
    Goal(BATCHES, 0.4),
    Goal(AUDITS, 0.5),
    Goal(PROJECTION, 20_000),
)
PLAN = ((1, 3.0, 1, 4_000), (8, 3.0, 1, 9_000), (64, 5.0, 1, 20_000), (4, 4.0, 100, 300))
"""Connections, seconds, envelopes a request, requests signed in advance: more than the run can use."""


def round_of(folder: Path, recorders: Recorders, figures: Figures) -> None:
    """Everything once, on a ledger of its own."""
    audience = found_bench(folder)
    bodies = Bodies(folder, audience)
    for n, (_, _, size, count) in enumerate(PLAN):
        bodies.file(folder / f"bodies-{n}", count, size)
    with service(folder) as port:
        for n, (connections, seconds, size, _) in enumerate(PLAN):
            if size == 1 and connections == 64:
                recorders.stock(figures)
            if size > 1:
                raw_verification(figures)
            load = run_load(port, folder / f"bodies-{n}", connections, seconds, size)
            name = f"HTTP, {connections} connections x {size}"
            figures.note(name, load.rate)
            figures.note(f"{name}, p50", load.p50, "ms")
            figures.note(f"{name}, p99", load.p99, "ms")
    figures.ratio(SINGLES, "HTTP, 64 connections x 1", STOCK)
    figures.ratio(BATCHES, "HTTP, 4 connections x 100", LIMIT)
    recorders.ours(figures)
    raw_verification(figures)
    audit(folder, figures)
    figures.ratio(AUDITS, AUDIT, LIMIT)
    projection(folder, figures)


def main() -> None:
    """Some rounds, then what they say."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    figures = Figures(CLIENT)
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}, load by {CLIENT}")
    with tempfile.TemporaryDirectory(prefix="holdpoint-bench-") as name:
        recorders = Recorders(Path(name) / "recorders")
        try:
            for n in range(rounds):
                print(f"round {n + 1} of {rounds}, load average {os.getloadavg()[0]:.1f}")
                round_of(Path(name) / f"ledger-{n}", recorders, figures)
        finally:
            recorders.close()
    figures.close(GOALS, OUT)


if __name__ == "__main__":
    main()
