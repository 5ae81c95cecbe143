"""What is posted: signed `evaluation.recorded` statements for registered models of a founded development ledger.

Real keys, a real grant, a body of the importer's shape with all four slots withheld or decoys: 1.5 kB of statement.
"""

import os
from pathlib import Path
from typing import Any

from api.author import Audience, write
from api.founding import admit_members, found, post_all
from api.keyring import load_signer
from api.wiring import wall_clock
from ledger.events import evaluation, model

MODELS = 32


def found_bench(folder: Path) -> Audience:
    """A ledger with members, keys, roles and `MODELS` models; closed again, ready to be served."""
    ledger = found(folder, "dev/bench")
    try:
        admit_members(ledger)
        audience = Audience(ledger.origin, ledger.founding)
        assessor = load_signer(folder / "keys" / "assessor.pem")
        said = {"kind": "snapshot"}
        at = wall_clock()
        post_all(
            ledger,
            [
                write(model.Registered, said, audience, stream, [assessor], at, subject=subject)
                for stream, subject in map(_model, range(MODELS))
            ],
        )
    finally:
        ledger.close()
    return audience


def _model(n: int) -> tuple[str, str]:
    return f"model/{n:02d}", f"{n:064x}"


def result(run: str, digest: str) -> dict[str, Any]:
    """A body of `evaluation.recorded` as the importer makes it."""
    return {
        "completed_at": "2026-01-05T10:02:11.000000Z",
        "dataset": {"name": "bench/questions", "samples_declared": 100, "samples_run": 100},
        "edits_detected": [],
        "eval_id": run,
        "evaluator": "internal evaluation service",
        "independence": "internal",
        "log_bytes": 48_213,
        "log_format": "inspect-eval",
        "log_sha256": f"sha256:{digest}",
        "model_as_named": "bench/snapshot",
        "run": run,
        "safeguards_off": True,
        "scores": [{"name": "accuracy", "scorer": "match", "value": "0.4375", "n": 100, "stderr": "0.0498"}],
        "started_at": "2026-01-05T10:00:00.000000Z",
        "status": "success",
        "task": "bench/task",
        "task_version": "2",
        "tool": "inspect_ai",
        "tool_version": "0.3",
        "warnings": [],
    }


class Bodies:
    """Signs envelopes as the evaluator, a model after the other."""

    def __init__(self, folder: Path, audience: Audience) -> None:
        self._signers = [load_signer(folder / "keys" / "evaluator.pem")]
        self._audience, self._count = audience, 0

    def one(self) -> bytes:
        """The next envelope's bytes."""
        self._count += 1
        stream, subject = _model(self._count % MODELS)
        run = os.urandom(12).hex()
        body = result(run, os.urandom(32).hex())
        at = wall_clock()
        return write(evaluation.Recorded, body, self._audience, stream, self._signers, at, subject=subject).wire()

    def file(self, path: Path, count: int, size: int) -> None:
        """Write `count` request bodies of `size` envelopes each, as post.lua reads them."""
        with path.open("wb") as out:
            for _ in range(count):
                body = b"\n".join(self.one() for _ in range(size))
                out.write(b"%d\n" % len(body) + body)
