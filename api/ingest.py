"""`POST /v1/entries`: bytes in, receipts out. A plain ASGI handler, since a framework route costs a third of the throughput.

One DSSE envelope (or `{"envelope", "disclosures"}`), or NDJSON of up to 500, answered in order; `?atomic=true` = all or none. The
signature is the guard. Field disclosures are checked against the statement and kept, encrypted, beside the entry (access.md §6).
"""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qs

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from api.batch_keys import lookup_with
from api.gather import Answer, Gather, refused_signature
from api.opening import check_log_keys, open_one
from api.problems import ProblemResponse, body_of, of_error, of_refusal, problem, response
from api.tokens import SHAPE
from api.verifying import Job, Verifiers
from api.wiring import Ledger
from api.witnessed import WAIT_SECONDS, unwitnessed
from ledger.admit import KeyLookup, Submission
from ledger.entry import parse_entry
from ledger.errors import Fault, LedgerError, Malformed
from ledger.events import log
from ledger.keys import PublicKey
from ledger.reasons import Reason, Refused
from ledger.receipt import format_receipt
from ledger.store.outcome import Appended, Known

MAX_BODY = 1 << 20
MAX_BATCH_BODY = 48 << 20
MAX_LINES = 500
READ_SECONDS = 20.0
LOOK_SECONDS = 0.02
CHUNK = 50
"""Lines of a batch that are read before others get a turn."""
JSON = "application/json"
NDJSON = "application/x-ndjson"
TOKEN = re.compile(SHAPE.pattern.encode())
Results: TypeAlias = list[tuple[int, str]]
"""Status and problem code of each submission."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A submission whose signatures are not checked yet."""

    submission: Submission
    jobs: Sequence[Job]


Line: TypeAlias = Opened | Refused | LedgerError


class _Jobs(list[Job]):
    """Collects the signatures of one submission: they are checked elsewhere, and nothing is believed before."""

    def __call__(self, public: PublicKey, alg: str, message: bytes, signature: bytes) -> bool:
        spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.append((alg, spki, message, signature))
        return True


class Written:
    """An answer as bytes, and its results for whoever counts. No framework class: each of them costs microseconds."""

    __slots__ = ("_body", "_headers", "_status", "results")

    def __init__(self, status: int, kind: str, body: bytes, results: Results, *headers: tuple[bytes, bytes]) -> None:
        self._status, self._body, self.results = status, body, results
        self._headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body)), *headers]

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it."""
        await send({"type": "http.response.start", "status": self._status, "headers": self._headers})
        await send({"type": "http.response.body", "body": self._body})


def results_of(answer: ASGIApp) -> Results:
    """Status and code of each submission that an answer of `Ingest` is about."""
    if isinstance(answer, ProblemResponse):
        return [(answer.status_code, answer.code)]
    return answer.results if isinstance(answer, Written) else []


class Ingest:
    """The handler, over one open ledger. Gives an answer; whoever calls it counts and sends that."""

    def __init__(self, ledger: Ledger, verifiers: Verifiers) -> None:
        self._ledger = ledger
        self._gather = Gather(ledger.appender, verifiers)
        self._note: tuple[str, bytes] = ("", b"")

    async def __call__(self, scope: Scope, receive: Receive) -> ASGIApp:
        """Answer one request."""
        headers = {k: v.decode("latin-1") for k, v in reversed(scope["headers"])}
        if headers.get(b"content-encoding", "identity") != "identity":
            return problem("content-encoding", place="Content-Encoding")
        kind = headers.get(b"content-type", "").split(";")[0].strip().lower()
        if kind not in (JSON, NDJSON):
            return problem("media-type", place="Content-Type")
        try:
            limit = MAX_BATCH_BODY if kind == NDJSON else MAX_BODY
            async with asyncio.timeout(READ_SECONDS):
                raw = await read_body(receive, headers.get(b"content-length", "0"), limit)
        except TimeoutError:
            return problem("slow-body", place="body", headers={"Connection": "close"})
        except Malformed as err:
            return response(of_error(err))
        if b"hpt_" in raw and TOKEN.search(raw) is not None:
            return problem("token-in-url", place="body")
        if kind == JSON:
            return await self._one(raw, headers.get(b"idempotency-key"))
        return await self._many(raw, scope, headers)

    async def _one(self, raw: bytes, key: str | None) -> ASGIApp:
        opened = self._open(raw, self._ledger.appender.lookup)
        if isinstance(opened, Opened) and isinstance(opened.submission.body, log.Rotated):
            (opened,) = await self._checked([opened])
        if not isinstance(opened, Opened):
            return response(of_refusal(opened) if isinstance(opened, Refused) else of_error(opened))
        if key is not None and key != opened.submission.statement.predicate.event_id:
            return problem("idempotency-key", place="Idempotency-Key")
        answer = self._short() or await self._gather.one(opened.submission, opened.jobs)
        late = await self._late([answer])
        found = self._answer(late or answer, opened.submission)
        if not isinstance(found, tuple):
            return response(found)
        status, body = found
        replay = [(b"idempotent-replay", b"true")] if status == 200 else []
        return Written(status, JSON, body, [(status, "")], *replay)

    async def _many(self, raw: bytes, scope: Scope, headers: Mapping[bytes, str]) -> ASGIApp:
        lines = raw.split(b"\n")
        if lines and not lines[-1]:
            lines.pop()
        if not 1 <= len(lines) <= MAX_LINES:
            return problem("batch-size" if lines else "batch-empty", place="body")
        atomic = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True).get("atomic", ["false"])[-1]
        if atomic not in ("true", "false"):
            return problem("query", place="atomic")
        if b"idempotency-key" in headers:
            return problem("idempotency-key", "a batch has an event id per line", "Idempotency-Key")
        return await self._batch(lines, atomic=atomic == "true")

    async def _batch(self, lines: Sequence[bytes], *, atomic: bool) -> ASGIApp:
        opened = await self._open_all(lines)
        good = [o.submission for o in opened if isinstance(o, Opened)]
        answers: dict[int, Answer] = {}
        if good and (not atomic or len(good) == len(opened)):
            short = self._short()
            outcomes = [short] * len(good) if short else await self._gather.group(good, atomic=atomic)
            late = await self._late(outcomes)
            placed = [late if late and _index(o) is not None else o for o in outcomes]
            answers = {id(s): o for s, o in zip(good, placed, strict=True)}
        texts: list[bytes] = []
        results: Results = []
        for line in opened:
            found = self._line(line, answers)
            if isinstance(found, tuple):
                texts.append(found[1])
                results.append((found[0], ""))
            else:
                texts.append(msgspec.json.encode(found))
                results.append((found["status"], found.get("reason", "")))
        done = all(status < 400 for status, _ in results)
        return Written(200 if done or not atomic else 422, NDJSON, b"\n".join([*texts, b""]), results)

    def _short(self) -> Fault | None:
        """Where appends wait for witnesses, and the quorum has been missing for long: nothing more is taken."""
        told = self._ledger.witnessed
        if told is None or not told.require:
            return None
        told.look(self._ledger.appender.published[0])
        return unwitnessed("failed") if told.short else None

    async def _late(self, answers: Sequence[Answer]) -> Fault | None:
        """Wait until what was appended is witnessed, if that is asked for; what to say where it is not within ten seconds."""
        told = self._ledger.witnessed
        placed = [index for index in map(_index, answers) if index is not None]
        if told is None or not told.require or not placed:
            return None
        # Who sends again may have pinned a later checkpoint meanwhile: what he gets is none before that.
        least = (
            max(placed) + 1 if not any(isinstance(a, Known) for a in answers) else self._ledger.appender.published[0]
        )
        until = time.monotonic() + WAIT_SECONDS
        while told.size < least:
            if time.monotonic() > until:
                return unwitnessed("unknown")
            await asyncio.sleep(LOOK_SECONDS)
        return None

    def _line(self, line: Line, answers: Mapping[int, Answer]) -> tuple[int, bytes] | dict[str, Any]:
        if isinstance(line, Refused):
            return of_refusal(line)
        if isinstance(line, LedgerError):
            return of_error(line)
        answer = answers.get(id(line.submission))
        return body_of("atomic-batch") if answer is None else self._answer(answer, line.submission)

    async def _open_all(self, lines: Sequence[bytes]) -> list[Line]:
        lookup = self._ledger.appender.lookup
        opened: list[Line] = []
        for start in range(0, len(lines), CHUNK):
            opened += [self._open(line, lookup) for line in lines[start : start + CHUNK]]
            await asyncio.sleep(0)
        for n, found in enumerate(opened):  # keys that an earlier line of this batch registers
            if isinstance(found, Refused) and found.reason is Reason.KEY_UNKNOWN:
                earlier = [o.submission for o in opened[:n] if isinstance(o, Opened)]
                opened[n] = self._open(lines[n], lookup_with(lookup, earlier))
        return await self._checked(opened)

    async def _checked(self, opened: Sequence[Line]) -> list[Line]:
        """The lines whose signatures hold, and what is wrong with the others. Only whoever signed learns of the log keys here."""
        results = await self._gather.check([job for o in opened if isinstance(o, Opened) for job in o.jobs])
        checked, at = list(opened), 0
        for n, line in enumerate(opened):
            if isinstance(line, Opened):
                refused = refused_signature(line.submission, results[at : at + len(line.jobs)])
                at += len(line.jobs)
                checked[n] = refused or self._with_log_keys(line)
        return checked

    def _with_log_keys(self, line: Opened) -> Line:
        try:
            check_log_keys(line.submission, self._ledger.appender.state, self._ledger.appender.lacking)
        except LedgerError as err:
            return err
        return line

    def _open(self, raw: bytes, lookup: KeyLookup) -> Line:
        jobs = _Jobs()
        try:
            opened = open_one(raw, lookup, jobs)
        except LedgerError as err:
            return err
        return Opened(opened, jobs) if isinstance(opened, Submission) else opened

    def _answer(self, answer: Answer, submission: Submission) -> tuple[int, bytes] | dict[str, Any]:
        """Status and receipt, or a problem object."""
        if isinstance(answer, Refused):
            return of_refusal(answer)
        if isinstance(answer, LedgerError):
            return _with_id(of_error(answer), submission)
        required = self._ledger.witnessed is not None and self._ledger.witnessed.require
        read = self._ledger.upgraded if required else self._ledger.receipt
        if isinstance(answer, Known):
            try:
                entry, receipt = read(answer.index)
            except LedgerError as err:
                return _with_id(of_error(err), submission)
            place = (answer.index, parse_entry(entry).recorded_at)
            return 200, _receipt(200, submission, place, (), entry, _text(receipt))
        event = answer.event
        if required:
            try:
                _, receipt = read(event.index)
            except LedgerError as err:
                return _with_id(of_error(err), submission)
            return self._placed(answer, submission, _text(receipt))
        if self._note[0] is not answer.note:  # one note per commit: escaped once
            self._note = (answer.note, _text(answer.note))
        return self._placed(answer, submission, _text(format_receipt(event.index, answer.proof, "")) + self._note[1])

    @staticmethod
    def _placed(answer: Appended, submission: Submission, proof: bytes) -> tuple[int, bytes]:
        event = answer.event
        derived = [{"index": e.index, "type": e.name} for e in answer.derived]
        status = 200 if answer.replay else 201
        return status, _receipt(status, submission, (event.index, event.recorded_at), derived, answer.entry, proof)


def _index(answer: Answer) -> int | None:
    """Where a submission stands, if it was appended, now or before."""
    if isinstance(answer, Known):
        return answer.index
    return answer.event.index if isinstance(answer, Appended) else None


def _with_id(problem_: dict[str, Any], submission: Submission) -> dict[str, Any]:
    """What became of it is asked, and sent again, by its event id (R2)."""
    return {**problem_, "event_id": submission.statement.predicate.event_id}


def _text(text: str) -> bytes:
    """The inside of a JSON string."""
    return msgspec.json.encode(text)[1:-1]


def _receipt(
    status: int, submission: Submission, place: tuple[int, str], derived: Sequence[Any], entry: bytes, receipt: bytes
) -> bytes:
    """The receipt object. Ids, digests and times are of grammars that need no escape; the entry is passed on as it stands."""
    event_id = submission.statement.predicate.event_id.encode()
    return b'{"status":%d,"index":%d,"event_id":"%s","statement_digest":"%s","recorded_at":"%s","derived":%s,"entry":%s,"receipt":"%s"}' % (  # noqa: E501  # one object, one line
        status, place[0], event_id, submission.digest.encode(), place[1].encode(),
        msgspec.json.encode(derived) if derived else b"[]", entry, receipt,
    )  # fmt: skip


async def read_body(receive: Receive, declared: str, limit: int) -> bytes:
    """The body. Raises `Malformed` `too-large`, as soon as it is known."""
    if not declared.isdecimal() or len(declared) > 12 or int(declared) > limit:
        raise Malformed("body", "body", "too-large")
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(part)
        if size > limit:
            raise Malformed("body", "body", "too-large")
        parts.append(part)
    return b"".join(parts)
