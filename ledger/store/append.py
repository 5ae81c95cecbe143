"""The commit loop: one appender per log (log.md §2, docs/explanation/the-commit-loop.md).

admit in order → commit (one round trip, unsigned) → anchor → sign → answer. Crash points are marked where they are. Whatever goes
wrong, the callers are answered first, and the next step is always the same: read the head and follow it (R8).
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from ledger.admit import Rules, Submission
from ledger.envelope import Envelope, sign_envelope
from ledger.errors import Fault, LedgerError
from ledger.events import index
from ledger.keys import KeyRecord, Signer
from ledger.state import State
from ledger.store.anchor import Anchor
from ledger.store.draft import Draft, Group
from ledger.store.end import Clock, LogEnd, steady_ticks
from ledger.store.folding import Progress, silent
from ledger.store.intake import Intake
from ledger.store.outcome import Outcome
from ledger.store.position import Position
from ledger.store.publish import Pairs
from ledger.store.recorder import LedgerRecorder
from ledger.store.rows import Batch, Head
from ledger.store.vault import Vault
from ledger.tile import BatchProofs
from ledger.trust import KeyLife

MAX_SUBMISSIONS = 500
INDEX_EVERY = 10_000
"""Entries after which the stream index is committed without anybody asking, unless told (spec/stream-index.md)."""
TICK_SECONDS = 1.0
AGAIN_SECONDS = 0.2
FindEngine = Callable[[str], Signer | None]
"""Key id → the engine's signer, where it is at hand."""
RACES = 2
"""Tries behind the head's lock before a lost race is said aloud; each waits for the lock as long as the role may."""


class Appender:
    """Owns the end of the log. Thread-safe: `submit` from any thread; one thread commits.

    `watched`: compare the wall clock with `ticks` and with the database's clock; a simulated clock can't be. `local_keys`: the
    log's keys lie in this process, so that signing cannot hang, and needs no thread of its own. `index_every`: entries after
    which the stream index is committed without anybody asking; never before as many as there are streams: it hashes every head.
    Without a `vault`, events that come with field disclosures are refused.
    """

    def __init__(
        self,
        recorder: LedgerRecorder,
        anchor: Anchor,
        rules: Rules,
        engine: Signer,
        pairs: Pairs,
        clock: Clock,
        *,
        ticks: Callable[[], float] = steady_ticks,
        watched: bool = False,
        local_keys: bool = False,
        index_every: int = INDEX_EVERY,
        vault: Vault | None = None,
        find_engine: FindEngine = lambda _keyid: None,
    ) -> None:
        self._find_engine = find_engine
        self._recorder, self._rules, self._engine, self._ticks = recorder, rules, engine, ticks
        self._end = LogEnd(recorder.desk, anchor, rules, pairs, clock, ticks, watched=watched, local_keys=local_keys)
        self._index_every, self._streams, self._vault = index_every, 0, vault
        self._intake = Intake()
        self._again: list[Group] = []
        self._next_tick = 0.0
        self._thread = threading.Thread(target=self._run, name="appender", daemon=True)

    def open(self, *, confirmed: bool = False, read_only: bool = False, progress: Progress = silent) -> None:
        """Follow what is stored, sign what is committed and unsigned, start the thread. Raises `Fault` (docs/how-to).

        After a day of silence, or behind the log's own time, a watched clock has to be `confirmed`: until then only reads.
        With `read_only`, a head behind the anchor does not refuse to start: nothing is signed, and only reads are served.
        """
        self._end.open(confirmed=confirmed, read_only=read_only, progress=progress)
        self._next_tick = self._ticks() + TICK_SECONDS
        self._thread.start()

    # -- for readers -------------------------------------------------------------------------------------------------

    @property
    def lock(self) -> threading.RLock:
        """Held while the end of the log moves: whoever holds it sees entries, state and checkpoint of one moment."""
        return self._end.lock

    @property
    def published(self) -> tuple[int, str]:
        """Size and note of the newest checkpoint; (0, "") for an empty log."""
        return self._end.published

    @property
    def bridge(self) -> tuple[int, str]:
        """After a compromise of the log's keys: the last good size, and its checkpoint by the keys in force; else (0, "")."""
        return self._end.bridge

    def lacking(self, vkeys: Sequence[str]) -> tuple[str, ...]:
        """Which of these verifier keys this service can't sign for. Raises `Fault`."""
        return self._end.lacking(vkeys)

    def watch(self, watcher: threading.Event) -> None:
        """Set `watcher` whenever a larger size has been signed: a hint, for projectors. It is not kept alive."""
        self._end.watchers.add(watcher)

    @property
    def size(self) -> int:
        """Entries under the newest checkpoint."""
        return self._end.position.size

    @property
    def state(self) -> State:
        """The state after these entries; read it, never write to it."""
        return self._end.position.state

    @property
    def recorded_at(self) -> str:
        """The recorded time of the last entry, or the empty text."""
        return self._end.position.recorded_at

    @property
    def queued(self) -> int:
        """Submissions that wait for a commit."""
        return self._intake.waiting

    @property
    def stopped(self) -> Fault | None:
        """Why appends are refused, if they are: for good, or until it passes."""
        return self._end.stopped

    def lookup(self, keyid: str) -> KeyRecord | None:
        """A registered key's record, for the stateless half of admission."""
        life: KeyLife | None = self.state.get("key", keyid)
        return None if life is None else life.record

    # -- submit ------------------------------------------------------------------------------------------------------

    def submit(self, submissions: Sequence[Submission], *, atomic: bool = False) -> Future[list[Outcome]]:
        """Queue a group; its outcomes come in order, faults among them.

        Raises `Fault`: `overloaded`, `batch-too-large`, `read-only` with the cause, or a trouble that passes.
        """
        trouble = self._end.refusal()
        if trouble is not None:
            raise trouble
        if not 1 <= len(submissions) <= MAX_SUBMISSIONS:
            detail = f"{len(submissions)} submissions at once"
            raise Fault("batch-too-large", "failed", detail, f"send 1 to {MAX_SUBMISSIONS}")
        group = Group(submissions, Future(), atomic)
        if not self._intake.put(group):
            raise Fault("overloaded", "failed", "too much waits to be appended", "retry after a second")
        return group.answer

    def commit_index(self) -> Future[list[Outcome]]:
        """Queue an `index.committed`; its one outcome is the entry's, or the newest one's where nothing was appended since.

        Raises `Fault` as `submit`.
        """
        trouble = self._end.refusal()
        if trouble is not None:
            raise trouble
        group = Group((), Future(), index=True)
        if not self._intake.put(group):
            raise Fault("overloaded", "failed", "too much waits to be appended", "retry after a second")
        return group.answer

    def keep_cosignature(self, size: int, note: str, witness: str, line: str) -> None:
        """Keep a witness's line over the checkpoint of `size`, and before it our own note of it. Raises `Fault`.

        A crash in between leaves a note more; never a cosignature over a checkpoint that nobody can show.
        """
        desk = self._recorder.desk
        if desk.read_note(size) is None:
            desk.put_note(size, note)
        desk.put_cosignature(size, witness, line)

    def keep_token(self, size: int, authority: str, token: bytes) -> None:
        """Keep a timestamp token over the checkpoint of `size`. Raises `Fault`."""
        self._recorder.desk.put_token(size, authority, token)

    def close(self) -> None:
        """Finish what is queued, store the last note, stop."""
        self._intake.close()
        if self._thread.is_alive():
            self._thread.join()

    # -- the loop ----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            groups = self._take()
            if not groups and self._intake.closed:
                self._end.last()
                return
            try:
                if groups:
                    self._answer(groups)
                if self._ticks() >= self._next_tick:
                    self._end.tick()
                    self._next_tick = self._ticks() + (TICK_SECONDS if self.stopped is None else AGAIN_SECONDS)
            except Exception as err:  # noqa: BLE001  # the thread's outermost door: callers must not wait for a dead thread
                self._end.stop(_defect(err))

    def _take(self) -> list[Group]:
        """What is to be decided anew, and what has queued; waits for the next tick at the longest."""
        again, self._again = self._again, []
        room = MAX_SUBMISSIONS - sum(len(g.undecided) for g in again)
        taken = again + self._intake.take(room, 0 if again else max(0.0, self._next_tick - self._ticks()))
        if taken and self.size - (self.state.get("meta", "committed") or 0) > max(self._index_every, self._streams):
            taken.append(Group((), Future(), index=True))  # nobody waits for it
        return taken

    def _answer(self, groups: list[Group]) -> None:
        trouble = self._end.refusal()
        try:
            if trouble is None:
                self._again = self._commit(groups)
        except LedgerError as err:
            fault = err if isinstance(err, Fault) else Fault(err.code, "unknown", str(err), "run holdpoint fsck")
            self._end.suffer(fault)
            if self._vault is not None and fault.code == "wrapping-key-wrong":
                self._vault.forget()  # another service has rotated it: the next batch reads the keys anew
            # Answered at once; what only rested on the failed commit is decided anew, after what is stored was followed.
            again = [g for g in groups if g.void(fault)]
            self._end.steady()
            self._again = again
        except Exception as err:  # noqa: BLE001  # a defect in a rule: this batch is answered, and the loop goes on
            for group in groups:
                group.fail(_defect(err))
            self._end.steady()
        else:
            if trouble is not None:
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
        self._end.publish(Position(draft.state, proofs.edge, draft.at))
        first = draft.admitted[0].event.body
        if isinstance(first, index.Committed):
            self._streams = first.streams
        answers = draft.answers(proofs, self.published[1])
        return [g for g in groups if g.settle(answers)]

    def _draft(self, groups: Sequence[Group]) -> Draft:
        draft = Draft(self._end.position, self._end.time(), self._rules, self._seal, self._vault)
        for group in sorted(groups, key=lambda g: not g.index):  # a commitment comes first, the rest as it arrived
            draft.decide(group)
        return draft

    def _seal(self, payload: bytes, keyid: str) -> Envelope:
        if keyid != self._engine.keyid:  # a successor was registered: its file may be here already
            found = self._find_engine(keyid)
            if found is None:
                raise Fault("engine-key-wrong", "failed", f"the log's engine key is {keyid}", "bring that key's file")
            self._engine = found
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
        self._end.heard(committed.database_now, before)
        return draft, proofs

    def _store_locked(self, groups: Sequence[Group]) -> tuple[Draft, BatchProofs | None]:
        """Someone else appended. While we hold the head nobody can; the lock ends with the transaction, whatever happens."""
        made: list[tuple[Draft, BatchProofs | None]] = []

        def build(head: Head) -> Batch | None:
            self._end.reach(head)
            draft = self._draft(groups)
            batch, proofs = draft.batch() if draft.admitted else (None, None)
            made[:] = [(draft, proofs)]
            return batch

        for race in range(RACES):
            self._end.reach(self._end.hear())  # so that little is left to follow while others wait for the lock
            try:
                self._recorder.commit_locked(build)
            except Fault as err:
                if err.code != "stale-head" or race == RACES - 1:
                    raise
            else:
                break
        return made[0]


def _nothing_placed(_placed: object) -> Outcome:
    raise Fault("defect", "unknown", "a place without a batch", "report it")


def _defect(err: Exception) -> Fault:
    return Fault("defect", "unknown", type(err).__name__, "report it; the same statement may be sent again")
