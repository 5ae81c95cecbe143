"""The commit loop: one appender per log (log.md §2, docs/explanation/the-commit-loop.md).

admit in order → commit (one round trip, unsigned) → anchor → sign → answer. Crash points are marked where they are. Memory moves
only with a signed checkpoint; whatever goes wrong before that, the next step is the same: read the head and follow it (R8).
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from ledger.admit import Rules, Submission
from ledger.envelope import Envelope, sign_envelope
from ledger.errors import Fault, LedgerError
from ledger.keys import KeyRecord, Signer
from ledger.note import CheckpointSigner
from ledger.state import State
from ledger.store.anchor import Anchor, AnchoredHead
from ledger.store.clock import ClockWatch, downtime, recorded_time, seconds
from ledger.store.draft import Draft, Group
from ledger.store.intake import Intake
from ledger.store.outcome import Outcome
from ledger.store.position import Position, follow
from ledger.store.publish import Publisher
from ledger.store.read_only import kept_note, write_evidence
from ledger.store.recorder import LedgerRecorder
from ledger.store.rows import Batch, Head
from ledger.store.scrub import Scrub
from ledger.strict import from_micros
from ledger.tile import BatchProofs, Edge
from ledger.trust import KeyLife

MAX_SUBMISSIONS = 500
TICK_SECONDS = 1.0
AGAIN_SECONDS = 0.2
HOUR_SECONDS = 3600.0
RACES = 2
"""Tries behind the head's lock before a lost race is said aloud; each waits for the lock as long as the role may."""
PASSING = frozenset({"clock-untrusted", "database-error", "database-unreachable", "log-key-unavailable"})
"""Troubles that end by themselves: looked at again every second. All others stand until a restart."""
FINAL = frozenset({"anchor-ahead", "anchor-unwritable", "leaf-mismatch"})
"""Troubles of a commit after which nothing more may be appended."""
Clock = Callable[[], str]


def steady_ticks() -> float:
    """Seconds of a clock that nobody can set; where the system has one, it also runs while the machine sleeps."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


class Appender:
    """Owns the end of the log. Thread-safe: `submit` from any thread; one thread commits.

    `watched`: compare the wall clock with `ticks` and with the database's clock; a simulated clock can't be. `local_keys`: the
    log's keys lie in this process, so that signing cannot hang, and needs no thread of its own.
    """

    def __init__(
        self,
        recorder: LedgerRecorder,
        anchor: Anchor,
        rules: Rules,
        engine: Signer,
        log: CheckpointSigner,
        clock: Clock,
        *,
        ticks: Callable[[], float] = steady_ticks,
        watched: bool = False,
        local_keys: bool = False,
    ) -> None:
        self._recorder, self._desk = recorder, recorder.desk
        self._rules, self._engine = rules, engine
        self._clock, self._ticks = clock, ticks
        self._watch = ClockWatch(seconds(clock()), ticks()) if watched else None
        self._publisher = Publisher(anchor, log, local=local_keys)
        self._position = Position(State(), Edge.empty(), "")
        self._intake = Intake()
        self._again: list[Group] = []
        self._thread = threading.Thread(target=self._run, name="appender", daemon=True)
        self._stopped: Fault | None = None
        self._suspended: Fault | None = None
        self._next_tick = self._next_scrub = self._next_note = 0.0
        self._resign_at = 0.0
        self._scrub: Scrub | None = None
        self.lock = threading.RLock()
        self.published: tuple[int, str] = (0, "")

    # -- start -------------------------------------------------------------------------------------------------------

    def open(self, *, confirmed: bool = False, read_only: bool = False) -> None:
        """Follow what is stored, sign what is committed and unsigned, start the thread. Raises `Fault` (docs/how-to).

        After a day of silence, or behind the log's own time, a watched clock has to be `confirmed`: until then only reads.
        With `read_only`, a head behind the anchor does not refuse to start: nothing is signed, and only reads are served.
        """
        noted = self._desk.latest_note()
        if noted is not None:
            self._publisher.remember(noted[1])
        head = self._hear()
        try:
            self._follow(head)
        except Fault as fault:
            if not self._stand_still(head, fault, allowed=read_only):
                raise
        self._desk.check_checkpoint(head)
        if self._watch is not None and self.size and not confirmed and self._stopped is None:
            alive = max(self.recorded_at, from_micros(self._publisher.signed_at * 1_000_000))
            doubt = downtime(alive, self._clock())
            if doubt is not None:
                remedy = "check the clock, then holdpoint serve --confirm-clock"
                self._stopped = Fault("clock-unconfirmed", "failed", doubt, remedy)
        # Signed so far for the last entry's time; the first tick signs for the present one.
        self._resign_at, self._next_tick = 0.0, self._ticks() + TICK_SECONDS
        self._thread.start()

    def _stand_still(self, head: Head, fault: Fault, *, allowed: bool) -> bool:
        """Keep the evidence of a divergence; where the head is only behind, fold it for readers, under the newest kept note.

        Nothing is signed: this size may have been signed with another root.
        """
        anchored = self._publisher.anchor.head
        if fault.code != "diverged" or anchored is None:
            return False
        write_evidence(self._publisher.anchor.path.parent, anchored, head)
        if not allowed or not 0 < head.size < anchored.size:
            return False
        self._stopped = fault
        here = AnchoredHead(anchored.origin, head.size, head.root)
        self._position = follow(self._position, head, self._desk, self._rules, here)
        self.published = kept_note(self._desk, self._position, self._publisher.vkeys)
        return True

    @property
    def size(self) -> int:
        """Entries under the newest checkpoint."""
        return self._position.size

    @property
    def state(self) -> State:
        """The state after these entries; read it, never write to it."""
        return self._position.state

    @property
    def recorded_at(self) -> str:
        """The recorded time of the last entry, or the empty text."""
        return self._position.recorded_at

    @property
    def queued(self) -> int:
        """Submissions that wait for a commit."""
        return self._intake.waiting

    @property
    def stopped(self) -> Fault | None:
        """Why appends are refused, if they are: for good, or until it passes."""
        return self._stopped or self._suspended

    def lookup(self, keyid: str) -> KeyRecord | None:
        """A registered key's record, for the stateless half of admission."""
        life: KeyLife | None = self.state.get("key", keyid)
        return None if life is None else life.record

    # -- submit ------------------------------------------------------------------------------------------------------

    def submit(self, submissions: Sequence[Submission], *, atomic: bool = False) -> Future[list[Outcome]]:
        """Queue a group; its outcomes come in order, faults among them.

        Raises `Fault`: `overloaded`, `batch-too-large`, `read-only` with the cause, or a trouble that passes.
        """
        trouble = self._refusal()
        if trouble is not None:
            raise trouble
        if not 1 <= len(submissions) <= MAX_SUBMISSIONS:
            detail = f"{len(submissions)} submissions at once"
            raise Fault("batch-too-large", "failed", detail, f"send 1 to {MAX_SUBMISSIONS}")
        group = Group(submissions, Future(), atomic)
        if not self._intake.put(group):
            raise Fault("overloaded", "failed", "too much waits to be appended", "retry after a second")
        return group.answer

    def _refusal(self) -> Fault | None:
        """What a caller is told while nothing is appended (R5: reads go on)."""
        stopped = self._stopped
        if stopped is None:
            return self._suspended
        return Fault("read-only", "failed", f"appends are stopped: {stopped.code}: {stopped.detail}", stopped.remedy)

    def close(self) -> None:
        """Finish what is queued, store the last note, stop."""
        self._intake.close()
        if self._thread.is_alive():
            self._thread.join()

    # -- the loop ----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            groups = self._again + self._intake.take(MAX_SUBMISSIONS - sum(len(g.undecided) for g in self._again),
                                                     0 if self._again else max(0.0, self._next_tick - self._ticks()))  # fmt: skip
            self._again = []
            if groups:
                self._answer(groups)
            elif self._intake.closed:
                self._last()
                return
            if self._ticks() >= self._next_tick:
                self._tick()

    def _answer(self, groups: list[Group]) -> None:
        trouble = self._refusal()
        try:
            if trouble is None:
                self._again = self._commit(groups)
                return
        except LedgerError as err:
            fault = err if isinstance(err, Fault) else Fault(err.code, "unknown", str(err), "run holdpoint fsck")
            self._fail(groups, fault)
            return
        except Exception as err:  # noqa: BLE001  # the thread's outermost door: a defect must not leave callers waiting
            trouble = Fault("defect", "unknown", type(err).__name__, "report it; the same statement may be sent again")
            self._steady()
        for group in groups:
            group.fail(trouble)

    def _commit(self, groups: list[Group]) -> list[Group]:
        """Decide, commit, anchor, sign, answer. Returns the groups that did not fit into this batch."""
        draft, proofs = self._draft(groups), None
        if draft.admitted:
            draft, proofs = self._store(draft, groups)
        if proofs is None:
            return [g for g in groups if g.settle(_nothing_placed)]
        # A crash here leaves entries committed: the next start anchors and signs them, retries get their receipts.
        self._publish(Position(draft.state, proofs.edge, draft.at))
        answers = draft.answers(proofs, self.published[1])
        return [g for g in groups if g.settle(answers)]

    def _draft(self, groups: Sequence[Group]) -> Draft:
        draft = Draft(self._position, self._time(), self._rules, self._seal)
        for group in groups:
            draft.decide(group)
        return draft

    def _seal(self, payload: bytes, keyid: str) -> Envelope:
        if keyid != self._engine.keyid:
            raise Fault("engine-key-wrong", "failed", f"the log's engine key is {keyid}", "configure that key")
        return sign_envelope(payload, (self._engine,))

    def _store(self, draft: Draft, groups: Sequence[Group]) -> tuple[Draft, BatchProofs | None]:
        """Commit, unsigned: by compare and swap, and after a lost race behind the head's lock, everything decided anew."""
        batch, proofs = draft.batch()
        before = self._ticks()
        try:
            committed = self._recorder.commit(batch)
        except Fault as err:
            if err.code != "stale-head":
                raise
            committed = None
        if committed is None:
            return self._store_locked(groups)
        if self._watch is not None:
            self._watch.hear(committed.database_now, before, self._ticks())
        return draft, proofs

    def _store_locked(self, groups: Sequence[Group]) -> tuple[Draft, BatchProofs | None]:
        """Someone else appended. While we hold the head nobody can; the lock ends with the transaction, whatever happens."""
        made: list[tuple[Draft, BatchProofs | None]] = []

        def build(head: Head) -> Batch | None:
            self._follow(head)
            draft = self._draft(groups)
            batch, proofs = draft.batch() if draft.admitted else (None, None)
            made[:] = [(draft, proofs)]
            return batch

        for race in range(RACES):
            try:
                self._recorder.commit_locked(build)
            except Fault as err:
                if err.code != "stale-head" or race == RACES - 1:
                    raise
            else:
                break
        return made[0]

    def _publish(self, position: Position) -> None:
        """Anchor, sign, and only then let memory move: readers see entries, state and checkpoint together."""
        note = self._publisher.publish(position, seconds(position.recorded_at))
        with self.lock:
            self._position = Position(position.state.absorb(), position.edge, position.recorded_at)
            self.published = (position.size, note)
        self._resign_at = self._ticks() + HOUR_SECONDS

    # -- following, and troubles -------------------------------------------------------------------------------------

    def _follow(self, head: Head) -> None:
        """Go to the stored head, whoever moved it: fold, compare with the anchor, anchor, sign."""
        position = follow(self._position, head, self._desk, self._rules, self._publisher.anchor.head)
        if position.size and position.size != self.published[0]:
            self._publish(position)

    def _hear(self) -> Head:
        before = self._ticks()
        head, database_now = self._desk.pulse()
        if self._watch is not None:
            self._watch.hear(database_now, before, self._ticks())
        return head

    def _time(self) -> str:
        """The recorded time of the next commit. Raises `Fault` `clock-untrusted`; the database's clock is heard again first."""
        now = self._clock()
        if self._watch is not None and self._watch.doubt(seconds(now), self._ticks()) is not None:
            self._hear()
            now = self._clock()
            doubt = self._watch.doubt(seconds(now), self._ticks())
            if doubt is not None:
                remedy = "set the clocks right; if this clock is the right one, restart"
                raise Fault("clock-untrusted", "failed", doubt, remedy)
        return recorded_time(self.recorded_at, now)

    def _fail(self, groups: list[Group], fault: Fault) -> None:
        """Answer at once what the fault decides, then go on from what is stored; what only rested on it is decided anew."""
        if fault.code in FINAL:
            self._stopped = fault
        elif fault.code in PASSING:
            self._suspended = fault
        again = [g for g in groups if g.void(fault)]
        self._steady()
        self._again = again

    def _steady(self) -> None:
        """Follow the head, and see whether a trouble has passed."""
        if self._stopped is not None:
            return
        try:
            self._follow(self._hear())
            if self._suspended is not None and self._suspended.code == "log-key-unavailable":
                self._resign()
            if self._watch is not None:
                self._time()
        except LedgerError as err:
            fault = err if isinstance(err, Fault) else Fault(err.code, "failed", str(err), "run holdpoint fsck")
            if fault.code in PASSING:
                self._suspended = fault
            else:
                self._stopped = fault
        else:
            self._suspended = None

    # -- housekeeping ------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        """Once a second: follow other appenders, look at troubles again, sign anew, store notes, re-hash a slice."""
        self._steady()
        if self._stopped is None and self._suspended is None and self.size:
            try:
                self._keep()
            except Fault as fault:
                if fault.code in PASSING:
                    self._suspended = fault
                else:
                    self._stopped = fault
        self._next_tick = self._ticks() + (TICK_SECONDS if self._suspended is None else AGAIN_SECONDS)

    def _keep(self) -> None:
        now = self._ticks()
        if now >= self._resign_at:
            self._resign()
        if now >= self._next_note:
            self._desk.put_note(*self.published)
            self._next_note = now + HOUR_SECONDS
        if self._scrub is None and now >= self._next_scrub:
            self._scrub, self._next_scrub = Scrub(self._position.edge), now + HOUR_SECONDS
        if self._scrub is not None:
            self._scrub.step(self._desk)
            if self._scrub.done:
                self._scrub = None

    def _resign(self) -> None:
        """The same size and root, signed for now: "no news" differs from "frozen" (R11)."""
        note = self._publisher.sign(self._position, seconds(self._time()))
        with self.lock:
            self.published = (self.size, note)
        self._resign_at = self._ticks() + HOUR_SECONDS
        self._next_note = 0.0

    def _last(self) -> None:
        """Store the newest note. What can't be stored now is signed again at the next start."""
        if self.published[0] and self.stopped is None:
            try:
                self._desk.put_note(*self.published)
            except Fault:
                return


def _nothing_placed(_placed: object) -> Outcome:
    raise Fault("defect", "unknown", "a place without a batch", "report it")
