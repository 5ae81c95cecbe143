"""A batch being admitted, in order, on a layer of its own: a failed commit drops the layer, and nothing has happened.

A refusal takes no index. One that was decided behind an uncommitted batch-mate *rests* on it: it is answered only after that
commit, and decided anew where the commit fails (log.md §2.3).
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from ledger.admit import Admitted, Rules, Submission, admit, fold_event, unknown_rules
from ledger.committed import commit_index
from ledger.derived import Seal, follow
from ledger.errors import Fault, LedgerError
from ledger.events import disclosure
from ledger.reasons import Reason, Refused
from ledger.state import State
from ledger.store.outcome import Appended, Known, Outcome
from ledger.store.position import Position
from ledger.store.rows import Batch, Row, make_batch
from ledger.store.vault import Vault, retained_until
from ledger.store.wrapping import MISSING, Sealed
from ledger.tile import BatchProofs

MAX_ROWS = 2000


@dataclass(frozen=True, slots=True)
class Placed:
    """Will be entry `index` once the batch is committed; `again`: the same statement stands earlier in this batch."""

    index: int
    again: bool = False


Verdict: TypeAlias = Outcome | Placed | None


@dataclass(slots=True)
class Group:
    """Submissions that arrived together; `atomic` = all or none. `undecided`: the positions that still need a verdict.

    `index`: no submission, but the wish for an `index.committed`; its one verdict is the entry's.
    """

    submissions: Sequence[Submission]
    answer: Future[list[Outcome]]
    atomic: bool = False
    index: bool = False
    verdicts: list[Verdict] = field(init=False)
    undecided: list[int] = field(init=False)
    resting: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Nothing is decided yet."""
        self.undecided = list(range(1 if self.index else len(self.submissions)))
        self.verdicts = [None for _ in self.undecided]

    def settle(self, answers: Callable[[Placed], Outcome]) -> bool:
        """Answer the callers, unless something is undecided still. Whether it is."""
        for n in self.undecided:
            verdict = self.verdicts[n]
            if isinstance(verdict, Placed):
                self.verdicts[n] = answers(verdict)
        self.undecided = [n for n in self.undecided if self.verdicts[n] is None]
        if not self.undecided:
            self.answer.set_result([v for v in self.verdicts if v is not None and not isinstance(v, Placed)])
        return bool(self.undecided)

    def void(self, fault: LedgerError) -> bool:
        """The commit failed: what would be appended gets `fault`, what rested on it is undecided again. Whether any is."""
        for n in self.resting:
            self.verdicts[n] = None
        return self.settle(lambda _placed: fault)

    def fail(self, fault: LedgerError) -> None:
        """Answer everything that has no verdict with `fault`."""
        for n in self.undecided:
            if self.verdicts[n] is None:
                self.verdicts[n] = fault
        self.settle(lambda _placed: fault)


@dataclass(slots=True)
class Draft:
    """The next batch on top of `base`, recorded at `at`. Verdicts go into the groups; no clock, and of the database the vault."""

    base: Position
    at: str
    rules: Rules
    seal: Seal
    vault: Vault | None = None
    state: State = field(init=False)
    admitted: list[Admitted] = field(default_factory=list)
    causes: dict[int, int] = field(default_factory=dict)
    """Index of each submission's entry → the index behind what it derived."""
    fields: dict[int, Submission] = field(default_factory=dict)
    """Index of an entry → its submission, where field disclosures came with it."""

    def __post_init__(self) -> None:
        """Start from the published state."""
        self.state = self.base.state.layer()

    def decide(self, group: Group) -> None:
        """Decide a group's undecided submissions in order, as far as there is room; the others stay undecided."""
        if group.index:
            group.verdicts[0] = self._commit_index()
            return
        state = self.state.layer() if group.atomic else self.state
        mark, resting = len(self.admitted), set[int]()
        for n in group.undecided:  # an earlier draft may have decided it, before the race was lost
            group.verdicts[n] = None
        for n in group.undecided:
            rests = bool(self.admitted)
            verdict = group.verdicts[n] = self._decide(state, group.submissions[n])
            if rests and isinstance(verdict, Refused):
                resting.add(n)
            if group.atomic and not isinstance(verdict, Placed | Known):
                self._decline(group, verdict, mark)
                return
            if verdict is None:
                break
        if group.atomic:
            state.absorb()
        group.resting = resting

    def _commit_index(self) -> Verdict:
        """First in a batch or not in it at all: what stands before it is then what has been committed, and no group is cut.

        Where nothing but the newest commitment itself has been appended since, that one answers.
        """
        size, newest = self.base.size, self.state.get("meta", "committed")
        if newest is not None and newest >= size - 1:
            return Placed(newest, again=True) if newest >= size else Known(newest)
        if self.admitted:
            return None
        try:
            answer = unknown_rules(self.state, self.rules) or commit_index(self.state, size, self.at, self.seal)
            if isinstance(answer, Refused):
                return answer
            fold_event(self.state, answer.event, self.rules)
        except LedgerError as err:
            return err
        self.admitted.append(answer)
        self.causes[size] = size + 1
        return Placed(size)

    def _decline(self, group: Group, verdict: Verdict, mark: int) -> None:
        """None of an atomic group is appended; its layer was never absorbed. Alone and still without room, it never fits."""
        del self.admitted[mark:]
        self.causes = {start: stop for start, stop in self.causes.items() if start < self.base.size + mark}
        self.fields = {start: kept for start, kept in self.fields.items() if start < self.base.size + mark}
        if verdict is None and not mark:
            detail = f"{len(group.submissions)} submissions with what they derive are over {MAX_ROWS} entries"
            verdict = Fault("batch-too-large", "failed", detail, "send fewer at once")
        for n in group.undecided:
            if verdict is None or not isinstance(group.verdicts[n], Refused):
                group.verdicts[n] = verdict
        group.resting = set(group.undecided) if mark and verdict is not None else set()

    def _decide(self, state: State, submission: Submission) -> Verdict:
        # The event id comes first: a retry after a rotation still gets its receipt (log.md §2.3).
        known = state.get("event_id", submission.statement.predicate.event_id)
        if known is not None:
            index, digest = known
            if digest != submission.digest:
                facts = (("first", digest), ("second", submission.digest))
                return Refused(Reason.EVENT_ID_CONFLICT, f"the event id stands at index {index} already", facts)
            return self._late(index, submission) or (
                Placed(index, again=True) if index >= self.base.size else Known(index)
            )
        index = self.base.size + len(self.admitted)
        try:
            answer = admit(state, index, self.at, submission, self.rules)
            if isinstance(answer, Refused):
                return answer
            refusal = self._unkept(submission)
            if refusal is not None:
                return refusal
            step = state.layer()
            fold_event(step, answer.event, self.rules)
            derived = follow(step, answer.event, self.rules, self.seal)
        except LedgerError as err:  # too large as an entry, no engine key: this one's trouble alone
            return err
        if len(derived) >= MAX_ROWS:
            return Fault("batch-too-large", "failed", f"it derives {len(derived)} entries", "a defect of the rules")
        if len(self.admitted) + 1 + len(derived) > MAX_ROWS:
            return None
        step.absorb()
        self.admitted += [answer, *derived]
        self.causes[index] = index + 1 + len(derived)
        if submission.fields:
            self.fields[index] = submission
        return Placed(index)

    def _late(self, index: int, submission: Submission) -> Refused | LedgerError | None:
        """A field that comes after its event was recorded without it is not dropped in silence: rows come with their event."""
        if not submission.fields:
            return None
        try:
            if index >= self.base.size:
                first = self.fields.get(index)
                late = first is None or not set(submission.fields) <= set(first.fields)
            else:
                late = self.vault is None or self.vault.lacks(index, submission.fields)
        except LedgerError as err:
            return err
        facts = (("index", str(index)),)
        detail = f"the event stands at index {index} without these field disclosures, which are not kept"
        return Refused(Reason.DISCLOSURE_LATE, detail, facts) if late else None

    def _unkept(self, submission: Submission) -> Refused | None:
        """Fields that can't be kept refuse their event, and nothing is erased before its time. Raises `Fault`."""
        if submission.fields:
            if self.vault is None:
                raise MISSING
            self.vault.key()
        if not isinstance(submission.body, disclosure.Erased):
            return None
        if any(self._takes(submission.body, index, kept) for index, kept in self.fields.items()):
            detail = "it names fields that come with this very batch, and are retained"
            return Refused(Reason.STILL_RETAINED, detail)
        named = () if self.vault is None else self.vault.named(submission.body, self.at)
        if not named:
            return Refused(Reason.NOTHING_TO_ERASE, "none of the fields that it names is kept here")
        retained = sum(n.retained for n in named)
        if not retained:
            return None
        last = max(named, key=lambda n: n.retained_until)
        detail = (
            f"{retained} of the fields that it names are retained, {last.type} {last.field} until {last.retained_until}"
        )
        return Refused(Reason.STILL_RETAINED, detail, (("retained_until", last.retained_until),))

    @staticmethod
    def _takes(said: disclosure.Erased, index: int, kept: Submission) -> bool:
        """Whether an erasure names a field of the batch, which no table has yet: the database would refuse the whole batch."""
        names = {name for c in said.classes if c.type == kept.body.event.name for name in c.fields}
        there = said.stream == kept.statement.predicate.stream and said.first <= index <= said.last
        return there and any(f.field in names for f in kept.fields)

    def batch(self) -> tuple[Batch, BatchProofs]:
        """What goes to the database, unsigned, and the tree it leads to."""
        rows = tuple(
            Row(a.entry, e.event_id, e.stream, e.stream_version, e.type.topic, bytes.fromhex(e.leaf))
            for a in self.admitted
            for e in (a.event,)
        )
        batch, proofs = make_batch(self.base.edge, rows, self.at, len(self.causes))
        if self.vault is None or not self.fields:
            return batch, proofs
        return replace(
            batch, fields=tuple(self._sealed()), retained_until=retained_until(self.at, self.vault.years)
        ), proofs

    def _sealed(self) -> Iterator[tuple[int, Sealed]]:
        """The fields that go with the batch, encrypted, each with the position of its row."""
        if self.vault is not None:
            for index, submission in self.fields.items():
                for row in self.vault.seal(submission.digest, submission.fields):
                    yield index - self.base.size, row

    def answers(self, proofs: BatchProofs, note: str) -> Callable[[Placed], Outcome]:
        """Receipts from memory, once `note` is signed."""
        made: dict[int, Appended] = {}

        def answer(placed: Placed) -> Outcome:
            found = made.get(placed.index)
            if found is None:
                start = placed.index - self.base.size
                stop = self.causes.get(placed.index, placed.index + 1) - self.base.size
                found = made[placed.index] = Appended(
                    event=self.admitted[start].event,
                    entry=self.admitted[start].entry,
                    size=proofs.edge.size,
                    proof=proofs.proof(placed.index),
                    note=note,
                    derived=tuple(a.event for a in self.admitted[start + 1 : stop]),
                )
            return replace(found, replay=True) if placed.again else found

        return answer
