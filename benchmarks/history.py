"""A long history of a fictional lab, appended by the real appender: 500 models, mostly runs, and the people's work around them.

Real keys and signatures, the door's own checks of what it admits but for the signature (the fold at a start doesn't check what
the anchor holds either). `python -m benchmarks.history FOLDER ENTRIES` makes one; it is a ledger like any other.
"""

import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from api.author import Audience, Written, reference, write
from api.founding import admit_members, found
from api.keyring import load_signer
from api.session import Session
from api.story import PACK, Story, bundled_pack
from api.wiring import Ledger
from ledger.admit import Submission, open_submission, unsafe_unchecked
from ledger.event import Body, Event
from ledger.events import action, approval, decision, document, evaluation, model, safeguard, threshold
from ledger.keys import Signer
from ledger.reasons import Refused
from ledger.statement import stream_subject
from ledger.store.outcome import Appended
from ledger.strict import shift

MODELS = 500
BATCH = 500
DIGEST = "sha256:" + "0" * 64
LOOKS = 4
"""How often people look at each model: determinations, attestations, a document, a request with two approvals, a decision."""


def model_of(n: int) -> tuple[str, str]:
    """The stream and subject of a model."""
    return f"model/m{n:03d}", stream_subject(f"model/m{n:03d}")


class Historian:
    """Writes statements and appends them in batches, one batch ahead of the appender."""

    def __init__(self, ledger: Ledger, digest: str) -> None:
        self.ledger, self.digest = ledger, digest
        self._audience = Audience(ledger.origin, ledger.founding)
        self._keys: dict[str, Signer] = {}
        self._waiting: deque[Future[Any]] = deque()
        self._batch: list[Submission] = []
        self.events: list[Event] = []

    @property
    def size(self) -> int:
        """Entries under the newest checkpoint."""
        return self.ledger.appender.size

    def say(
        self, body_type: type[Body], body: dict[str, Any], stream: str, by: str, subject: str | None = None
    ) -> None:
        """Queue one statement."""
        if by not in self._keys:
            self._keys[by] = load_signer(self.ledger.folder / "keys" / f"{by}.pem")
        written: Written = write(
            body_type, body, self._audience, stream, [self._keys[by]], self.ledger.now(), subject=subject
        )
        opened = open_submission(written.envelope, self.ledger.appender.lookup, unsafe_unchecked)
        if isinstance(opened, Refused):
            raise SystemExit(f"{opened.reason}: {opened.detail}")
        self._batch.append(opened)
        if len(self._batch) == BATCH:
            self._send()

    def _send(self) -> None:
        if self._batch:
            self._waiting.append(self.ledger.appender.submit(self._batch))
            self._batch = []
        while len(self._waiting) > 1:
            self._take()

    def _take(self) -> None:
        for outcome in self._waiting.popleft().result(600):
            if not isinstance(outcome, Appended):
                raise SystemExit(f"not appended: {outcome}")
            self.events.append(outcome.event)

    def settle(self) -> list[Event]:
        """Wait for everything that was said; the events since the last time, without what they derived."""
        self._send()
        while self._waiting:
            self._take()
        found, self.events = self.events, []
        return found


def found_history(folder: Path) -> tuple[Ledger, Historian]:
    """A founded ledger with members, one adopted framework, its roles, and 500 registered models."""
    ledger = found(folder, "dev/bench-meaning")
    admit_members(ledger)
    story = Story(Session(ledger), lambda _text: None, bundled_pack(PACK))
    story.adopt()
    historian = Historian(ledger, story.digest)
    for n in range(MODELS):
        stream, subject = model_of(n)
        historian.say(model.Registered, {"kind": "snapshot"}, stream, "assessor", subject)
    historian.settle()
    return ledger, historian


def run_body(n: int) -> dict[str, Any]:
    """One result, of the importer's shape."""
    return {
        "dataset": {"name": "bench/questions", "samples_declared": 100, "samples_run": 100},
        "edits_detected": [],
        "evaluator": "internal evaluation service",
        "independence": "internal",
        "log_bytes": 48_213,
        "log_format": "inspect-eval",
        "log_sha256": f"sha256:{n:064x}",
        "model_as_named": "bench/snapshot",
        "run": f"run-{n}",
        "safeguards_off": False,
        "scores": [{"name": "accuracy", "scorer": "match", "value": "0.4375", "n": 100, "stderr": "0.0498"}],
        "status": "success",
        "task": "bench/task",
        "task_version": "2",
        "tool": "inspect_ai",
        "tool_version": "0.3",
        "warnings": [],
    }


def tell(historian: Historian, entries: int) -> Iterator[int]:
    """Looks at every model, and runs between them, until the log holds `entries`. Yields its size after each round."""
    count = 0
    runs = max(1, (entries - historian.size) // (MODELS * LOOKS) - 24)
    for look in range(LOOKS):
        for _ in range(runs):
            for n in range(MODELS):
                stream, subject = model_of(n)
                historian.say(evaluation.Recorded, run_body(count), stream, "evaluator", subject)
                count += 1
            yield historian.size
        look_at(historian, look)
        yield historian.size
    while historian.size < entries:
        stream, subject = model_of(count % MODELS)
        historian.say(evaluation.Recorded, run_body(count), stream, "evaluator", subject)
        count += 1
        if count % BATCH == 0:
            historian.settle()
            yield historian.size
    historian.settle()


def look_at(historian: Historian, look: int) -> None:
    """What people say of every model: one round of judgement, evidence, a request, two approvals and a decision."""
    pack = bundled_pack(PACK)
    at = historian.ledger.now()
    for n in range(MODELS):
        stream, subject = model_of(n)
        for watched in pack.thresholds:
            crossed = watched.id == "CBRN-3" and n % 2 == 0
            body = {
                "evidence": [], "framework": historian.digest, "made": "role", "precautionary": False, "review_by": None,
                "state": "not_ruled_out" if crossed else "below", "subjects": [stream], "threshold": watched.id,
            }  # fmt: skip
            historian.say(threshold.Determined, body, stream, "assessor", subject)
        for level in ("ASL-2", "ASL-3"):
            names = [s for kind in ("DEPLOYMENT", "SECURITY") for s in pack.safeguard_set(f"{level}-{kind}").safeguards]
            scope = {"audiences": ["general"], "hosts": ["own"], "subjects": [stream], "surfaces": ["api"]}
            body = {
                "claim": "fictional", "evidence": [], "framework": historian.digest, "independence": "internal",
                "safeguards": names, "scope": scope, "valid_from": at, "valid_until": shift(at, days=90),
            }  # fmt: skip
            historian.say(safeguard.Attested, body, f"safeguard/m{n:03d}", "attester")
        body = {
            "coverage_date": at, "covers": [stream], "digest": DIGEST, "kind": "capability_report", "version": str(look),
        }  # fmt: skip
        historian.say(document.Submitted, body, f"document/m{n:03d}", "assessor")
    for event in [e for e in historian.settle() if e.name == "document.submitted"]:
        document_ = reference(event.index, event.leaf)
        body = {"digest": DIGEST, "document": document_, "role": "RSO", "verb": "confirm"}
        historian.say(document.Confirmed, body, event.stream, "approver-2")
    for n in range(MODELS):
        stream, subject = model_of(n)
        body = {
            "action": "external_deploy", "artifact": subject, "audience": "general", "evidence": [], "facts": {},
            "hosts": ["own"], "jurisdictions": [], "packs": [historian.digest], "surfaces": ["api"],
        }  # fmt: skip
        historian.say(action.Requested, body, stream, "deployer", subject)
    decide(historian, [e for e in historian.settle() if e.name == "action.requested"])


def decide(historian: Historian, requests: list[Event]) -> None:
    """Two approvals and a withholding for each request; the gate answers behind each."""
    approvals: dict[str, list[str]] = {}
    for who in ("approver-1", "approver-2"):
        for event in requests:
            body = {
                "action": "external_deploy", "checkpoint": {"root": "0" * 64, "size": 1}, "conditions": [],
                "packs": [historian.digest], "request": event.digest, "verb": "decide",
            }  # fmt: skip
            historian.say(approval.Given, body, event.stream, who, event.subject)
        for given in historian.settle():
            approvals.setdefault(given.body.request, []).append(given.digest)
    state = historian.ledger.appender.state
    for event in requests:
        gate = state.get("gate", event.digest)
        body = {
            "approvals": sorted(approvals[event.digest]), "basis": "discretionary", "conditions": [],
            "decision": "withhold", "divergence_reason": "fictional", "gate": reference(gate.index, gate.leaf),
            "request": event.digest,
        }  # fmt: skip
        historian.say(decision.Made, body, event.stream, "decider", event.subject)
    historian.settle()


def main() -> None:
    """Make one, saying how far it is."""
    folder, entries = Path(sys.argv[1]), int(sys.argv[2])
    ledger, historian = found_history(folder)
    try:
        for size in tell(historian, entries):
            sys.stderr.write(f"  {size:,} of {entries:,} entries\n")
    finally:
        ledger.close()


if __name__ == "__main__":
    main()
