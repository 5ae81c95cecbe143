"""The commit loop: one appender per log (log.md §2).

admit in order → commit (one round trip, unsigned) → anchor → sign → answer. Crash points are marked where they are. After
any failed or ambiguous commit the memory is dropped and the head read again: recovery is the normal path (R8).
"""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from ledger.admit import Admitted, Rules, Submission, admit, fold_event, unsafe_unchecked
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.derived import follow
from ledger.envelope import Envelope, sign_envelope
from ledger.errors import Fault, LedgerError
from ledger.keys import KeyRecord, Signer
from ledger.note import CheckpointSigner
from ledger.reasons import Reason, Refused
from ledger.replay import Problem, Replay
from ledger.state import State
from ledger.store.anchor import Anchor, AnchoredHead
from ledger.store.desk import Desk
from ledger.store.outcome import Appended, Known, Outcome
from ledger.store.rows import Batch, Row
from ledger.strict import micros
from ledger.tile import BatchProofs, Edge
from ledger.trust import KeyLife

MAX_SUBMISSIONS = 500
MAX_QUEUE = 4096
RECOVER_SECONDS = 120.0
NOTE_EVERY_US = 3_600_000_000
Clock = Callable[[], str]


@dataclass(slots=True)
class Group:
    """Submissions that arrived together; `atomic` = all or none."""

    submissions: Sequence[Submission]
    answer: Future[list[Outcome]]
    atomic: bool = False


@dataclass(slots=True)
class _Draft:
    """A batch being admitted: its layer of state, rows, and outcomes in submission order."""

    state: State
    at: str
    size: int
    admitted: list[Admitted] = field(default_factory=list)
    causes: list[tuple[int, int]] = field(default_factory=list)


class Appender:
    """Owns the end of the log. Thread-safe: `submit` from any thread; one thread commits.

    Raises `Fault` from `open` with the codes of `docs/how-to`: `diverged`, `anchor-missing`, `engine-key-wrong`, …
    """

    def __init__(
        self,
        desk: Desk,
        anchor: Anchor,
        rules: Rules,
        engine: Signer,
        log: CheckpointSigner,
        clock: Clock,
    ) -> None:
        self._desk, self._anchor, self._rules = desk, anchor, rules
        self._engine, self._log, self._clock = engine, log, clock
        self._replay = Replay(rules, unsafe_unchecked)
        self._edge = Edge.empty()
        self._queue: queue.Queue[Group | None] = queue.Queue(MAX_QUEUE)
        self._thread = threading.Thread(target=self._run, name="appender", daemon=True)
        self._noted_at = ""
        self._stopped: Fault | None = None
        self.lock = threading.RLock()
        self.published: tuple[int, str] = (0, "")

    # -- start -------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Fold what is stored, compare with the anchor, sign what is committed and unsigned, start the thread."""
        self._catch_up()
        self._check_anchor()
        if self.size:
            self._publish()
        self._thread.start()

    @property
    def size(self) -> int:
        """Entries committed, as this appender knows."""
        return self._replay.size

    @property
    def state(self) -> State:
        """The state after all committed entries; read it, never write to it."""
        return self._replay.state

    @property
    def recorded_at(self) -> str:
        """The recorded time of the last entry, or the empty text."""
        return self._replay.recorded_at

    @property
    def stopped(self) -> Fault | None:
        """Why appends are refused, if they are."""
        return self._stopped

    @property
    def queued(self) -> int:
        """Groups of submissions that wait for a commit."""
        return self._queue.qsize()

    def lookup(self, keyid: str) -> KeyRecord | None:
        """A registered key's record, for the stateless half of admission."""
        life: KeyLife | None = self.state.get("key", keyid)
        return None if life is None else life.record

    def _catch_up(self) -> None:
        """Fold stored entries from our size to the head's. The root over re-hashed bytes must be the head's (R6)."""
        head = self._desk.read_head()
        if head.size < self.size:
            raise Fault(
                "diverged", "failed", f"the head is at {head.size}, memory at {self.size}", "see how-to/diverged"
            )
        leaves: list[bytes] = []
        for row in self._desk.read_entries(self.size, head.size):
            outcome = self._replay.step(row.entry)
            if isinstance(outcome, Problem):
                detail = f"entry {outcome.index}: {outcome.rule} ({outcome.detail})"
                raise Fault("ledger-invalid", "failed", detail, "run holdpoint fsck")
            leaves.append(bytes.fromhex(outcome.leaf))
        self._edge, _ = self._edge.extend(leaves)
        if self.size != head.size or (head.size and self._edge.root() != head.root):
            detail = f"the stored entries do not hash to the head's root at size {head.size}"
            raise Fault("ledger-invalid", "failed", detail, "run holdpoint fsck")

    def _check_anchor(self) -> None:
        anchored = self._anchor.head
        if anchored is None:
            if self.size:
                raise Fault("anchor-missing", "failed", "the ledger is not empty and its anchor is", "bring it back")
            return
        if anchored.size > self.size or anchored.size == 0:
            detail = f"anchored size {anchored.size}, stored size {self.size}"
            raise Fault("diverged", "failed", detail, "restore the missing entries from tiles: docs/how-to/diverged.md")
        if self._root_at(anchored.size) != anchored.root or anchored.origin != self.state.get("meta", "origin"):
            detail = f"the stored tree has another root at the anchored size {anchored.size}"
            raise Fault("diverged", "failed", detail, "keep everything as it is: docs/how-to/diverged.md")

    def _root_at(self, size: int) -> bytes:
        edge = Edge.empty()
        for start in range(0, size, 65_536):
            edge, _ = edge.extend(self._desk.read_leaf_hashes(start, min(size, start + 65_536)))
        return edge.root()

    # -- submit ------------------------------------------------------------------------------------------------------

    def submit(self, submissions: Sequence[Submission], *, atomic: bool = False) -> Future[list[Outcome]]:
        """Queue a group; its outcomes come in order. Raises `Fault` `overloaded` or the reason appends are stopped."""
        if self._stopped is not None:
            raise self._stopped
        group = Group(submissions, Future(), atomic)
        try:
            self._queue.put_nowait(group)
        except queue.Full:
            raise Fault("overloaded", "failed", "the append queue is full", "retry after a second") from None
        return group.answer

    def close(self) -> None:
        """Finish what is queued, store the last note, stop."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()
        size, note = self.published
        if size and self._stopped is None:
            self._desk.put_note(size, note)

    # -- the loop ----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            groups, last = self._take()
            if groups:
                try:
                    self._commit(groups)
                except LedgerError as err:
                    fault = err if isinstance(err, Fault) else Fault(err.code, "unknown", str(err), "see the log lines")
                    self._fail(groups, fault)
            if last:
                return

    def _take(self) -> tuple[list[Group], bool]:
        """Wait for one group, then take all that has queued meanwhile: no timer in the way of a lone event."""
        groups: list[Group] = []
        count = 0
        item = self._queue.get()
        while item is not None:
            groups.append(item)
            count += len(item.submissions)
            if count >= MAX_SUBMISSIONS:
                return groups, False
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return groups, False
        return groups, True

    def _commit(self, groups: list[Group]) -> None:
        at = max(self.recorded_at, self._clock())
        draft = _Draft(self.state.layer(), at, self.size)
        outcomes = [self._admit_group(draft, group) for group in groups]
        if draft.admitted:
            self._store(draft)
            notes = self._finish(draft)
        else:
            notes = {}
        for group, indexes in zip(groups, outcomes, strict=True):
            group.answer.set_result([notes[o] if isinstance(o, int) else o for o in indexes])

    def _admit_group(self, draft: _Draft, group: Group) -> list[Outcome | int]:
        """Outcomes of a group: an index into the draft for what will be appended, or the answer itself."""
        state, count, causes = draft.state.layer(), len(draft.admitted), len(draft.causes)
        outcomes: list[Outcome | int] = []
        for submission in group.submissions:
            outcome = self._admit_one(draft, state, submission)
            outcomes.append(outcome)
            if group.atomic and not isinstance(outcome, int | Known):
                del draft.admitted[count:], draft.causes[causes:]
                answers: list[Outcome | int] = [o if isinstance(o, Refused) else outcome for o in outcomes]
                return answers + [outcome] * (len(group.submissions) - len(outcomes))
        state.absorb()
        return outcomes

    def _admit_one(self, draft: _Draft, state: State, submission: Submission) -> Outcome | int:
        # The event id comes first: a retry after a rotation still gets its receipt (log.md §2.3).
        known = state.get("event_id", submission.statement.predicate.event_id)
        if known is not None:
            index, digest = known
            if digest != submission.digest:
                facts = (("first", digest), ("second", submission.digest))
                return Refused(Reason.EVENT_ID_CONFLICT, f"the event id stands at index {index} already", facts)
            return index if index >= draft.size else Known(index)
        index = draft.size + len(draft.admitted)
        answer = admit(state, index, draft.at, submission, self._rules)
        if isinstance(answer, Refused):
            return answer
        fold_event(state, answer.event, self._rules)
        derived = follow(state, answer.event, self._rules, self._seal)
        draft.admitted += [answer, *derived]
        draft.causes.append((index, index + 1 + len(derived)))
        return index

    def _seal(self, payload: bytes, keyid: str) -> Envelope:
        if keyid != self._engine.keyid:
            raise Fault("engine-key-wrong", "failed", f"the log's engine key is {keyid}", "configure that key")
        return sign_envelope(payload, (self._engine,))

    def _store(self, draft: _Draft) -> None:
        """Commit, unsigned. A crash before COMMIT leaves nothing; after it, entries that start-up anchors and signs."""
        leaves = [bytes.fromhex(a.event.leaf) for a in draft.admitted]
        proofs = BatchProofs(self._edge, leaves)
        edge, tiles = proofs.edge, proofs.tiles
        rows = tuple(
            Row(a.entry, a.event.event_id, a.event.stream, a.event.stream_version, a.event.type.topic, leaf)
            for a, leaf in zip(draft.admitted, leaves, strict=True)
        )
        batch = Batch(
            old_size=draft.size,
            rows=rows,
            recorded_at=draft.at,
            tiles=tiles,
            frontier=edge.frontier().to_bytes(),
            root=edge.root(),
            submissions=len(draft.causes),
        )
        committed = self._desk.append(batch)
        if committed is None:
            raise Fault(
                "stale-head", "failed", "another appender moved the head", "retry; the event id keeps it single"
            )
        if list(committed.leaf_hashes) != leaves:
            self._stopped = Fault("leaf-mismatch", "unknown", "the database hashed other bytes", "run holdpoint fsck")
            raise self._stopped
        self._proofs = proofs
        self._edge = edge

    def _finish(self, draft: _Draft) -> dict[int, Outcome]:
        with self.lock:
            draft.state.absorb()
            self._replay.size = draft.size + len(draft.admitted)
            self._replay.recorded_at = draft.at
        self._publish()
        answers: dict[int, Outcome] = {}
        events = [a.event for a in draft.admitted]
        for start, stop in draft.causes:
            n = start - draft.size
            answers[start] = Appended(
                event=events[n],
                entry=draft.admitted[n].entry,
                size=self.size,
                proof=tuple(self._proofs.proof(start)),
                note=self.published[1],
                derived=tuple(events[n + 1 : stop - draft.size]),
            )
        return answers

    def _publish(self) -> None:
        """Anchor, then sign: nobody outside sees a size before its anchor. A crash between the two: start-up signs."""
        origin: str = self.state.get("meta", "origin")
        root = self._edge.root()
        self._anchor.raise_to(AnchoredHead(origin, self.size, root))
        seconds = micros(self.recorded_at) // 1_000_000
        note = sign_checkpoint(Checkpoint(origin, self.size, root), self._log, max(1, seconds))
        self.published = (self.size, note)
        if not self._noted_at or micros(self.recorded_at) - micros(self._noted_at) > NOTE_EVERY_US:
            self._desk.put_note(self.size, note)
            self._noted_at = self.recorded_at

    def _fail(self, groups: list[Group], fault: Fault) -> None:
        """Answer the batch, then continue from what is stored. Callers retry under the same event ids."""
        if fault.code in ("anchor-unwritable", "anchor-ahead"):
            self._stopped = fault
        if self._stopped is None:
            self._recover()
        for group in groups:
            if not group.answer.done():
                group.answer.set_exception(fault)

    def _recover(self) -> None:
        """Go on from what is stored: the failed batch was only a layer, so the state stands at the last known commit.

        Whatever was committed after that is folded, as at a start. A database that is away is waited for.
        """
        deadline = time.monotonic() + RECOVER_SECONDS
        while True:
            try:
                self._catch_up()
                self._check_anchor()
                if self.size:
                    self._publish()
            except Fault as err:
                if err.code != "database-unreachable" or time.monotonic() > deadline:
                    self._stopped = err
                    return
                time.sleep(0.2)
            except LedgerError as err:
                self._stopped = Fault(err.code, "failed", str(err), "run holdpoint fsck")
                return
            else:
                return
