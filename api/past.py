"""States of the log as of now, a size or a time, for many readers at once: bounded, so that no reader starves the gate (T61).

*Now* is the appender's own state, under its lock and briefly; lists read a copy of its facts, one per size, shared. *Then* is
folded from stored entries by one thread, with a queue that ends and a deadline. What a deadline interrupts is kept, and the
next asker goes on from there; the newest few states are kept, so that nearby positions cost only what lies between.
"""

import threading
import time
from collections import OrderedDict, deque
from concurrent.futures import CancelledError, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from dataclasses import replace

from api.wiring import Ledger, View
from ledger.admit import unsafe_unchecked
from ledger.errors import Fault
from ledger.replay import Problem, Replay
from ledger.strict import format_base64, parse_time, parse_uint
from ledger.tile import TileReader
from ledger.tree import root_of
from policies.rules import RULES

FOLD_SECONDS = 5.0
MAX_WAITING = 16
KEPT_STATES = 8
KEPT_ENTRIES = 400_000
"""Sum of the sizes of kept states: about a gigabyte at most."""
KEPT_ROOTS = 256
LOOK_AT_CLOCK = 64
SIGN_SECONDS = 1.0
NOT_FACTS = ("event_id", "entry", "stream")
"""Tables that admission alone looks at; they grow with every entry."""


def parse_at(text: str | None) -> int | str | None:
    """A size or a time, as asked for. Raises `Malformed`."""
    if text is None:
        return None
    return parse_uint(text) if text.isascii() and text.isdigit() else parse_time(text)


class Past:
    """Thread-safe. Raises `Fault`: `at-…`, `deadline`, `overloaded`, `ledger-invalid`, `database-unreachable`."""

    def __init__(self, ledger: Ledger, seconds: float = FOLD_SECONDS) -> None:
        self._ledger, self._seconds = ledger, seconds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="past")
        self._places = threading.BoundedSemaphore(MAX_WAITING)
        self._kept: OrderedDict[int, Replay] = OrderedDict()
        self._still: View | None = None
        self._roots: OrderedDict[int, str] = OrderedDict()
        self._lock = threading.Lock()

    # -- positions ---------------------------------------------------------------------------------------------------

    def now(self) -> View:
        """The newest facts, as a copy that no appender changes and no reader must lock."""
        with self._ledger.view() as view:
            still = self._still
            if still is None or still.size != view.size:
                still = self._still = replace(view, state=view.state.copy(*NOT_FACTS), lock=threading.RLock())
            return replace(still, time=view.time, verified=view.verified)

    def at(self, at: int | str | None, *, future: bool = False) -> View:
        """The state that holds for `at`: a size, a time (up to now, unless `future`), or `None` for now."""
        view = self.now()
        if at is None:
            return view
        if isinstance(at, str) and at >= view.time:
            if at > view.time and not future:
                raise Fault("at-in-future", "failed", "that time has not come", "ask for one that has passed")
            return replace(view, time=at)
        if isinstance(at, int) and at > view.size:
            raise Fault("at-beyond-head", "failed", f"the log has {view.size} entries", "ask for fewer")
        newest = self._recorded_at(view.size - 1)
        if isinstance(at, str) and at >= newest:
            return replace(view, time=at)
        if at == view.size:
            return replace(view, time=newest)
        if not self._places.acquire(blocking=False):
            raise Fault("overloaded", "failed", "too many ask for the past", "ask again in a second")
        deadline = time.monotonic() + self._seconds
        job = self._thread.submit(self._then, at, view.size, deadline)
        job.add_done_callback(lambda _job: self._places.release())
        try:
            return replace(job.result(self._seconds + 1), verified=view.verified)
        except (Late, CancelledError):
            job.cancel()
            raise _late() from None

    def size_at(self, at: int | str | None) -> int:
        """The number of entries that `at` reaches, where a checkpoint covers them already."""
        return self._ledger.appender.published[0] if at is None else self.at(at).size

    def _then(self, at: int | str, newest: int, deadline: float) -> View:
        size = at if isinstance(at, int) else self._size_at(at, newest)
        if size == 0:
            raise Fault("at-before-start", "failed", "nothing was recorded by then", "ask for a later one")
        replay = self._fold(size, deadline)
        if replay.owed:
            raise Fault("at-inside-group", "failed", f"size {size} lies inside a derived group", "ask a position later")
        return View(size, at if isinstance(at, str) else replay.recorded_at, replay.state)

    def _fold(self, size: int, deadline: float) -> Replay:
        """The replay of entries 0…size−1, from the nearest one kept."""
        near = max((n for n in self._kept if n <= size), default=0)
        if near == size:
            self._kept.move_to_end(size)
            return self._kept[size]
        replay = Replay(RULES, unsafe_unchecked)
        if near:
            kept = self._kept[near]
            replay = replace(kept, state=kept.state.copy(), owed=deque(kept.owed))
        for row in self._ledger.desk.read_entries(near, size):
            outcome = replay.step(row.entry)
            if isinstance(outcome, Problem):
                raise Fault("ledger-invalid", "failed", f"entry {outcome.index}: {outcome.rule}", "run holdpoint fsck")
            if replay.size % LOOK_AT_CLOCK == 0 and time.monotonic() > deadline and replay.size < size:
                self._keep(replay)
                raise _late()
        self._keep(replay)
        return replay

    def _keep(self, replay: Replay) -> None:
        self._kept[replay.size] = replay
        while len(self._kept) > KEPT_STATES or (len(self._kept) > 1 and sum(self._kept) > KEPT_ENTRIES):
            self._kept.popitem(last=False)

    def _recorded_at(self, index: int) -> str:
        rows = self._ledger.desk.find(index - 1, 1)
        if not rows:
            raise Fault("at-before-start", "failed", "nothing was recorded by then", "ask for a later one")
        return rows[0].recorded_at

    def _size_at(self, at: str, newest: int) -> int:
        """How many entries were recorded up to `at`: recorded times never fall, so halving finds it."""
        low, high = 0, newest
        while low < high:
            middle = (low + high) // 2
            if self._recorded_at(middle) <= at:
                low = middle + 1
            else:
                high = middle
        return low

    # -- what an answer is bound to ----------------------------------------------------------------------------------

    def covering(self, index: int) -> str:
        """`Ledger-Checkpoint` of the newest checkpoint, which covers `index`: committed and unsigned is told to nobody."""
        self._wait_for(index + 1)
        size, _ = self._ledger.appender.published
        if size <= index:
            raise Fault("log-key-unavailable", "failed", "no checkpoint covers this yet", "ask again")
        return self.checkpoint(size)

    def checkpoint(self, size: int) -> str:
        """`Ledger-Checkpoint` of a size: its root, from the tiles where no present note has it."""
        self._wait_for(size)
        newest, note = self._ledger.appender.published
        if newest == size:
            return f"size={size}, root=:{note.split(chr(10), 3)[2]}:"
        known = self._roots.get(size)
        if known is None:
            node = TileReader(lambda level, n: self._ledger.tile(level, n, size), size)
            known = format_base64(root_of(size, node))
            with self._lock:
                self._roots[size] = known
                while len(self._roots) > KEPT_ROOTS:
                    self._roots.popitem(last=False)
        return f"size={size}, root=:{known}:"

    def _wait_for(self, size: int) -> None:
        """Nobody sees a size before it is anchored and signed, unless signing has stopped."""
        deadline = time.monotonic() + SIGN_SECONDS
        appender = self._ledger.appender
        while appender.published[0] < size and appender.stopped is None:
            if time.monotonic() > deadline:
                raise Fault("log-key-unavailable", "failed", "no checkpoint covers this yet", "ask again")
            time.sleep(0.001)

    def close(self) -> None:
        """Let go of the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _late() -> Fault:
    return Fault("deadline", "failed", "folding the past took too long", "ask again: it goes on from there")
