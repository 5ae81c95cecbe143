"""The end of the log, as this process knows it: where it stands, the newest checkpoint, and what stands in the way of the next.

It moves only with a signed checkpoint, and always in the same way: follow what is stored, compare with the anchor, anchor, sign.
At a start, after a doubtful commit, behind another appender, when a trouble has passed (R8). One thread moves it; many read it.
"""

import threading
import time
import weakref
from collections.abc import Callable, Sequence

from ledger.admit import Rules, unknown_rules
from ledger.errors import Fault, LedgerError
from ledger.state import State
from ledger.store.anchor import Anchor, AnchoredHead
from ledger.store.clock import ClockWatch, downtime, recorded_time, seconds
from ledger.store.desk import Desk
from ledger.store.folding import Progress, root_at, silent, unknown_release
from ledger.store.position import Position, follow
from ledger.store.publish import Pairs, Publisher
from ledger.store.read_only import kept_note, write_evidence
from ledger.store.rows import Head
from ledger.store.scrub import Scrub
from ledger.strict import from_micros
from ledger.tile import Edge

HOUR_SECONDS = 3600.0
PASSING = frozenset({"clock-untrusted", "database-error", "database-unreachable", "log-key-unavailable"})
"""Troubles that end by themselves: looked at again every second. All others stand until a restart."""
FINAL = frozenset({"anchor-ahead", "anchor-unwritable", "leaf-mismatch"})
"""Troubles of a commit after which nothing more may be appended."""
Clock = Callable[[], str]


def steady_ticks() -> float:
    """Seconds of a clock that nobody can set; where the system has one, it also runs while the machine sleeps."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


class LogEnd:
    """Position, checkpoint and troubles of one log. `watched`, `local_keys`: as in `Appender`."""

    def __init__(
        self,
        desk: Desk,
        anchor: Anchor,
        rules: Rules,
        pairs: Pairs,
        clock: Clock,
        ticks: Callable[[], float],
        *,
        watched: bool,
        local_keys: bool,
    ) -> None:
        self._desk, self._rules, self._clock, self._ticks = desk, rules, clock, ticks
        self._watch = ClockWatch(seconds(clock()), ticks()) if watched else None
        self._publisher = Publisher(anchor, pairs, local=local_keys)
        self._stopped: Fault | None = None
        self._suspended: Fault | None = None
        self._resign_at = self._next_note = self._next_scrub = 0.0
        self._scrub: Scrub | None = None
        self.position = Position(State(), Edge.empty(), "")
        self._bridged: tuple[int, tuple[str, ...]] = (0, ())
        self.published: tuple[int, str] = (0, "")
        self.bridge: tuple[int, str] = (0, "")
        self.lock = threading.RLock()
        self.watchers: weakref.WeakSet[threading.Event] = weakref.WeakSet()

    # -- start -------------------------------------------------------------------------------------------------------

    def open(self, *, confirmed: bool, read_only: bool, progress: Progress = silent) -> None:
        """Follow what is stored, and sign what is committed and unsigned. Raises `Fault`; see `Appender.open`."""
        noted = self._desk.latest_note()
        if noted is not None:
            self._publisher.remember(noted[1])
        head = self.hear()
        try:
            self.reach(head, progress)
            if self._stopped is not None and not read_only:
                raise self._stopped
        except Fault as fault:
            if not self._stand_still(head, fault, progress, allowed=read_only):
                raise
        self._desk.check_checkpoint(head)
        if self._watch is not None and self.position.size and not confirmed and self._stopped is None:
            alive = max(self.position.recorded_at, from_micros(self._publisher.signed_at * 1_000_000))
            doubt = downtime(alive, self._clock())
            if doubt is not None:
                remedy = (
                    "check the clock, then holdpoint serve --confirm-clock: docs/how-to/refusals/clock-unconfirmed.md"
                )
                self._stopped = Fault("clock-unconfirmed", "failed", doubt, remedy)
        self._resign_at = 0.0  # signed so far for the last entry's time; the first tick signs for the present one

    def _stand_still(self, head: Head, fault: Fault, progress: Progress, *, allowed: bool) -> bool:
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
        self.position = follow(self.position, head, self._desk, self._rules, here, progress=progress)
        self.published = kept_note(self._desk, self.position, self._publisher.vkeys)
        return True

    # -- troubles ----------------------------------------------------------------------------------------------------

    @property
    def stopped(self) -> Fault | None:
        """Why nothing is appended, if so: for good, or until it passes."""
        return self._stopped or self._suspended

    def refusal(self) -> Fault | None:
        """What a caller is told while nothing is appended (R5: reads go on)."""
        stopped = self._stopped
        if stopped is None:
            return self._suspended
        return Fault("read-only", "failed", f"appends are stopped: {stopped.code}: {stopped.detail}", stopped.remedy)

    def suffer(self, fault: Fault) -> None:
        """Note what a trouble means for later appends; one that is neither passing nor final concerned its batch alone."""
        if fault.code in FINAL:
            self._stopped = fault
        elif fault.code in PASSING:
            self._suspended = fault

    def stop(self, fault: Fault) -> None:
        """Nothing more is appended, until a restart."""
        self._stopped = fault

    def _judge(self, err: LedgerError) -> None:
        """While following or keeping house, every trouble that does not pass is final."""
        fault = err if isinstance(err, Fault) else Fault(err.code, "failed", str(err), "run holdpoint fsck")
        if fault.code in PASSING:
            self._suspended = fault
        else:
            self._stopped = fault

    def steady(self) -> None:
        """Follow the head, and see whether a trouble has passed."""
        if self._stopped is not None:
            return
        try:
            self.reach(self.hear())
            if self._suspended is not None and self._suspended.code == "log-key-unavailable":
                self._resign()
            if self._watch is not None:
                self.time()
        except LedgerError as err:
            self._judge(err)
        else:
            self._suspended = None

    # -- moving ------------------------------------------------------------------------------------------------------

    def publish(self, position: Position) -> None:
        """Anchor, sign, and only then let memory move: readers see entries, state and checkpoint together."""
        note = self._publisher.publish(position, seconds(position.recorded_at))
        with self.lock:
            self.position = Position(position.state.absorb(), position.edge, position.recorded_at)
            self.published = (position.size, note)
        unknown = unknown_rules(self.position.state, self._rules) if self.position.size else None
        if unknown is not None:  # signed, since this entry was judged by the rules before it; the next can't be
            self._stopped = unknown_release(unknown.detail)
        for watcher in list(self.watchers):
            watcher.set()
        self._resign_at = self._ticks() + HOUR_SECONDS

    def reach(self, head: Head, progress: Progress = silent) -> None:
        """Go to the stored head, whoever moved it: fold, compare with the anchor, anchor, sign."""
        anchored = self._publisher.anchor.head
        position = follow(self.position, head, self._desk, self._rules, anchored, progress=progress)
        if position.size and position.size != self.published[0]:
            self.publish(position)

    def hear(self) -> Head:
        """The stored head, and with it the database's clock."""
        before = self._ticks()
        head, database_now = self._desk.pulse()
        self.heard(database_now, before)
        return head

    def heard(self, database_now: float, before: float) -> None:
        """The database's clock, as a commit told it that began at the ticks `before`."""
        if self._watch is not None:
            self._watch.hear(database_now, before, self._ticks())

    def time(self) -> str:
        """The recorded time of the next commit. Raises `Fault` `clock-untrusted`; the database's clock is heard again first."""
        now = self._clock()
        if self._watch is not None and self._watch.doubt(seconds(now), self._ticks()) is not None:
            self.hear()
            now = self._clock()
            doubt = self._watch.doubt(seconds(now), self._ticks())
            if doubt is not None:
                remedy = "set the clocks right; if this clock is the right one, restart"
                raise Fault("clock-untrusted", "failed", doubt, remedy)
        return recorded_time(self.position.recorded_at, now)

    # -- housekeeping ------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Once a second: follow other appenders, look at troubles again, sign anew, store notes, re-hash a slice."""
        self.steady()
        if self.stopped is None and self.position.size:
            try:
                self._keep()
            except LedgerError as err:
                self._judge(err)

    def _keep(self) -> None:
        now = self._ticks()
        if now >= self._resign_at:
            self._resign()
        self._build_bridge()
        if now >= self._next_note:
            self._desk.put_note(*self.published)
            self._next_note = now + HOUR_SECONDS
        if self._scrub is None and now >= self._next_scrub:
            self._scrub, self._next_scrub = Scrub(self.position.edge), now + HOUR_SECONDS
        if self._scrub is not None:
            self._scrub.step(self._desk)
            if self._scrub.done:
                self._scrub = None

    def _build_bridge(self) -> None:
        """After a compromise the new keys sign the last good size again: whoever trusts the old ones up to there is led across.

        It is kept nowhere: a restart signs it anew, and so do the keys of a later rotation.
        """
        state = self.position.state
        good = [size for _, _, size in state.get("meta", "vkeys_history") if size is not None]
        if good and (good[-1], state.get("meta", "vkeys")) != self._bridged:
            head = AnchoredHead(self.position.origin, good[-1], root_at(self._desk, good[-1]))
            self.bridge = (good[-1], self._publisher.sign_head(state, head, seconds(self.time())))
            self._bridged = (good[-1], state.get("meta", "vkeys"))

    def lacking(self, vkeys: Sequence[str]) -> tuple[str, ...]:
        """Which of these verifier keys no pair at hand signs for. Raises `Fault`."""
        return self._publisher.lacking(vkeys)

    def _resign(self) -> None:
        """The same size and root, signed for now: "no news" differs from "frozen" (R11)."""
        note = self._publisher.sign(self.position, seconds(self.time()))
        with self.lock:
            self.published = (self.position.size, note)
        self._resign_at = self._ticks() + HOUR_SECONDS
        self._next_note = 0.0

    def last(self) -> None:
        """Store the newest note. What can't be stored now is signed again at the next start."""
        if self.published[0] and self.stopped is None:
            try:
                self._desk.put_note(*self.published)
            except Fault:
                return
