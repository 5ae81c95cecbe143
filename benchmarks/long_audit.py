"""`make bench-audit`: an audit of a long log: entries a second beside raw verification, and memory of all its processes.

The log is written straight into an export, without a database: real keys, signatures, tree, stream chains and log signatures, a
result a second in the streams of 500 fictional models. About 2.6 kB of disk an entry, and as much again while it is audited.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from auditor.pin import format_pin
from benchmarks.bodies import result
from benchmarks.figures import Figures, Goal
from benchmarks.readers import LIMIT, raw_verification
from disclosures.claims import claims_of, sign_claims
from disclosures.export import added_files, claim_files
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.entry import leaf_hash
from ledger.envelope import format_envelope, sign_envelope
from ledger.events import evaluation, model
from ledger.strict import format_uuid7, micros
from ledger.tile import Edge
from policies.answer import AsOf
from tests.simulator import Lab, raw_entry

MODELS = 500
OUT = Path(__file__).parent / "out" / "audit.json"
AUDIT, MEMORY, RATIO = "audit of a long log, entries", "audit of a long log, memory", "long-audit-to-ed25519-limit"
GOALS = (Goal(RATIO, 0.8), Goal(MEMORY, 300, at_most=True))
RUN = "ab" * 12
"""The name of a run, to be replaced."""


def told(lab: Lab, count: int) -> Iterator[bytes]:
    """The lab's entries, and results behind them up to `count`. Each is a statement of its own, signed by the evaluator."""
    streams = [f"model/m{n:03d}" for n in range(MODELS)]
    for stream in streams:
        lab.say(model.Registered, {"kind": "base"}, stream, "assessor", subject="bc" * 32)
    written = {
        s: lab.write(evaluation.Recorded, result(RUN, "0" * 64), s, "evaluator").envelope.payload for s in streams
    }
    yield from lab.entries
    key = lab.keys["evaluator"]
    for n in range(count - len(lab.entries)):
        stream = streams[n % MODELS]
        lab.tick()
        event_id = format_uuid7(micros(lab.time) // 1000, n.to_bytes(10, "big"))
        old = written[stream]
        where = old.index(b'"event_id":"') + 12
        payload = (old[:where] + event_id.encode() + old[where + 36 :]).replace(RUN.encode(), b"%024d" % n)
        version, head = lab.heads[stream]
        raw = raw_entry(format_envelope(sign_envelope(payload, (key,))), lab.time, head, version + 1)
        lab.heads[stream] = (version + 1, leaf_hash(raw).hex())
        yield raw


def write_log(folder: Path, count: int) -> None:
    """An export of `count` entries, and the pin that was taken when it was founded."""
    lab = Lab("dev/bench")
    vkeys = tuple(map(str, lab.log.vkeys))
    (folder.parent / "pin.json").write_bytes(format_pin(lab.origin, lab.founding, vkeys, lab.note(1)))
    files = added_files(Edge.empty(), ((raw, leaf_hash(raw)) for raw in told(lab, count)), count)
    while True:
        try:
            name, content = next(files)
        except StopIteration as done:
            edge = done.value
            break
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    head = Checkpoint(lab.origin, count, edge.root())
    claims = sign_claims(claims_of(lab.replay.state, AsOf(count, lab.time)), lab.keys["engine"])
    for name, content in claim_files(claims):
        (folder / name).write_bytes(content)
    (folder / "checkpoint").write_text(sign_checkpoint(head, lab.log, micros(lab.time) // 1_000_000))


def proportional(pid: int) -> int:
    """Bytes of memory of a process and its children: shared pages are counted once (`smaps_rollup`'s Pss)."""
    total = 0
    for one in (pid, *children(pid)):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


def children(pid: int) -> list[int]:
    """The direct children of a process."""
    try:
        return [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def audited(folder: Path, count: int, figures: Figures) -> None:
    """`python -m auditor` over the export, its start included; memory is looked at four times a second."""
    words = [sys.executable, "-m", "auditor", str(folder), "--pin", str(folder.parent / "pin.json")]
    began, most = time.monotonic(), 0
    run = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
    said: list[str] = []
    reader = threading.Thread(target=lambda: said.append(run.communicate()[0]))
    reader.start()
    while reader.is_alive():
        most = max(most, proportional(run.pid))
        reader.join(0.25)
    if run.returncode != 0:
        raise SystemExit(f"the audit did not hold:\n{said[0]}")
    figures.note(AUDIT, count / (time.monotonic() - began))
    figures.note(MEMORY, most / 1_000_000, "MB")


def main() -> None:
    """Write, measure the limit, audit."""
    parser = argparse.ArgumentParser(prog="benchmarks.long_audit", description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where to put the export, instead of a temporary folder")
    asked = parser.parse_args()
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}, {asked.entries:,} entries")
    base = Path(tempfile.mkdtemp(prefix="holdpoint-bench-", dir=asked.folder))
    try:
        write_log(base / "export", asked.entries)
        figures = Figures("none")
        raw_verification(figures)
        audited(base / "export", asked.entries, figures)
        raw_verification(figures)
        figures.ratio(RATIO, AUDIT, LIMIT)
        figures.close(GOALS, OUT)
    finally:
        shutil.rmtree(base)


if __name__ == "__main__":
    main()
