"""A replay of a log in which entries are suppressed: what stands there by its leaf alone, and what can't be judged without it.

A zero-length record takes its leaf from the hash tile or the proof, and its stream, version and type from the `entry.suppressed`
further on, which the root's quorum signed (spec/root.md). Trust is never lost by it: no type of trust, framework or decision can
be suppressed, nor can `model.registered`; keys, signatures, roles, quorums, places and references of all other entries are judged
as ever. What the rules of an event's own type ask may rest on what is not there: such an entry is listed, and never guessed.
"""

from dataclasses import dataclass, field

from ledger.admit import Admitted, Submission, admit, fold_event, place_event
from ledger.entry import Entry
from ledger.envelope import Envelope
from ledger.event import Body, Event
from ledger.events import entry
from ledger.fields import Reference
from ledger.place import EntryPlace, KnownEntry, references
from ledger.reasons import Reason, Refused
from ledger.replay import Problem, Replay
from ledger.root import suppressible
from ledger.state import State
from ledger.trust import engine_key
from ledger.trust_only import TrustOnly

LOST = (AttributeError, KeyError, IndexError, TypeError)
"""What a rule raises that looks up an entry which admission once found, and which is not here."""
STRICT = frozenset({"framework"})
"""Families whose rules rest on nothing that can be suppressed: a refusal stays one."""


@dataclass
class SuppressedReplay(Replay):
    """A `Replay` that also takes suppressed entries. Without any, it is exactly a `Replay`.

    `absent`: index → its suppression. `unjudged`: index → why the rules of its own type could not be run; it counts for nothing.
    `resting`: indexes of entries that were judged and name one of these, or one that names one.
    """

    absent: dict[int, entry.Suppressed] = field(default_factory=dict)
    unjudged: dict[int, str] = field(default_factory=dict)
    resting: dict[int, None] = field(default_factory=dict)
    causes: list[int] = field(default_factory=list)
    """What the next derived entry may follow from: the last submitted entry, and what is suppressed behind it."""

    def skip(self, leaf: str, said: entry.Suppressed | None) -> Problem | None:
        """Give entry number `size` its place by its leaf hash (hex) alone. `said` is the suppression that names it, if one does.

        Whether that is admitted is seen when the replay reaches it; the caller holds that against `unsaid`.
        """
        place: EntryPlace = (
            EntryPlace(0, "") if said is None else self.state.get("stream", said.stream) or EntryPlace(0, "")
        )
        if said is None or said.index != self.size:
            return Problem(self.size, "entry-withheld", "nothing stands here, and no entry.suppressed names it")
        if said.leaf != leaf:
            return Problem(self.size, "leaf-mismatch", "the entry that was suppressed has another leaf hash")
        if not suppressible(said.type):
            return Problem(self.size, Reason.NOT_SUPPRESSIBLE, f"a {said.type} is never suppressed")
        if said.version != place.version + 1:
            return Problem(self.size, "entry-mismatch", f"{said.stream} has {place.version} entries before this one")
        self.state.begin(self.size)
        self.state.put("stream", said.stream, EntryPlace(said.version, leaf))
        self.state.put("entry", str(self.size), KnownEntry(self.size, leaf, said.stream, said.version, said.type))
        self.absent[self.size] = said
        self.causes.append(self.size)
        if self.owed:  # it may be one of those that its cause derives, or stand where none was: what follows tells
            self.owed.popleft()
        self.size += 1
        return None

    def unsaid(self) -> Problem | None:
        """At the end: a record that is missing, and whose suppression the log does not hold."""
        missing = next((n for n in self.absent if self.state.get("suppressed", str(n)) is None), None)
        if missing is None:
            return None
        return Problem(missing, "entry-withheld", "nothing stands here, and no entry.suppressed names it")

    def step(self, raw: bytes) -> Event | Problem:
        """As `Replay.step`."""
        follows = bool(self.owed)
        outcome = super().step(raw)
        if isinstance(outcome, Problem):
            return outcome
        if not self.absent:
            self.causes = self.causes if follows else [outcome.index]
            return outcome
        if not (follows or _is_derived(outcome.body)):
            self.causes = [outcome.index]
        if outcome.index not in self.unjudged and not isinstance(outcome.body, entry.Suppressed):
            named = (r.index for r in (*outcome.causes, *references(outcome.body)))
            if any(n in self.absent or n in self.unjudged or n in self.resting for n in named):
                self.resting[outcome.index] = None
        return outcome

    def _derived(self, entry: Entry, envelope: Envelope) -> Admitted | Problem:
        outcome = super()._derived(entry, envelope)
        if not self.absent or not isinstance(outcome, Problem) or outcome.rule != "derived-missing":
            return outcome
        self.drop_owed()
        return self._submitted(entry, envelope)

    def drop_owed(self) -> None:
        """What the last cause derives differs from what this replay expects, which knows less than the log did then."""
        self.owed.clear()
        if self.cause is not None:
            self.unjudged.setdefault(
                self.cause.index, "what follows from it is not what follows without the suppressed entry"
            )

    def _judge(self, entry: Entry, submission: Submission) -> Admitted | Refused:
        if not self.absent:
            return super()._judge(entry, submission)
        try:
            answer = super()._judge(entry, submission)
        except LOST as err:
            detail = f"its rules look for what is not there ({type(err).__name__})"
            answer = Refused(Reason.REFERENCE_WRONG, detail)
        if isinstance(answer, Admitted) or submission.body.event.name.partition(".")[0] in STRICT:
            return answer
        again = self._sealed(entry, submission) if answer.reason == Reason.DERIVED_TYPE else None
        if answer.reason != Reason.DERIVED_TYPE:
            found = admit(self.state, self.size, entry.recorded_at, submission, TrustOnly(self.rules.version))
            again = found if isinstance(found, Admitted) else None
        if again is None:
            return answer
        self.unjudged[self.size] = f"{answer.reason}: {answer.detail}"
        return again

    def _sealed(self, entry: Entry, submission: Submission) -> Admitted | None:
        """What the engine says to follow from a cause, by its newest live key; whether it does can't be told any more."""
        engine = engine_key(self.state, entry.recorded_at)
        predicate = submission.statement.predicate
        if engine is None or predicate.signers != (engine.record.keyid,) or not _is_derived(submission.body):
            return None
        for cause in self.causes:
            known: KnownEntry = self.state.get("entry", str(cause))
            together = cause in self.absent or entry.recorded_at == self.recorded_at
            if predicate.causes == (Reference(index=cause, leaf=known.leaf),) and together:
                return place_event(self.state, self.size, entry.recorded_at, submission, (engine.record.principal,))
        return None

    def _fold(self, event: Event) -> None:
        if not self.absent:
            fold_event(self.state, event, self.rules)
            return
        fold_event(self.state, event, TrustOnly(self.rules.version))
        if event.index in self.unjudged:
            return
        layer: State = self.state.layer()
        try:
            self.rules.fold(layer, event)
        except LOST as err:  # the layer is dropped whole, so that no half of it counts
            self.unjudged[event.index] = f"what it adds up to rests on what is not there ({type(err).__name__})"
            return
        layer.absorb()

    def _owe(self, event: Event) -> None:
        if event.index in self.unjudged:
            if not _is_derived(event.body):
                self.cause = event
            return
        try:
            super()._owe(event)
        except LOST as err:
            if not self.absent:
                raise
            self.unjudged[event.index] = f"what it derives rests on what is not there ({type(err).__name__})"


def _is_derived(body: Body) -> bool:
    return body.event.derived or getattr(body, "made", None) == "rule"
