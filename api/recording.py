"""Record an evaluation log: canonical record → signed statement → spool → post → receipt beside the file (domain.md §3).

Signed once: the envelope is spooled to disk before it is sent, under a name made of subject, log digest and task, so that a
second run sends the same statement again and gets the first receipt. Crash points: before the spool, nothing was signed;
between spool and post, the next run sends what lies there; between post and receipt, the ledger knows the event id and
answers with the first receipt. Field disclosures are kept before the spool: nobody else has them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from api.author import Written, salts, statement_of, written_of
from api.book import Book, Posted, RefusedError
from api.handing_over import write_synced
from api.importers.record import Record
from ledger.canonical import loads_canonical
from ledger.entry import leaf_hash, parse_entry
from ledger.envelope import parse_envelope
from ledger.errors import Fault
from ledger.events import evaluation
from ledger.sealing import seal
from ledger.slots import is_hidden
from ledger.state import State
from policies.evidence_rules import preregistration_outcome
from policies.facts import Fact

OWN = frozenset({"metrics"})


@dataclass(frozen=True, slots=True)
class Imported:
    """One record, and what the ledger answered; `how` is recorded, known or amended; `receipt` the file written."""

    record: Record
    how: str
    posted: Posted
    receipt: Path


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
    book: Book, path: Path, records: Sequence[Record], stream: str, by: str, *, safeguards_off: bool = False,
    withhold: Sequence[str] = (),
) -> Iterator[Imported]:  # fmt: skip
    """Record each task of the log at `path`, as `read_log` read it, and write each one's receipt beside the log.

    A log of one task gets `LOG.receipt`; one of several gets `LOG.INDEX.receipt` for each. `withhold`: paths beyond the defaults.
    """
    for record in records:
        how, posted = _record(book, record, stream, by, withhold, safeguards_off=safeguards_off)
        name = f"{path.name}.receipt" if len(records) == 1 else f"{path.name}.{posted.index}.receipt"
        file = path.with_name(name)
        try:
            write_synced(file, posted.receipt.encode())
        except OSError as err:
            detail = f"{file}: {err.strerror}; it is recorded at index {posted.index}"
            remedy = f"the receipt is also at receipts/{posted.index}.tlog-proof of the ledger's folder"
            raise Fault("receipt-unwritable", "failed", detail, remedy) from err
        book.spool.drop(spool_name(stream, record))
        yield Imported(record, how, posted, file)


def spool_name(stream: str, record: Record) -> str:
    """The same log, model and task spool under the same name."""
    return sha256(f"{stream}\n{record.log_sha256}\n{record.task}".encode()).hexdigest()


def check_withheld(record: Record, withhold: Sequence[str]) -> None:
    """Raises `Malformed` where something is to be withheld that an `evaluation.recorded` of this log can't withhold."""
    body: dict[str, Any] = {k: v for k, v in msgspec.to_builtins(record).items() if k not in OWN}
    seal(
        {**body, "scores": [msgspec.to_builtins(m) for m in record.metrics]},
        evaluation.Recorded.event,
        withhold,
        salts(),
    )


def _record(
    book: Book, record: Record, stream: str, by: str, withhold: Sequence[str], *, safeguards_off: bool
) -> tuple[str, Posted]:
    """How it was recorded, and what the ledger answered."""
    state = book.known(stream)
    if state.get("subject", stream) is None:
        remedy = f"holdpoint register {stream} --name NAME --weights FILE"
        raise Fault("model-unknown", "failed", f"no model is registered in {stream}", remedy)
    waiting = book.spool.path(spool_name(stream, record))
    first: int | None = state.get("run", f"{stream}|{record.run}|{record.task}")
    if waiting.exists():
        written = written_of(parse_envelope(waiting.read_bytes()))
        open_ = still_open(loads_canonical(written.envelope.payload)["predicate"]["body"], withhold)
        if open_ is not None:
            detail = f"{waiting} was signed by an earlier run, and may have been sent; it does not withhold {open_}"
            remedy = "send it as it is: run again without that --withhold; or remove the file, if that run sent nothing"
            raise Fault("usage", "failed", detail, remedy)
        how = (
            "amended"
            if isinstance(statement_of(written.envelope.payload).predicate.body, evaluation.Amended)
            else "recorded"
        )
        return _send(book, written, stream, record, how)
    if first is None:
        signers = book.signers(by)
        body = body_of(record, state, stream, signers[0].keyid[:16], safeguards_off=safeguards_off)
        written = book.write(evaluation.Recorded, body, stream, signers, withhold=withhold)
        return _send(book, written, stream, record, "recorded")
    amendment = _amendment(state, record, first)
    if amendment is None:
        entry, receipt = book.entry(first)
        place = parse_entry(entry)
        old = written_of(parse_envelope(place.envelope))
        leaf = leaf_hash(entry).hex()
        return "known", Posted(first, place.recorded_at, leaf, old.digest, old.event_id, receipt, replay=True)
    hidden = _withheld_again(_recorded(state, first), amendment, withhold)
    written = book.write(evaluation.Amended, amendment, stream, book.signers(by), withhold=hidden)
    return _send(book, written, stream, record, "amended")


def still_open(body: Mapping[str, Any], withhold: Sequence[str]) -> str | None:
    """The first path that a signed body shows: what is signed can't be withheld any more. A place in an array, which sealing
    moves, counts as hidden where any of it is.
    """
    for path in withhold:
        field, _, part = path.partition(".")
        value = body.get(field)
        if isinstance(value, list) and part:
            names = [one.get("name") for one in value if isinstance(one, Mapping)]
            shows = part in names or not any(map(is_hidden, value)) or (part == "*" and not all(map(is_hidden, value)))
        else:
            shows = part in value if isinstance(value, Mapping) and part else field in body
        if shows:
            return path
    return None


def _recorded(state: State, first: int) -> list[evaluation.Recorded | evaluation.Amended]:
    """A run as it was recorded, and as it was amended since."""
    amended: tuple[int, ...] = state.get("amended", str(first)) or ()
    return [state.get("evaluation", str(first)).body, *(state.get("amendment", str(i)) for i in amended)]


def _withheld_again(
    earlier: Sequence[evaluation.Recorded | evaluation.Amended], amendment: Mapping[str, Any], withhold: Sequence[str]
) -> list[str]:
    """What an amendment withholds: what is named and stands in one, and the scores, where they were withheld before: another
    file of the same run must not let out what an earlier one did not.
    """
    named = [path for path in withhold if path.partition(".")[0] in evaluation.Amended.__struct_fields__]
    hidden = "scores" in amendment and any(evaluation.metrics_of(one.scores) is None for one in earlier)
    return [*named, *(["scores"] if hidden and "scores" not in named else [])]


def _send(book: Book, written: Written, stream: str, record: Record, how: str) -> tuple[str, Posted]:
    book.keep_disclosures(written.event_id, written.disclosures)
    name = spool_name(stream, record)
    book.spool.keep(name, written.wire())
    try:
        posted = book.post(written)
    except RefusedError:
        book.spool.drop(name)  # the next run signs anew, once what refused it is mended
        raise
    return how, posted


def _amendment(state: State, record: Record, first: int) -> dict[str, Any] | None:
    """The same log again changes nothing (`None`); another digest of the same run is an amendment, never an overwrite."""
    fact: Fact = state.get("evaluation", str(first))
    if record.log_sha256 in {one.log_sha256 for one in _recorded(state, first)}:
        return None
    before = evaluation.metrics_of(fact.body.scores)
    encoding = before == record.metrics and not record.edits_detected and fact.body.status == record.status
    reason = "another file of the same run" if encoding else "the results differ from those recorded first"
    if before is None and record.metrics:
        reason = "another file of the same run, whose first scores are withheld and not compared"
    body: dict[str, Any] = {
        "amends": {"index": first, "leaf": fact.leaf},
        "edits_detected": list(record.edits_detected),
        "log_bytes": record.log_bytes,
        "log_format": record.log_format,
        "log_sha256": record.log_sha256,
        "only_encoding": encoding,
        "reason": reason,
    }
    if record.metrics:
        body["scores"] = [msgspec.to_builtins(m) for m in record.metrics]
    return body
