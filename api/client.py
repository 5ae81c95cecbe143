"""A ledger behind HTTP: sign here, spool, send, retry under the same event id, and verify the receipt before forgetting.

Trust: the keys of the pin, those that the root named since (`followed_keys`), and nothing that the server says about itself.
A receipt that does not verify under them, or that is for another statement than the one sent, is an error (exit 4), and the
statement stays in the spool.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from api.author import Audience, Written
from api.book import Follower, Line, Offer, Posted, RefusedError
from api.followed_keys import FollowedKeys
from api.handed_over import id_of
from api.questions import Questions
from api.replica import Row, event_of, read_page
from api.replies import Received, fault_of, following, json_of, reading, received
from api.search import Sought
from api.transport import Reply, Transport
from api.wiring import wall_clock
from auditor.pin import Pin, format_pin
from disclosures.builder import Asked
from disclosures.profile import profile_object
from ledger.canonical import dumps
from ledger.checkpoint import Checkpoint
from ledger.entry import leaf_hash, parse_entry
from ledger.envelope import parse_envelope
from ledger.errors import Fault, Malformed, Unverified
from ledger.event import URN
from ledger.receipt import check_placed, parse_receipt
from ledger.state import State
from ledger.strict import parse_digest

FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0
AGAIN = frozenset({429, 502, 503, 504})
_random = random.SystemRandom()


class Client(Questions):
    """Talks to `transport`; gives up `deadline` seconds after it began to deliver."""

    def __init__(
        self, folder: Path, transport: Transport, pin: Pin, *, deadline: float = 30.0,
        sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        super().__init__(transport)
        self.folder = folder
        self._pin, self._deadline = pin, deadline
        self._keys = FollowedKeys(pin, lambda path: self._get(path).body, self._receipt_of)
        self._sleep, self._clock = sleep, clock

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
        """The newest checkpoint, its signatures checked under the pin's keys, and those that the root named since."""
        found = self._keys.open(self._note())
        self._not_before_the_pin(found)
        return {"origin": found.origin, "root": found.root.hex(), "size": found.size}

    def page(self, sought: Sought, after: int, limit: int) -> list[Line]:
        """Entries from the server, which are what they say: leaf hashes and versions are computed here."""
        query = {n: v for n, v in asdict(sought).items() if v is not None}
        found: list[Line] = []
        at: int | None = after
        while at is not None and len(found) < limit:
            reply = self._get(f"/v1/entries?{urlencode({**query, 'after': at, 'limit': limit - len(found)})}")
            found += [_line(row) for row in read_page(reply.body)]
            at = following(reply, at)
        return found

    def entry(self, index: int) -> tuple[bytes, str]:
        """An entry and its receipt, verified under the pin's keys, and those that the root named since."""
        found = received(self._get(f"/v1/entries/{index}/receipt?least={self._pin.checkpoint.size}"))
        self._check(found)
        return bytes(found.entry), found.receipt

    @reading
    def offer(self, asked: Asked) -> Offer:
        """Built and kept by the server: what comes back must be about what was asked, since two people sign it."""
        body = {
            "absent": list(asked.absent), "actions": list(asked.actions), "profile": profile_object(asked.profile),
            "recipient": asked.recipient, "since": list(asked.since), "subject": asked.subject,
        }  # fmt: skip
        sent = dumps({name: value for name, value in body.items() if value != []})
        reply = self._transport.send("POST", "/v1/disclosures", sent, {"content-type": "application/json"})
        if reply.status != 201:
            raise fault_of(reply)
        said = json_of(reply)
        made, digest = dict(said["body"]), parse_digest(said["digest"])
        stream = f"disclosure/{id_of(digest)}"
        wanted = (asked.recipient, asked.profile.id, digest, stream)
        if (made["recipient"], made["profile"], made["bundle_digest"], said["stream"]) != wanted:
            raise Unverified("disclosure", "body", "another-statement")
        return Offer(digest, stream, made, tuple(said["shows"]["beside"]))

    def fetch(self, digest: str) -> tuple[int | None, bytes]:
        """From the server, for whom it was released; its bytes are those that two people signed for."""
        raw = self._get(f"/v1/disclosures/{id_of(digest)}/bundle").body
        if f"sha256:{sha256(raw).hexdigest()}" != digest:
            raise Unverified("bundle", digest, "digest-mismatch")
        reply = self._transport.send("GET", f"/v1/disclosures/{id_of(digest)}")
        index = json_of(reply).get("index") if reply.status == 200 else None
        return index if isinstance(index, int) else None, raw

    def pin(self) -> bytes:
        """The pin that was given, moved to the server's newest checkpoint and to the keys that sign it."""
        note = self._note()
        found = self._keys.open(note)
        self._not_before_the_pin(found)
        vkeys = tuple(str(v) for v in self._keys.vkeys(found.size))
        return format_pin(self._pin.origin, self._pin.founding, vkeys, note)

    def _receipt_of(self, index: int) -> str:
        """A receipt as the server gives it: whoever asks verifies it."""
        return received(self._get(f"/v1/entries/{index}/receipt")).receipt

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
                    "POST", "/v1/entries", written.sent(), {"content-type": "application/json"}
                )
            except Fault as err:
                failure = err
            else:
                if reply.status in (200, 201):
                    return self._posted(written, reply)
                failure = fault_of(reply)
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
        found = received(reply)
        entry = parse_entry(bytes(found.entry))
        if parse_envelope(entry.envelope).payload != written.envelope.payload:
            raise Unverified("receipt", "entry", "another-statement")
        self._check(found)
        derived = tuple(Follower(d["index"], d["type"]) for d in found.derived)
        leaf = leaf_hash(bytes(found.entry)).hex()
        return Posted(found.index, entry.recorded_at, leaf, written.digest, written.event_id, found.receipt, derived,
                      replay=reply.status == 200)  # fmt: skip

    def _check(self, found: Received) -> None:
        receipt = parse_receipt(found.receipt)
        if receipt.index != found.index:
            raise Unverified("receipt", "index", "index-mismatch")
        checkpoint = self._keys.open(receipt.note)
        check_placed(receipt, leaf_hash(bytes(found.entry)), checkpoint, self._pin.origin)
        self._not_before_the_pin(checkpoint)

    def _not_before_the_pin(self, found: Checkpoint) -> None:
        """A log that was pinned at a size is never smaller again, and has one root at that size (T40)."""
        pinned = self._pin.checkpoint
        if found.origin != pinned.origin:
            raise Unverified("checkpoint", "origin", "origin-mismatch")
        if found.size < pinned.size:
            raise Unverified("checkpoint", f"size {found.size}, pinned at {pinned.size}", "truncated")
        if found.size == pinned.size and found.root != pinned.root:
            raise Unverified("checkpoint", f"size {found.size}", "root-differs")

    def close(self) -> None:
        """Give the connections back."""
        self._transport.close()


def _line(row: Row) -> Line:
    """What a row is, read from its bytes; of a suppressed one, what the server says that it was."""
    if row.suppressed:
        kind = row.type.split(":")[-2] if row.type.startswith(URN) else row.type
        return Line(row.index, row.recorded_at, kind, row.stream_version, row.leaf, row.stream)
    e = event_of(row.index, bytes(row.entry), State())
    return Line(e.index, e.recorded_at, e.name, e.stream_version, e.leaf, e.stream)
