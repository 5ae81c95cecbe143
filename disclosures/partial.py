"""The shown entries of a bundle, folded: keys, roles and signatures checked as admission does, as far as what is shown goes.

Stream `ledger` is whole in every bundle, so who might sign what is known in full. What a type's own rules ask of other entries
may be withheld: these rules are not run, and whoever reads the report is told so. Nothing here makes an entry true that its
signers did not sign; a state that is folded from a part may answer otherwise than the whole would, so a claim is only carried
where both answer alike (spec/bundle.md §6).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from disclosures.shown import Shown
from disclosures.shown_entry import ShownEntry
from ledger.admit import Admitted, Submission, admit, fold_event, open_submission, place_event
from ledger.errors import LedgerError
from ledger.event import Event
from ledger.events import entry, model
from ledger.keys import KeyRecord
from ledger.place import EntryPlace, KnownEntry, references
from ledger.reasons import Reason, Refused
from ledger.replay import Problem
from ledger.state import State
from ledger.trust import KeyLife, key_refusal, live_grant
from ledger.trust_only import TrustOnly
from policies.rules import RULES


@dataclass(frozen=True, slots=True)
class Partial:
    """The state after the shown entries, what does not hold, and the indexes of entries that no policy could fold."""

    state: State
    problems: tuple[Problem, ...]
    unfolded: tuple[int, ...]
    events: tuple[Event, ...]


@dataclass(slots=True)
class _Folding:
    state: State
    shown: frozenset[int]
    rules: TrustOnly = field(default_factory=lambda: TrustOnly(RULES.version))
    problems: list[Problem] = field(default_factory=list)
    unfolded: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    recorded_at: str = ""

    def lookup(self, keyid: str) -> KeyRecord | None:
        life: KeyLife | None = self.state.get("key", keyid)
        return None if life is None else life.record

    def refuse(self, index: int, rule: str, detail: str, *, undecidable: bool = False) -> None:
        self.problems.append(Problem(index, rule, detail, undecidable))


def fold_shown(shown: Shown) -> Partial:
    """Fold what is shown, in order of index. Raises nothing for what the bundle says: that is a `Problem`."""
    return fold_entries(shown.entries)


def fold_entries(entries: Sequence[ShownEntry]) -> Partial:
    """The same of entries alone, in order of index."""
    folding = _Folding(State(), frozenset(e.index for e in entries))
    for one in entries:
        try:
            _step(folding, one)
        except LedgerError as err:
            folding.refuse(one.index, err.code, str(err))
    return Partial(folding.state, tuple(folding.problems), tuple(folding.unfolded), tuple(folding.events))


def _step(folding: _Folding, one: ShownEntry) -> None:
    state, predicate = folding.state, one.statement.predicate
    if one.recorded_at < folding.recorded_at:
        folding.refuse(one.index, "recorded-at-falls", "the recorded time is before that of an entry before it")
        return
    folding.recorded_at = one.recorded_at
    known = state.get("event_id", predicate.event_id)
    if known is not None:
        folding.refuse(one.index, "event-id-conflict", f"the event id stands at index {known[0]} already")
        return
    state.begin(one.index)
    _assume(folding, one)
    submission = open_submission(one.envelope, folding.lookup)
    outcome = submission if isinstance(submission, Refused) else _admitted(folding, one, submission)
    if isinstance(outcome, Refused):
        unknown = outcome.reason in (Reason.TYPE_UNKNOWN, Reason.RULES_UNKNOWN)
        folding.refuse(one.index, outcome.reason, outcome.detail, undecidable=unknown)
        return
    if outcome.entry != one.raw:
        folding.refuse(one.index, "chain-broken", "the entry's place is not the one behind the version before it")
        return
    fold_event(state, outcome.event, folding.rules)
    folding.events.append(outcome.event)
    _fold_meaning(folding, outcome.event)


def _assume(folding: _Folding, one: ShownEntry) -> None:
    """Take from the entry itself what only withheld entries could tell: its place behind withheld versions, the leaves of
    entries that it refers to and that are not shown, and the subject of a model whose registration is withheld.
    """
    state, predicate = folding.state, one.statement.predicate
    place: EntryPlace = state.get("stream", one.stream) or EntryPlace(0, "")
    if place.version < one.version - 1:
        state.put("stream", one.stream, EntryPlace(one.version - 1, one.previous))
    for cited in (*predicate.causes, *references(predicate.body)):
        name = str(cited.index)
        if cited.index not in folding.shown and cited.index < one.index and state.get("entry", name) is None:
            state.put("entry", name, KnownEntry(cited.index, cited.leaf, "", 0, ""))
    if isinstance(predicate.body, entry.Suppressed) and predicate.body.index not in folding.shown:
        _assume_suppressed(state, one.index, predicate.body)
    in_model = one.kind.stream == "model" and not isinstance(predicate.body, model.Registered)
    if in_model and state.get("subject", one.stream) is None:
        state.put("subject", one.stream, one.statement.subject[0].digest.sha256)


def _assume_suppressed(state: State, index: int, said: entry.Suppressed) -> None:
    """A suppressed entry is shown to nobody: its suppression alone says what it was, under the leaf cited before."""
    known: KnownEntry | None = state.get("entry", str(said.index))
    if said.index < index and (known is None or known.leaf == said.leaf):
        state.put("entry", str(said.index), KnownEntry(said.index, said.leaf, said.stream, said.version, said.type))


def _admitted(folding: _Folding, one: ShownEntry, submission: Submission) -> Admitted | Refused:
    body = submission.body
    if body.derived:
        return _derived(folding.state, one, submission)
    return admit(folding.state, one.index, one.recorded_at, submission, folding.rules)


def _derived(state: State, one: ShownEntry, submission: Submission) -> Admitted | Refused:
    """What the engine derives is signed by one key of use engine that was alive then, whose owner holds that role."""
    predicate = submission.statement.predicate
    if predicate.ledger != state.get("meta", "origin") or predicate.founding != state.get("meta", "founding"):
        return Refused(Reason.WRONG_LEDGER, "the statement is for another ledger, or for one founded anew")
    if len(predicate.signers) != 1:
        return Refused(Reason.SIGNERS_MISMATCH, "a derived entry is signed by the engine's key alone")
    keyid = predicate.signers[0]
    life: KeyLife | None = state.get("key", keyid)
    refusal = key_refusal(life, keyid, one.recorded_at, use="engine")
    if refusal is not None or life is None:
        return refusal or Refused(Reason.KEY_UNKNOWN, f"key {keyid} is not registered in this ledger")
    if live_grant(state, life.record.principal, "engine", one.recorded_at) is None:
        return Refused(Reason.ROLE_MISSING, f"{life.record.principal} does not hold the role engine")
    return place_event(state, one.index, one.recorded_at, submission, (life.record.principal,))


def _fold_meaning(folding: _Folding, event: Event) -> None:
    """Fold into the policy tables. A fold looks up entries that admission found; here one may be withheld, and then there is
    nothing to fold on: the layer is dropped whole and the entry listed, so that no half of it counts.
    """
    layer = folding.state.layer()
    try:
        RULES.fold(layer, event)
    except (AttributeError, KeyError, IndexError, TypeError):
        folding.unfolded.append(event.index)
        return
    layer.absorb()
