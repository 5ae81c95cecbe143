"""`POST /v1/entries`: bytes in, receipts out. A plain ASGI handler, since a framework route costs a third of the throughput.

One DSSE envelope (or `{"envelope", "disclosures"}`), or NDJSON of up to 500, answered in order; `?atomic=true` = all or none. The
signature is the guard. Field disclosures are checked against the statement and not kept: the submitter keeps them.
"""

import asyncio
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from api.batch_keys import lookup_with
from api.problems import body_of, of_error, of_refusal, problem, response
from api.tokens import SHAPE
from api.wiring import Ledger
from ledger.admit import KeyLookup, Submission, offered_alg, open_submission
from ledger.canonical import loads, loads_canonical
from ledger.entry import parse_entry
from ledger.envelope import Envelope, Signature, envelope_of
from ledger.errors import Fault, LedgerError, Malformed
from ledger.keys import low_s
from ledger.reasons import Reason, Refused
from ledger.store.outcome import Known, Outcome
from ledger.withheld import digest_of, parse_disclosure

MAX_BODY = 1 << 20
MAX_BATCH_BODY = 48 << 20
MAX_LINES = 500
READ_SECONDS = 20.0
APPEND_SECONDS = 5.0
CHUNK = 50
JSON = "application/json"
NDJSON = "application/x-ndjson"
TOKEN = re.compile(SHAPE.pattern.encode())
Opened = Submission | Refused | LedgerError


class BatchResponse(Response):
    """NDJSON, a result per line; `results` (status, problem code) are for whoever counts."""

    def __init__(self, content: bytes, status: int, results: list[tuple[int, str]]) -> None:
        self.results = results
        super().__init__(content, status, media_type=NDJSON)


def _lowered(envelope: Envelope, lookup: KeyLookup) -> Envelope:
    """The door turns a high S into n-S: half of all ECDSA signers emit one (formats.md §3)."""
    signatures = []
    for s in envelope.signatures:
        record = lookup(s.keyid)
        alg = record.alg if record is not None else offered_alg(envelope.payload, s.keyid)
        signatures.append(Signature(s.keyid, low_s(s.sig)) if alg == "ecdsa-p256-sha256" else s)
    return Envelope(envelope.payload, tuple(signatures))


def open_one(raw: bytes, lookup: KeyLookup) -> Submission | Refused:
    """The stateless half of admission for one submitted document. Raises `Malformed`."""
    value = loads(raw)
    disclosures: Any = []
    if isinstance(value, dict) and "envelope" in value:
        if set(value) - {"envelope", "disclosures"}:
            raise Malformed("submission", "$", "schema")
        disclosures, value = value.get("disclosures", []), value["envelope"]
    envelope = _lowered(envelope_of(value), lookup)
    opened = open_submission(envelope, lookup)
    if isinstance(opened, Submission) and disclosures != []:
        _check_disclosures(disclosures, envelope.payload)
    return opened


def _check_disclosures(disclosures: Any, payload: bytes) -> None:
    """Every disclosure is one that the statement's digests reference, once."""
    if not isinstance(disclosures, list) or not all(isinstance(d, str) for d in disclosures):
        raise Malformed("submission", "disclosures", "schema")
    body = loads_canonical(payload)["predicate"]["body"]
    wanted = set(body.get("_sd", ()))
    wanted |= {e["..."] for v in body.values() if isinstance(v, list) for e in v if isinstance(e, dict) and "..." in e}
    for text in disclosures:
        parse_disclosure(text)
        if digest_of(text) not in wanted:
            raise Malformed("submission", "disclosures", "disclosure-orphan")
        wanted.remove(digest_of(text))


class Ingest:
    """The handler, over one open ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="verify")

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        headers = request.headers
        if headers.get("content-encoding", "identity") != "identity":
            return problem("content-encoding", place="Content-Encoding")
        kind = headers.get("content-type", "").split(";")[0].strip().lower()
        if kind not in (JSON, NDJSON):
            return problem("media-type", place="Content-Type")
        try:
            raw = await asyncio.wait_for(_read(request, MAX_BATCH_BODY if kind == NDJSON else MAX_BODY), READ_SECONDS)
        except TimeoutError:
            return problem("slow-body", place="body", headers={"Connection": "close"})
        except Malformed as err:
            return response(of_error(err))
        if b"hpt_" in raw and TOKEN.search(raw) is not None:
            return problem("token-in-url", place="body")
        return await (self._one(raw, headers.get("idempotency-key")) if kind == JSON else self._many(raw, request))

    async def _one(self, raw: bytes, key: str | None) -> Response:
        try:
            opened = open_one(raw, self._ledger.appender.lookup)
            if isinstance(opened, Refused):
                return response(of_refusal(opened))
            if key is not None and key != opened.statement.predicate.event_id:
                return problem("idempotency-key", place="Idempotency-Key")
            outcome = await self._append_one(opened)
            value = self._answer(outcome, opened)
        except LedgerError as err:
            return response(of_error(err))
        if value["status"] >= 400:
            return response(value)
        extra = {"Idempotent-Replay": "true"} if value["status"] == 200 else {}
        return Response(msgspec.json.encode(value), value["status"], extra, JSON)

    async def _many(self, raw: bytes, request: Request) -> Response:
        lines = raw.split(b"\n")
        if lines and not lines[-1]:
            lines.pop()
        if not 1 <= len(lines) <= MAX_LINES:
            return problem("batch-size" if lines else "batch-empty", place="body")
        atomic = request.query_params.get("atomic", "false")
        if atomic not in ("true", "false"):
            return problem("query", place="atomic")
        if "idempotency-key" in request.headers:
            return problem("idempotency-key", "a batch has an event id per line", "Idempotency-Key")
        return await self._batch(lines, atomic=atomic == "true")

    async def _batch(self, lines: Sequence[bytes], *, atomic: bool) -> Response:
        opened = await self._open_all(lines)
        good = [o for o in opened if isinstance(o, Submission)]
        answers: dict[int, Outcome | LedgerError] = {}
        if good and (not atomic or len(good) == len(opened)):
            try:
                outcomes = await self._append(good, atomic=atomic)
                answers = {id(s): o for s, o in zip(good, outcomes, strict=True)}
            except LedgerError as err:
                answers = {id(s): err for s in good}
        results = [self._line(o, answers) for o in opened]
        text = b"".join(msgspec.json.encode(r) + b"\n" for r in results)
        done = all(r["status"] < 400 for r in results)
        return BatchResponse(
            text, 200 if done or not atomic else 422, [(r["status"], r.get("reason", "")) for r in results]
        )

    def _line(self, opened: Opened, answers: dict[int, Any]) -> dict[str, Any]:
        if isinstance(opened, Refused):
            return of_refusal(opened)
        if isinstance(opened, LedgerError):
            return of_error(opened)
        outcome = answers.get(id(opened))
        if outcome is None:
            return body_of("atomic-batch")
        return self._answer(outcome, opened)

    async def _open_all(self, lines: Sequence[bytes]) -> list[Opened]:
        loop = asyncio.get_running_loop()
        chunks = [lines[i : i + CHUNK] for i in range(0, len(lines), CHUNK)]
        done = await asyncio.gather(*(loop.run_in_executor(self._pool, self._open_chunk, c) for c in chunks))
        opened = [o for chunk in done for o in chunk]
        for n, found in enumerate(opened):  # keys that an earlier line of this batch registers
            if isinstance(found, Refused) and found.reason is Reason.KEY_UNKNOWN:
                earlier = [o for o in opened[:n] if isinstance(o, Submission)]
                opened[n] = self._open(lines[n], lookup_with(self._ledger.appender.lookup, earlier))
        return opened

    def _open_chunk(self, lines: Sequence[bytes]) -> list[Opened]:
        return [self._open(line, self._ledger.appender.lookup) for line in lines]

    def _open(self, line: bytes, lookup: KeyLookup) -> Opened:
        try:
            return open_one(line, lookup)
        except LedgerError as err:
            return err

    async def _append_one(self, submission: Submission) -> Outcome:
        try:
            (outcome,) = await self._append([submission], atomic=False)
        except LedgerError as err:
            return err
        return outcome

    async def _append(self, submissions: Sequence[Submission], *, atomic: bool) -> list[Outcome]:
        future = self._ledger.appender.submit(submissions, atomic=atomic)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), APPEND_SECONDS)
        except TimeoutError:
            raise Fault("outcome-unknown", "unknown", "no answer within 5 s", "send the same statement again") from None

    def _answer(self, outcome: Outcome, submission: Submission) -> dict[str, Any]:
        if isinstance(outcome, Refused):
            return of_refusal(outcome)
        if isinstance(outcome, LedgerError):
            return _with_id(of_error(outcome), submission)
        if isinstance(outcome, Known):
            entry, receipt = self._ledger.receipt(outcome.index)
            return self._receipt(200, submission, outcome.index, entry, receipt, ())
        derived = tuple((e.index, e.name) for e in outcome.derived)
        status = 200 if outcome.replay else 201
        return self._receipt(status, submission, outcome.event.index, outcome.entry, outcome.receipt(), derived)

    def _receipt(
        self, status: int, submission: Submission, index: int, entry: bytes, receipt: str,
        derived: tuple[tuple[int, str], ...],
    ) -> dict[str, Any]:  # fmt: skip
        return {
            "status": status,
            "index": index,
            "event_id": submission.statement.predicate.event_id,
            "statement_digest": submission.digest,
            "recorded_at": parse_entry(entry).recorded_at,
            "derived": [{"index": i, "type": name} for i, name in derived],
            "entry": msgspec.Raw(entry),
            "receipt": receipt,
        }


def _with_id(problem_: dict[str, Any], submission: Submission) -> dict[str, Any]:
    """What became of it is asked, and sent again, by its event id (R2)."""
    return {**problem_, "event_id": submission.statement.predicate.event_id}


async def _read(request: Request, limit: int) -> bytes:
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or len(declared) > 12 or int(declared) > limit:
        raise Malformed("body", "body", "too-large")
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise Malformed("body", "body", "too-large")
        parts.append(part)
    return b"".join(parts)
