"""Replay: fold a log from entry 0, checking at each index what admission checked (access.md §1, formats.md §4).

The very functions that the appender runs are run here, with the rules passed in. The first thing that does not hold is a
`Problem` naming index and rule. An unknown event type or rules version is not a problem of the log: it is `ERROR`, which
the caller says, because whoever runs an old copy could not decide.
"""

from collections import deque
from dataclasses import dataclass, field

from ledger.admit import (
    Admitted,
    Check,
    Rules,
    Submission,
    admit,
    fold_event,
    open_submission,
    place_event,
    unknown_rules,
)
from ledger.committed import index_payload
from ledger.derived import derived_payload, place_sealed, sealing_key
from ledger.entry import Entry, read_entry
from ledger.envelope import Envelope, pae
from ledger.errors import LedgerError
from ledger.event import Event
from ledger.events import index
from ledger.keys import KeyRecord, load_public, verify
from ledger.reasons import Reason, Refused
from ledger.root import frozen_refusal
from ledger.state import State
from ledger.trust import KeyLife, engine_key


@dataclass(frozen=True, slots=True)
class Problem:
    """What does not hold, and where. `undecidable` = this copy of the program cannot say: `ERROR`, never `INVALID`."""

    index: int
    rule: str
    detail: str
    undecidable: bool = False


@dataclass(slots=True)
class Replay:
    """The state after entries 0…size−1, and what the last cause still owes."""

    rules: Rules
    check: Check = verify
    state: State = field(default_factory=State)
    size: int = 0
    recorded_at: str = ""
    owed: deque[bytes] = field(default_factory=deque)
    cause: Event | None = None

    def lookup(self, keyid: str) -> KeyRecord | None:
        """The key record of `keyid`, whatever has become of the key."""
        life: KeyLife | None = self.state.get("key", keyid)
        return None if life is None else life.record

    def step(self, raw: bytes) -> Event | Problem:
        """Check entry number `size` and fold it. After a `Problem` the replay has not moved."""
        unknown = None if self.size == 0 else unknown_rules(self.state, self.rules)
        if unknown is not None:  # whatever the bytes are: another version may have another format for them
            return Problem(self.size, unknown.reason, unknown.detail, undecidable=True)
        try:
            entry, envelope = read_entry(raw)
            if entry.recorded_at < self.recorded_at:
                return Problem(self.size, "recorded-at-falls", "the recorded time is before that of the entry before")
            outcome = self._derived(entry, envelope) if self.owed else self._submitted(entry, envelope)
        except LedgerError as err:
            return Problem(self.size, err.code, str(err))
        if isinstance(outcome, Problem):
            return outcome
        if outcome.entry != raw:
            return Problem(self.size, "entry-mismatch", "the entry's place in its stream is not what precedes it says")
        event = outcome.event
        self._fold(event)
        self.size += 1
        self.recorded_at = entry.recorded_at
        if self.owed:
            self.owed.popleft()
        else:
            self._owe(event)
        return event

    def _submitted(self, entry: Entry, envelope: Envelope) -> Admitted | Problem:
        submission = open_submission(envelope, self.lookup, self.check)
        if isinstance(submission, Submission):
            known = self.state.get("event_id", submission.statement.predicate.event_id)
            if known is not None:
                return Problem(self.size, "event-id-conflict", f"the event id stands at index {known[0]} already")
            if isinstance(submission.body, index.Committed):
                return self._recomputed(entry, envelope, submission)
            answer = self._judge(entry, submission)
        else:
            answer = submission
        if isinstance(answer, Refused):
            unknown = answer.reason in (Reason.TYPE_UNKNOWN, Reason.RULES_UNKNOWN)
            return Problem(self.size, answer.reason, answer.detail, undecidable=unknown)
        return answer

    def _judge(self, entry: Entry, submission: Submission) -> Admitted | Refused:
        return admit(self.state, self.size, entry.recorded_at, submission, self.rules)

    def _fold(self, event: Event) -> None:
        fold_event(self.state, event, self.rules)

    def _recomputed(self, entry: Entry, envelope: Envelope, submission: Submission) -> Admitted | Problem:
        """The stream index is what the entries before it say, under the engine's newest live key; the signature was checked."""
        frozen = frozen_refusal(self.state)
        if frozen is not None:
            return Problem(self.size, frozen.reason, frozen.detail)
        engine = engine_key(self.state, entry.recorded_at) if self.size else None
        if engine is None:
            return Problem(self.size, Reason.ENGINE_MISSING, "no live engine key commits to the stream index")
        if envelope.payload != index_payload(self.state, self.size, entry.recorded_at, engine):
            return Problem(self.size, "index-mismatch", "the stream index is not that of the entries before it")
        return place_event(self.state, self.size, entry.recorded_at, submission, (engine.record.principal,))

    def _derived(self, entry: Entry, envelope: Envelope) -> Admitted | Problem:
        """Entries right after a cause are exactly what it derives; anything else is `derived-missing`."""
        cause = self.cause
        if cause is None or envelope.payload != self.owed[0] or entry.recorded_at != cause.recorded_at:
            return Problem(self.size, "derived-missing", "the entry is not what its cause derives under the rules")
        engine = sealing_key(self.state, cause)
        record, signature = engine.record, envelope.signatures[0]
        if len(envelope.signatures) != 1 or signature.keyid != record.keyid:
            return Problem(self.size, "signers-mismatch", "a derived entry is signed by the engine's key alone")
        public = load_public(record.spki, record.alg)
        if not self.check(public, record.alg, pae(envelope.payload), signature.sig):
            return Problem(self.size, "signature-invalid", f"the signature of key {record.keyid} does not verify")
        return place_sealed(self.state, self.size, cause.recorded_at, envelope, engine)

    def _owe(self, event: Event) -> None:
        derived = self.rules.derive(self.state, event)
        self.cause = event
        self.owed.extend(derived_payload(self.state, event, n, d) for n, d in enumerate(derived))
