"""A ledger behind HTTP: sign here, spool, send, retry under the same event id, and verify the receipt before forgetting.

Trust: the keys of the pin, and nothing that the server says about itself. A receipt that does not verify under them, or that is
for another statement than the one sent, is an error (exit 4), and the statement stays in the spool.
"""

import functools
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from api.author import Audience, Written
from api.book import Book, Follower, Line, Posted, RefusedError
from api.owed import Wanted, query_of
from api.replica import Replica, event_of, read_page
from api.search import Sought
from api.transport import RETRY_SAFE, Reply, Transport
from api.what_if import Hypothesis
from api.wiring import wall_clock
from auditor.pin import Pin, format_pin
from disclosures.decided import cursor_of
from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.entry import leaf_hash, parse_entry
from ledger.envelope import parse_envelope
from ledger.errors import Fault, Malformed, Unverified
from ledger.reasons import Reason, Refused
from ledger.receipt import check_receipt, parse_receipt
from ledger.state import State
from policies.answer import Answer, AsOf, Clearance, Finding, PolicyVerdict, Request

FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0
AGAIN = frozenset({429, 502, 503, 504})
REASONS = frozenset(r.value for r in Reason)
ROLES = ("decision_by", "inform_before", "recommendation_by")
KEY_FIELDS = ("keyid", "principal", "use", "alg", "index", "revoked_at")
MEMBERS = {"diff": "changes", "why": "actions"}
"""What an answer carries beside its position, where it is not named as the question is."""
PROBLEM = frozenset({"type", "title", "status", "detail", "instance", "reason", "place", "retryable"})
_random = random.SystemRandom()


class _Receipt(msgspec.Struct, frozen=True):
    index: int
    entry: msgspec.Raw
    receipt: str
    derived: list[dict[str, Any]] = msgspec.field(default_factory=list)


_receipts = msgspec.json.Decoder(_Receipt)


def _json(reply: Reply) -> Any:
    try:
        return msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, RecursionError):
        raise Malformed("answer", "body", "not-json") from None


P = ParamSpec("P")
T = TypeVar("T")


def _read(method: Callable[P, T]) -> Callable[P, T]:
    """An answer that has not the members that it should have is `Malformed`, whoever made it so."""

    @functools.wraps(method)
    def reading(*given: P.args, **named: P.kwargs) -> T:
        try:
            return method(*given, **named)
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as err:
            raise Malformed("answer", method.__name__, "schema") from err

    return reading


class Client(Book):
    """Talks to `transport`; gives up `deadline` seconds after it began to deliver."""

    def __init__(
        self, folder: Path, transport: Transport, pin: Pin, *, deadline: float = 30.0,
        sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.folder = folder
        self._transport, self._pin, self._deadline = transport, pin, deadline
        self._sleep, self._clock = sleep, clock
        self._replica = Replica(lambda path: self._get(path).body)

    @property
    def audience(self) -> Audience:
        """The ledger that was pinned."""
        return Audience(self._pin.origin, self._pin.founding)

    def now(self) -> str:
        """This machine's clock."""
        return wall_clock()

    def _note(self) -> str:
        try:
            return self._get("/log/checkpoint").body.decode()
        except UnicodeDecodeError:
            raise Malformed("checkpoint", "text", "not-utf-8") from None

    def checkpoint(self) -> dict[str, Any]:
        """The newest checkpoint, its two signatures checked under the pin's keys."""
        found = open_checkpoint(self._note(), self._pin.vkeys)
        self._not_before_the_pin(found)
        return {"origin": found.origin, "root": found.root.hex(), "size": found.size}

    @_read
    def known(self, *streams: str) -> State:
        """Trust, frameworks, and the facts of `streams`, folded here from the server's entries."""
        listed = _json(self._get("/v1/frameworks"))["frameworks"]
        return self._replica.catch_up((*(f"framework/{f['id'].lower()}" for f in listed), *streams))

    @_read
    def ask(self, request: Request, at: int | str | None = None) -> tuple[PolicyVerdict, Clearance, AsOf]:
        """The server's answer."""
        query: list[tuple[str, str]] = [("fact", f"{n}={v}") for n, v in request.facts]
        for name, values in (("surface", request.surfaces), ("host", request.hosts),
                             ("jurisdiction", request.jurisdictions)):  # fmt: skip
            query += [(name, v) for v in values]
        query += [(n, v) for n, v in (("artifact", request.artifact), ("audience", request.audience)) if v is not None]
        said = self._fold(f"{_model(request.stream)}/gate/{quote(request.action, safe='')}", at, query)
        findings = tuple(
            Finding(f["pack"], f["clause"], f["ref"], f["requirement"], f["state"], f["why"], tuple(f["indexes"]))
            for f in said["findings"]
        )
        reasons = tuple(said.get("verdict_reasons", ()))
        pairs = {n: tuple((d["pack"], d["role"]) for d in said.get(n, ())) for n in ROLES}
        verdict = PolicyVerdict(
            Answer(said["verdict"]), reasons, findings, tuple(said["conditions"]), (), pairs["decision_by"],
            pairs["inform_before"], pairs["recommendation_by"], tuple(said.get("laws", ())),
        )  # fmt: skip
        clearance = Clearance(
            Answer(said["clearance"]), tuple(said["reasons"]), tuple(said["conditions"]), said["decision"],
            said["divergence"], tuple(said["missing"]),
        )  # fmt: skip
        return verdict, clearance, AsOf(said["as_of"]["size"], said["as_of"]["time"])

    @_read
    def status(self, model: str, at: int | str | None = None) -> tuple[dict[str, Any], AsOf]:
        """The server's answer; empty where it knows no such model."""
        try:
            said = self._fold(_model(model), at)
        except Fault as err:
            if err.code != "not-found":
                raise
            return {}, AsOf(self.checkpoint()["size"], self.now())
        return said["actions"], AsOf(said["as_of"]["size"], said["as_of"]["time"])

    @_read
    def decisions(
        self, at: int | str | None = None, after: str | None = None, limit: int = 100
    ) -> tuple[list[dict[str, Any]], str | None]:
        """The server's answer."""
        query = [("limit", str(limit))] + ([] if after is None else [("after", after)])
        found: list[dict[str, Any]] = self._fold("/v1/decisions", at, query)["decisions"]
        return found, cursor_of(found[-1]) if len(found) == limit else None

    @_read
    def decision(self, ref: str, at: int | str | None = None) -> dict[str, Any]:
        """The server's answer."""
        found: dict[str, Any] = self._fold(f"/v1/decisions/{quote(ref, safe='')}", at)
        return found

    @_read
    def break_glass(self, at: int | str | None = None) -> list[dict[str, Any]]:
        """The server's answer, which everyone may read."""
        found: list[dict[str, Any]] = self._fold("/v1/keys", at, [("limit", "1")])["break_glass"]
        return found

    @_read
    def without_decision(self, at: int | str | None = None) -> list[dict[str, Any]]:
        """The server's answer."""
        found: list[dict[str, Any]] = self._fold("/v1/decisions", at, [("limit", "1")])["without_decision"]
        return found

    @_read
    def obligations(
        self, wanted: Wanted, at: int | str | None = None, after: str | None = None, limit: int = 100
    ) -> tuple[list[dict[str, Any]], AsOf, str | None]:
        """The server's answer."""
        more = [("limit", str(limit)), *([("after", after)] if after is not None else [])]
        said = self._fold("/v1/obligations", at, [*query_of(wanted), *more])
        rows: list[dict[str, Any]] = said["obligations"]
        last = rows[-1] if len(rows) == limit else None
        following = None if last is None else f"{last['due_latest'] or '~'}|{last['key']}"
        return rows, AsOf(said["as_of"]["size"], said["as_of"]["time"]), following

    def calendar(self, wanted: Wanted, at: int | str | None = None) -> bytes:
        """The server's feed."""
        pairs = [*query_of(wanted), *([("at", str(at))] if at is not None else [])]
        return self._get("/v1/obligations.ics" + (f"?{urlencode(pairs)}" if pairs else "")).body

    @_read
    def incidents(self, at: int | str | None = None, after: str = "") -> tuple[list[dict[str, Any]], AsOf]:
        """The server's answer."""
        said = self._fold("/v1/incidents", at, [("after", after)] if after else [])
        return said["incidents"], AsOf(said["as_of"]["size"], said["as_of"]["time"])

    @_read
    def incident(self, stream: str, at: int | str | None = None) -> tuple[dict[str, Any] | None, AsOf]:
        """The server's answer."""
        try:
            said = self._fold(f"/v1/incidents/{quote(stream.removeprefix('incident/'), safe='/')}", at)
        except Fault as err:
            if err.code != "not-found":
                raise
            return None, AsOf(self.checkpoint()["size"], self.now())
        return said["incident"], AsOf(said["as_of"]["size"], said["as_of"]["time"])

    @_read
    def about(
        self, question: str, model: str, at: int | str | None = None, query: Mapping[str, str] | None = None
    ) -> dict[str, Any] | None:
        """The server's answer, page after page; `None` where it knows no such model."""
        path = "/v1/frameworks/timeline" if question == "timeline" else f"{_model(model)}/{question}"
        asked = list((query or {}).items())
        if question == "diff" and at is not None:
            asked, at = [*asked, ("to", str(at))], None
        try:
            said: dict[str, Any] = self._fold(path, at, asked)
            rows, size, _ = said, said["as_of"]["size"], said[MEMBERS.get(question, question)]
            while rows.get("next") is not None:
                fixed = [*asked, ("after", str(rows["next"]))]
                rows = self._fold(path, size if at is None else at, fixed)
                said[question] += rows[question]
        except Fault as err:
            if err.code != "not-found":
                raise
            return None
        return said

    def suppose(
        self,
        events: Sequence[Mapping[str, Any]],  # noqa: ARG002  # the signature of what it refuses
        at: int | str | None = None,  # noqa: ARG002  # as above
    ) -> Hypothesis:
        """Refused: what is not recorded is judged where the ledger lies, and handed to nobody."""
        raise Fault(
            "usage", "failed", "a hypothesis is judged on the ledger's own folder", "leave out --server; use --data"
        )

    @_read
    def keys(self, at: int | str | None = None) -> list[dict[str, Any]]:
        """The server's answer."""
        return [{name: row[name] for name in KEY_FIELDS} for row in self._fold("/v1/keys", at)["keys"]]

    def page(self, sought: Sought, after: int, limit: int) -> list[Line]:
        """Entries from the server, which are what they say: leaf hashes and versions are computed here."""
        query = {n: v for n, v in asdict(sought).items() if v is not None}
        found: list[Line] = []
        at: int | None = after
        while at is not None and len(found) < limit:
            reply = self._get(f"/v1/entries?{urlencode({**query, 'after': at, 'limit': limit - len(found)})}")
            rows = (event_of(row.index, bytes(row.entry), State()) for row in read_page(reply.body))
            found += [Line(e.index, e.recorded_at, e.name, e.stream_version, e.leaf, e.stream) for e in rows]
            at = _following(reply, at)
        return found

    def entry(self, index: int) -> tuple[bytes, str]:
        """An entry and its receipt, verified under the pin's keys."""
        found = _decode(self._get(f"/v1/entries/{index}/receipt"))
        self._check(found)
        return bytes(found.entry), found.receipt

    def pin(self) -> bytes:
        """The pin that was given, moved to the server's newest checkpoint."""
        self.checkpoint()
        vkeys = tuple(str(v) for v in self._pin.vkeys)
        return format_pin(self._pin.origin, self._pin.founding, vkeys, self._note())

    def deliver(self, written: Sequence[Written]) -> list[Posted]:
        """Send each statement until it is answered or the deadline has passed; a refusal ends its wait in the spool."""
        done = []
        for w in written:
            waiting = self.spool.keep(w.event_id, w.wire())
            try:
                posted = self._deliver(w, waiting)
            except RefusedError:
                self.spool.drop(w.event_id)
                raise
            self.keep_receipt(
                posted
            )  # before the spool forgets: a crash here sends it again, and gets the same receipt
            self.spool.drop(w.event_id)
            done.append(posted)
        return done

    def _deliver(self, written: Written, waiting: Path) -> Posted:
        began, tried = self._clock(), 0
        while True:
            try:
                reply = self._transport.send(
                    "POST", "/v1/entries", written.wire(), {"content-type": "application/json"}
                )
            except Fault as err:
                failure = err
            else:
                if reply.status in (200, 201):
                    return self._posted(written, reply)
                failure = _fault(reply)
                if reply.status not in AGAIN:
                    raise failure
            tried += 1
            pause = _random.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2**tried))
            if self._clock() - began + pause > self._deadline:
                detail = f"{failure.detail}; tried {tried} times; the signed statement waits in {waiting}"
                remedy = f"retry is safe, and sends the same statement: holdpoint event post {waiting}"
                raise Fault(failure.code, "unknown", detail, remedy) from failure
            self._sleep(pause)

    def _posted(self, written: Written, reply: Reply) -> Posted:
        found = _decode(reply)
        entry = parse_entry(bytes(found.entry))
        if parse_envelope(entry.envelope).payload != written.envelope.payload:
            raise Unverified("receipt", "entry", "another-statement")
        self._check(found)
        derived = tuple(Follower(d["index"], d["type"]) for d in found.derived)
        leaf = leaf_hash(bytes(found.entry)).hex()
        return Posted(found.index, entry.recorded_at, leaf, written.digest, written.event_id, found.receipt, derived,
                      replay=reply.status == 200)  # fmt: skip

    def _check(self, found: _Receipt) -> None:
        if parse_receipt(found.receipt).index != found.index:
            raise Unverified("receipt", "index", "index-mismatch")
        self._not_before_the_pin(check_receipt(found.receipt, bytes(found.entry), self._pin.vkeys, self._pin.origin))

    def _not_before_the_pin(self, found: Checkpoint) -> None:
        """A log that was pinned at a size is never smaller again, and has one root at that size (T40)."""
        pinned = self._pin.checkpoint
        if found.origin != pinned.origin:
            raise Unverified("checkpoint", "origin", "origin-mismatch")
        if found.size < pinned.size:
            raise Unverified("checkpoint", f"size {found.size}, pinned at {pinned.size}", "truncated")
        if found.size == pinned.size and found.root != pinned.root:
            raise Unverified("checkpoint", f"size {found.size}", "root-differs")

    def _get(self, path: str) -> Reply:
        reply = self._transport.send("GET", path)
        if reply.status != 200:
            raise _fault(reply)
        return reply

    def _fold(self, path: str, at: int | str | None, query: Sequence[tuple[str, str]] = ()) -> Any:
        pairs = [*query, *([("at", str(at))] if at is not None else [])]
        said = _json(self._get(path + (f"?{urlencode(pairs)}" if pairs else "")))
        if not isinstance(said, dict):
            raise Malformed("answer", "body", "schema")
        return said

    def close(self) -> None:
        """Give the connections back."""
        self._transport.close()


_NEXT = re.compile(r"[?&]after=([0-9]{1,16})(&[^>]*)?>; rel=\"next\"")


def _following(reply: Reply, after: int) -> int | None:
    """The index that the next page begins after; `None` at the end. A server that goes back is not followed."""
    named = _NEXT.search(reply.headers.get("link", ""))
    following = None if named is None else int(named.group(1))
    return following if following is not None and following > after else None


def _model(stream: str) -> str:
    return f"/v1/models/{quote(stream.removeprefix('model/'), safe='/')}"


def _decode(reply: Reply) -> _Receipt:
    try:
        return _receipts.decode(reply.body)
    except (msgspec.DecodeError, RecursionError):
        raise Malformed("answer", "receipt", "schema") from None


def _fault(reply: Reply) -> Fault:
    """A problem+json as the error it was there. Raises `RefusedError` for a refusal, `Malformed` for a format."""
    try:
        said = _json(reply)
    except Malformed:
        said = {}
    said = said if isinstance(said, dict) else {}
    code, detail = str(said.get("reason", f"http-{reply.status}")), str(said.get("detail", "no detail"))
    if code in REASONS:
        facts = tuple((str(k), str(v)) for k, v in said.items() if k not in PROBLEM)
        raise RefusedError(Refused(Reason(code), detail, facts))
    if reply.status == 400 and code not in ("token-in-url", "query"):
        raise Malformed("submission", str(said.get("place", "")) or "body", code)
    if reply.status in (401, 403):
        return Fault(code, "failed", detail, "put a token that lives into a file, and name it: HOLDPOINT_TOKEN_FILE")
    unknown = reply.status >= 500 or reply.status == 408
    return Fault(code, "unknown" if unknown else "failed", detail, RETRY_SAFE if unknown else "ask for what is there")
