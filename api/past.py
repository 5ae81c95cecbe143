"""States of the log as of now, a size or a time, for many readers at once, who neither wait for the appender nor keep it waiting.

Memory keeps every earlier state (`ledger.state`), so the past costs what the present does (T61): no queue, no deadline.
"""

import threading
import time
from collections import OrderedDict

from api.wiring import Ledger, View
from ledger.errors import Fault
from ledger.strict import format_base64
from ledger.tile import TileReader
from ledger.tree import root_of

KEPT_ROOTS = 256
SIGN_SECONDS = 1.0


class Past:
    """Thread-safe. Raises `Fault`: `at-…`, `database-unreachable`."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._roots: OrderedDict[int, str] = OrderedDict()
        self._lock = threading.Lock()

    # -- positions ---------------------------------------------------------------------------------------------------

    def now(self) -> View:
        """The newest facts, which no appender changes and no reader must lock."""
        return self._ledger.still()

    def at(self, at: int | str | None, *, future: bool = False) -> View:
        """The state that holds for `at`: a size, a time (up to now, unless `future`), or `None` for now."""
        if isinstance(at, str) and not future and at > self._ledger.view().time:
            raise Fault("at-in-future", "failed", "that time has not come", "ask for one that has passed")
        return self._ledger.still(at)

    def size_at(self, at: int | str | None) -> int:
        """The number of entries that `at` reaches, where a checkpoint covers them already."""
        return self._ledger.appender.published[0] if at is None else self.at(at).size

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
