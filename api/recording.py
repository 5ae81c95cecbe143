"""Record an evaluation log: canonical record → signed statement → spool → post → receipt beside the file (domain.md §3).

Signed once: the envelope is spooled to disk before it is sent, under a name made of subject, log digest and task, so that a
second run sends the same statement again and gets the first receipt.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from api.author import Written
from api.importers import read_log
from api.importers.record import Record
from api.session import Posted, Session
from ledger.envelope import format_envelope, parse_envelope, statement_digest
from ledger.errors import Fault
from ledger.events import evaluation
from ledger.state import State
from ledger.statement import parse_statement
from policies.evidence_rules import preregistration_outcome
from policies.facts import Fact

OWN = frozenset({"metrics"})


@dataclass(frozen=True, slots=True)
class Imported:
    """One record, and what the ledger answered. `posted` is `None` for a record that stands already."""

    record: Record
    index: int
    how: str
    posted: Posted | None


def newest_preregistration(state: State, stream: str, task: str) -> Fact | None:
    """The newest pre-registration of this task for this model."""
    found = [f for _, f in state.scan("prereg") if f.stream == stream and f.body.task == task]
    return max(found, key=lambda f: f.index) if found else None


def body_of(record: Record, state: State, stream: str, evaluator: str, *, safeguards_off: bool) -> dict[str, Any]:
    """The body of `evaluation.recorded`, bound to its pre-registration where there is one."""
    body: dict[str, Any] = {k: v for k, v in msgspec.to_builtins(record).items() if k not in OWN}
    if body.get("revision") == {}:
        del body["revision"]
    body |= {"independence": "internal", "safeguards_off": safeguards_off, "evaluator": evaluator}
    if record.metrics:
        body["scores"] = [msgspec.to_builtins(m) for m in record.metrics]
    promised = newest_preregistration(state, stream, record.task)
    if promised is not None:
        typed = msgspec.convert({**body, "_sd": []}, evaluation.Recorded)
        outcome = preregistration_outcome(promised.body, typed)
        body["preregistration"] = {"entry": {"index": promised.index, "leaf": promised.leaf}, "outcome": outcome}
    return body


def import_log(
    session: Session, path: Path, stream: str, by: str, *, safeguards_off: bool = False
) -> Iterator[Imported]:
    """Read `path` and record each of its tasks. Raises `Malformed` for an unreadable log, before anything is written."""
    data = path.read_bytes()
    for record in read_log(data):
        done = _record(session, record, stream, by, safeguards_off=safeguards_off)
        if done.posted is not None:
            receipt = path.with_name(f"{path.name}.receipt")
            receipt.write_text(done.posted.receipt)
        yield done


def _record(session: Session, record: Record, stream: str, by: str, *, safeguards_off: bool) -> Imported:
    state = session.ledger.appender.state
    if session.subject(stream) is None:
        raise Fault("model-unknown", "failed", f"no model is registered in {stream}", "holdpoint register")
    spool = session.ledger.folder / "spool"
    name = sha256(f"{stream}\n{record.log_sha256}\n{record.task}".encode()).hexdigest()
    spooled = spool / f"{name}.json"
    first = state.get("run", f"{stream}|{record.run}|{record.task}")
    if first is not None and not spooled.exists():
        return _again(session, record, stream, by, first)
    signers = session.signers(by)
    if spooled.exists():
        envelope = parse_envelope(spooled.read_bytes())
        statement = parse_statement(envelope.payload, evaluation.Recorded)
        written = Written(envelope, statement.predicate.event_id, statement_digest(envelope.payload), ())
    else:
        body = body_of(record, state, stream, signers[0].keyid[:16], safeguards_off=safeguards_off)
        written = session.write(evaluation.Recorded, body, stream, signers)
        _spool(spooled, format_envelope(written.envelope))
    posted = session.post(written)
    spooled.unlink(missing_ok=True)
    return Imported(record, posted.index, "recorded", posted)


def _again(session: Session, record: Record, stream: str, by: str, first: int) -> Imported:
    """The same log again changes nothing; another digest of the same run is an amendment, never an overwrite."""
    state = session.ledger.appender.state
    fact: Fact = state.get("evaluation", str(first))
    amended: tuple[int, ...] = state.get("amended", str(first)) or ()
    known = {fact.body.log_sha256, *(state.get("amendment", str(i)).log_sha256 for i in amended)}
    if record.log_sha256 in known:
        return Imported(record, first, "known", None)
    same = isinstance(fact.body.scores, tuple) and fact.body.scores == record.metrics
    encoding = same and not record.edits_detected and fact.body.status == record.status
    body: dict[str, Any] = {
        "amends": {"index": first, "leaf": fact.leaf},
        "edits_detected": list(record.edits_detected),
        "log_bytes": record.log_bytes,
        "log_format": record.log_format,
        "log_sha256": record.log_sha256,
        "only_encoding": encoding,
        "reason": "another file of the same run" if encoding else "the results differ from those recorded first",
    }
    if record.metrics:
        body["scores"] = [msgspec.to_builtins(m) for m in record.metrics]
    posted = session.say(evaluation.Amended, body, stream, by)
    return Imported(record, posted.index, "amended", posted)


def _spool(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.rename(path)
