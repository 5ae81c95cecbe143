"""`make bench-meaning`: a long history, and what answers over it cost. Read benchmarks/README.md first.

Made in a process of its own, so that the memory measured here is that of one ledger; bounded by its number of entries.
"""

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from api.past import Past
from api.wiring import Ledger, open_ledger
from benchmarks.figures import Figures, Goal
from benchmarks.history import MODELS, model_of
from disclosures.claims import answers
from ledger.admit import fold_event
from ledger.errors import Fault
from ledger.state import State
from ledger.store.desk import Desk
from ledger.store.embedded import EmbeddedPostgres
from policies.answer import AsOf, Request
from policies.binding import gated_actions
from policies.clear import clear
from policies.evaluate import evaluate
from policies.rules import RULES
from projections.decode import Decoder
from projections.questions import QUESTIONS
from projections.store.run import Projector

OUT = Path(__file__).parent / "out" / "meaning.json"
GATE, STATUS = "gate, now, p99", "status, now, p99"
THEN, MOMENT = "gate, at any size, p99", "gate, at any time, p99"
REFOLD, VIEWS, START = "refold of the state", "rebuild of all views", "start: replay with every check"
GOALS = (
    Goal(GATE, 5, at_most=True),
    Goal(STATUS, 5, at_most=True),
    Goal(THEN, 50, at_most=True),
    Goal(MOMENT, 50, at_most=True),
    Goal(REFOLD, 60, at_most=True),
    Goal(VIEWS, 60, at_most=True),
)
ASKED = 2000
ACTION = "external_deploy"


def p99(act: Callable[[], object]) -> float:
    """Milliseconds below which 99 of 100 of `ASKED` calls stay."""
    took: list[float] = []
    for _ in range(ASKED):
        began = time.perf_counter()
        act()
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took)[ASKED * 99 // 100]


def judge(state: State, stream: str, as_of: AsOf) -> None:
    """Verdict and clearance."""
    request = Request(stream, ACTION)
    clear(state, evaluate(state, request, as_of), request, as_of)


def ask(ledger: Ledger, figures: Figures) -> None:
    """The gate and the status now, and the gate as of random positions, each for a random model."""
    chance = random.Random(18)  # which model is asked about is no secret
    past, size = Past(ledger), ledger.appender.size
    first = MODELS * 2
    stream = lambda: model_of(chance.randrange(MODELS))[0]  # noqa: E731
    rows = ledger.desk.find(first, 1)
    low, high = rows[0].recorded_at, ledger.appender.recorded_at
    moments = [r.recorded_at for r in (ledger.desk.find(chance.randrange(first, size - 1), 1)[0] for _ in range(200))]

    def now() -> None:
        with ledger.view() as view:
            judge(view.state, stream(), view.as_of)

    def status() -> None:
        with ledger.view() as view:
            name = stream()
            for action in gated_actions(view.state, view.time):
                answers(view.state, name, action, view.as_of)

    def then() -> None:
        try:
            view = past.at(chance.randrange(first, size))
        except Fault as err:
            if err.code != "at-inside-group":
                raise
            return
        judge(view.state, stream(), view.as_of)

    def moment() -> None:
        view = past.at(chance.choice(moments))
        judge(view.state, stream(), view.as_of)

    print(f"  {size:,} entries of {MODELS} models, from {low} to {high}")
    for name, act in ((GATE, now), (STATUS, status), (THEN, then), (MOMENT, moment)):
        figures.note(name, p99(act), "ms")


def refold(desk: Desk) -> float:
    """Seconds to read, decode and fold every entry into a state of its own."""
    state, decoder = State(), Decoder()
    began = time.perf_counter()
    for row in desk.read_entries(0, desk.read_head().size):
        fold_event(state, decoder.decode(row.index, row.entry), RULES)
    return time.perf_counter() - began


def rebuild(folder: Path) -> float:
    """Seconds to empty all views and fold them again into their tables."""
    with EmbeddedPostgres(folder / "pg") as server:
        projector = Projector(server.url("holdpoint_projector"), QUESTIONS)
        try:
            began = time.perf_counter()
            projector.rebuild()
            if projector.stops:
                raise SystemExit(f"a view stopped: {projector.stops}")
            return time.perf_counter() - began
        finally:
            projector.close()


def main() -> None:
    """Make the history, or take one that was kept, and measure."""
    parser = argparse.ArgumentParser(prog="benchmarks.meaning", description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, default=None, help="Make it in this folder, or measure what is there.")
    given = parser.parse_args()
    figures = Figures("one process")
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="holdpoint-meaning-") as name:
        folder = given.keep or Path(name) / "ledger"
        if not folder.exists():
            words = [sys.executable, "-m", "benchmarks.history", str(folder), str(given.entries)]
            subprocess.run(words, check=True)
        measure(folder, figures)
    figures.close(GOALS, OUT)


def measure(folder: Path, figures: Figures) -> None:
    """Start, ask, fold again, fold the views again."""
    began, busy = time.perf_counter(), time.process_time()
    ledger = open_ledger(folder)
    try:
        figures.note(START, time.perf_counter() - began, "s")
        figures.note(f"{START}, processor", time.process_time() - busy, "s")
        figures.note("memory of an open ledger", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB")
        ask(ledger, figures)
    finally:
        ledger.close()
    del ledger
    with EmbeddedPostgres(folder / "pg") as server:
        busy = time.process_time()
        figures.note(REFOLD, refold(Desk(server.url("holdpoint_reader"))), "s")
        figures.note(f"{REFOLD}, processor", time.process_time() - busy, "s")
    busy = time.process_time()
    figures.note(VIEWS, rebuild(folder), "s")
    figures.note(f"{VIEWS}, processor, but for PostgreSQL", time.process_time() - busy, "s")


if __name__ == "__main__":
    main()
