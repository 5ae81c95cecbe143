"""The projector inside `serve`: a thread with connections of its own, as `holdpoint_projector`, and the hint that wakes it.

A view never stands beyond what a signed checkpoint covers. The hint is a NOTIFY sent after signing, from a connection that
writes nothing, a few times a second at most: it reaches projectors of other processes too, and losing it costs half a second.
A minute after the start and then every hour the views are compared with a fresh fold (T43); what differs is named in `mismatches`
until an audit finds it mended. Answers over HTTP are folded from state, not read from views: an edited view can't bend them.
"""

import random
import sys
import threading
from collections.abc import Callable

import psycopg

from api.wiring import Ledger
from ledger.errors import Fault
from ledger.store.connection import BoundedConnection, connect
from projections.questions import QUESTIONS
from projections.store.compare import Mismatch, compare_views
from projections.store.run import CHANNEL, Projector, Stop

HINT_SECONDS = 0.1
AGAIN_SECONDS = 5.0
AUDIT_FIRST_SECONDS = 60.0
AUDIT_SECONDS = 3600.0
AUDIT_MOST = 200_000
"""A fold is held in memory while it is compared: beyond that many entries `holdpoint fsck` does it, aside."""
MAX_LAG = 10_000
"""More entries than that, and an answer from a view says that it is stale."""


class Projecting:
    """Views follow the log from construction until `close`. Attributes are read by `/metrics` and `/readyz`.

    Raises nothing: a ledger whose views can't be folded still appends and answers (F25).
    """

    def __init__(self, ledger: Ledger, say: Callable[[str], None] | None = None) -> None:
        self._ledger, self._say = ledger, say or _tell
        self._stop, self._grown = threading.Event(), threading.Event()
        self._projector = Projector(ledger.projector_url, QUESTIONS, until=lambda: ledger.appender.published[0])
        ledger.appender.watch(self._grown)
        self.mismatches: tuple[Mismatch, ...] = ()
        self._threads = [
            threading.Thread(target=self._project, name="projector", daemon=True),
            threading.Thread(target=self._hint, name="projector hint", daemon=True),
            threading.Thread(target=self._audit, name="view audit", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def lags(self) -> dict[str, int]:
        """Entries under the newest checkpoint that are not yet folded, by view."""
        size = self._ledger.appender.published[0]
        positions = dict(self._projector.positions)
        return {p.title: max(0, size - positions.get(p.title, 0)) for p in QUESTIONS}

    @property
    def stops(self) -> tuple[Stop, ...]:
        """Views that stand before an entry that they can't fold."""
        return tuple(self._projector.stops.values())

    @property
    def trouble(self) -> str | None:
        """Why no view moves at all, such as `views-missing`, until that is mended."""
        return self._projector.trouble

    @property
    def stale(self) -> dict[str, str]:
        """View → why what it says may not be taken for the present: stopped, far behind, edited, or not moving at all."""
        found = {t: f"{lag} entries behind" for t, lag in self.lags.items() if lag > MAX_LAG}
        found |= {m.view: f"projection-mismatch: {m.rule}" for m in self.mismatches}
        found |= {s.view: f"stopped before entry {s.index}: {s.rule}" for s in self.stops}
        return found if self.trouble is None else {p.title: self.trouble for p in QUESTIONS}

    def _project(self) -> None:
        while not self._stop.is_set():
            try:
                self._projector.run(self._stop, say=self._say)
            except Fault as err:  # no table for a view, a gap in the log: a person mends it; look again
                self._trouble(f"{err.code}: {err.detail}")
            except psycopg.Error as err:
                self._trouble(f"database-error: {type(err).__name__}")
            self._projector.close()
            self._stop.wait(AGAIN_SECONDS * random.uniform(0.5, 1.0))  # noqa: S311  # spreads retries; not a secret

    def _trouble(self, text: str) -> None:
        if text != self._projector.trouble:
            self._say(f"projector: {text}")
        self._projector.trouble = text

    def _audit(self) -> None:
        pause = AUDIT_FIRST_SECONDS
        while not self._stop.wait(pause):
            self.audit()
            pause = AUDIT_SECONDS

    def audit(self) -> tuple[Mismatch, ...]:
        """Compare all views with a fresh fold, now. What can't be read is tried again at the next audit."""
        size = self._ledger.appender.published[0]
        if size > AUDIT_MOST:
            self._say(f"view audit: {size} entries are more than are compared beside the service; run holdpoint fsck")
            return self.mismatches
        try:
            found = compare_views(self._ledger.projector_url, QUESTIONS, lambda _done, _of: self._breathe())
        except InterruptedError:
            return self.mismatches
        except (Fault, psycopg.Error) as err:
            self._say(f"view audit: {getattr(err, 'code', type(err).__name__)}; again at the next one")
            return self.mismatches
        self.mismatches = tuple(found)
        for one in found[:10]:
            self._say(str(one))
        return self.mismatches

    def _breathe(self) -> None:
        """Give way to appends between pages; end when the service does."""
        if self._stop.wait(0.02):
            raise InterruptedError

    def _hint(self) -> None:
        conn: BoundedConnection | None = None
        while not self._stop.is_set():
            if not self._grown.wait(1.0):
                continue
            self._grown.clear()
            try:
                if conn is None or conn.closed:
                    conn = connect(self._ledger.projector_url)
                conn.execute(f"NOTIFY {CHANNEL}")
            except psycopg.Error:  # the projector polls
                if conn is not None:
                    conn.close()
            self._stop.wait(HINT_SECONDS)
        if conn is not None:
            conn.close()

    def close(self) -> None:
        """Stop both threads and wait for them."""
        self._stop.set()
        self._grown.set()
        for thread in self._threads:
            thread.join()


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")
