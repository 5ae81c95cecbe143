"""What a monitor may raise, each with a stable code, and what it reads in entries and heads to raise it. Pure.

A monitor is no verifier: it ties entries to a signed tree and reports what kinds they are. That they were admitted is what
`holdpoint verify` shows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from auditor.heads import Head
from ledger.entry import read_entry
from ledger.errors import LedgerError
from ledger.events import decision, entry, ledger, log, role, root, rules
from ledger.registry import BY_TOPIC
from ledger.statement import parse_statement, peek_type

TAMPERING, LOOK, LATER = 4, 5, 6
CODES: Final[dict[str, tuple[int, str]]] = {
    "checkpoint-malformed": (TAMPERING, "what stands where the checkpoint should is none"),
    "checkpoint-missing": (LOOK, "there is no checkpoint"),
    "checkpoint-unsigned": (TAMPERING, "no whole set of the log's keys signed the head"),
    "break-glass": (LOOK, "a role was granted under break-glass"),
    "decision-diverges": (LOOK, "a decision gives a reason for departing from the policy verdict"),
    "diverged": (TAMPERING, "two histories, and what was shown convicts nobody yet: both heads are kept"),
    "entry-malformed": (TAMPERING, "a leaf of the tree is no entry"),
    "entry-suppressed": (LOOK, "the root had an entry suppressed"),
    "freeze": (LOOK, "no new checkpoint within the time allowed"),
    "keys-half": (TAMPERING, "one key of a pair signed without the other"),
    "keys-unexpected": (TAMPERING, "a key that you don't know signs under the log's name"),
    "lag": (LOOK, "this place shows an older head than another, for longer than allowed"),
    "ledger-frozen": (LOOK, "the root froze the ledger"),
    "ledger-restored": (LOOK, "the ledger was restored from a backup"),
    "log-rotated": (LOOK, "the log's keys were rotated: get a new pin by another channel"),
    "other-log": (TAMPERING, "this place shows another log than before"),
    "rollback": (TAMPERING, "this place shows less than it showed before"),
    "root-rotated": (LOOK, "the root's keys were rotated"),
    "rules-changed": (LOOK, "other rules of admission were adopted"),
    "split-view": (TAMPERING, "the log signed two histories: the file convicts it"),
    "tiles-missing": (LOOK, "tiles under a signed head are not shown, so its growth is not proven"),
    "tiles-unproven": (TAMPERING, "tiles do not lead to the signed head"),
    "time-ahead": (LOOK, "the head is signed with a time to come"),
    "type-unknown": (LOOK, "an event type that this copy does not know"),
    "unreachable": (LATER, "the place does not answer"),
}
"""Code → exit code of `--once` and what it means. Never renamed."""
EVENTS: Final = frozenset(
    {"break-glass", "decision-diverges", "diverged", "entry-malformed", "entry-suppressed", "ledger-frozen", "ledger-restored",
     "log-rotated", "root-rotated", "rules-changed", "split-view", "type-unknown"}
)  # fmt: skip
"""Raised once for each thing found; the others stand from when they begin until they end."""
AHEAD_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing found: `place` the URL, `detail` in words, the entry's `index`, the file that shows it."""

    code: str
    place: str
    detail: str
    origin: str = ""
    index: int | None = None
    evidence: str | None = None

    @property
    def key(self) -> str:
        """What makes it the same alarm as before: details may tell a size that grows."""
        thing = f"{self.index}" if self.index is not None else self.evidence or ""
        return f"{self.code} {self.place if self.code not in EVENTS else self.origin} {thing}"

    def to_json(self) -> dict[str, Any]:
        """As an object."""
        return {"code": self.code, "detail": self.detail, "evidence": self.evidence, "index": self.index,
                "origin": self.origin, "place": self.place}  # fmt: skip


def exit_of(alarms: Sequence[Alarm]) -> int:
    """The gravest of them: 4, then 5, then 6; of none, 0."""
    return min((CODES[a.code][0] for a in alarms), default=0)


def key_alarms(head: Head, place: str) -> Iterator[Alarm]:
    """The form of the key set: whole pairs, and no stranger under the log's name."""
    origin = head.checkpoint.origin
    if head.half:
        names = ", ".join(k.key_id.hex() for k in head.half)
        yield Alarm("keys-half", place, f"size {head.checkpoint.size}: {names} signed without its other half", origin)
    if head.strangers:
        names = ", ".join(sorted({s.key_id.hex() for s in head.strangers}))
        detail = f"size {head.checkpoint.size}: key ids {names}; a rotation? verify the log, and get a new pin"
        yield Alarm("keys-unexpected", place, detail, origin)


def time_alarms(head: Head, place: str, *, since: int, now: int, max_age: int) -> Iterator[Alarm]:
    """Seconds since 1970: `since` when the monitor first saw this head, for logs that sign no time."""
    signed = head.signed_at
    origin, size = head.checkpoint.origin, head.checkpoint.size
    if signed is not None and signed > now + AHEAD_SECONDS:
        yield Alarm("time-ahead", place, f"size {size} is signed {signed - now} s ahead of this clock", origin)
    age = now - min(since if signed is None else signed, now)
    if age > max_age:
        yield Alarm("freeze", place, f"size {size} stands since {age} s; allowed are {max_age}", origin)


def entry_alarms(raw: bytes, index: int, place: str, origin: str) -> Iterator[Alarm]:
    """What an entry's kind asks to be looked at. A record of length zero is a suppressed entry, which its suppression told."""
    if not raw:
        return
    try:
        _, envelope = read_entry(raw)
        topic = peek_type(envelope.payload)
        kind = BY_TOPIC.get(topic)
        body = None if kind is None else parse_statement(envelope.payload, kind).predicate.body
    except LedgerError as err:
        yield Alarm("entry-malformed", place, f"entry {index}: {err}", origin, index)
        return
    code, detail = ("type-unknown", topic) if body is None else _said(body)
    if code:
        yield Alarm(code, place, f"entry {index}: {detail}", origin, index)


def _said(body: object) -> tuple[str, str]:
    match body:
        case ledger.Frozen():
            return "ledger-frozen", "ledger.frozen"
        case ledger.Restored():
            return "ledger-restored", "ledger.restored"
        case rules.Adopted():
            return "rules-changed", f"rules.adopted {body.rules}"
        case root.Rotated():
            return "root-rotated", "root.rotated"
        case log.Rotated():
            return "log-rotated", "log.rotated" + ("" if body.last_good_size is None else ", the old keys compromised")
        case entry.Suppressed():
            return "entry-suppressed", "entry.suppressed"
        case role.Granted() if body.break_glass:
            return "break-glass", f"role.granted {body.role} under break-glass"
        case decision.Made() if body.divergence_reason is not None:
            return "decision-diverges", f"decision.made {body.decision}"
        case _:
            return "", ""
