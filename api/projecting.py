"""The projector inside `serve`: a thread with connections of its own, as `holdpoint_projector`, and the hint that wakes it.

A view never stands beyond what a signed checkpoint covers. The hint is a NOTIFY sent after signing, from a connection that
writes nothing, a few times a second at most: it reaches projectors of other processes too, and losing it costs half a second.
"""

import random
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

import psycopg

from api.wiring import Ledger
from ledger.errors import Fault
from projections.questions import QUESTIONS
from projections.store.run import CHANNEL, Projector, Stop

HINT_SECONDS = 0.1
AGAIN_SECONDS = 5.0


class Projecting:
    """Views follow the log from construction until `close`. Attributes are read by `/metrics` and `/readyz`.

    Raises nothing: a ledger whose views can't be folded still appends and answers (F25).
    """

    def __init__(self, ledger: Ledger, say: Callable[[str], None] | None = None) -> None:
        self._ledger, self._say = ledger, say or _tell
        self._stop, self._grown = threading.Event(), threading.Event()
        self._projector = Projector(ledger.projector_url, QUESTIONS, until=lambda: ledger.appender.published[0])
        ledger.appender.watchers.add(self._grown)
        self._threads = [
            threading.Thread(target=self._project, name="projector", daemon=True),
            threading.Thread(target=self._hint, name="projector hint", daemon=True),
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

    def _project(self) -> None:
        while not self._stop.is_set():
            try:
                self._projector.run(self._stop, say=self._say)
            except Fault as err:  # no table for a view, a gap in the log: a person mends it; look again
                self._trouble(f"{err.code}: {err.detail}")
            except psycopg.Error as err:
                self._trouble(f"database-error: {type(err).__name__}")
            else:
                return
            self._stop.wait(AGAIN_SECONDS * random.uniform(0.5, 1.0))  # noqa: S311  # spreads retries; not a secret

    def _trouble(self, text: str) -> None:
        if text != self._projector.trouble:
            self._say(f"projector: {text}")
        self._projector.trouble = text

    def _hint(self) -> None:
        conn: psycopg.Connection | None = None
        while not self._stop.is_set():
            if not self._grown.wait(1.0):
                continue
            self._grown.clear()
            try:
                if conn is None or conn.closed:
                    conn = psycopg.connect(self._ledger.projector_url, autocommit=True, connect_timeout=5)
                conn.execute(f"NOTIFY {CHANNEL}")
            except psycopg.Error:  # the projector polls
                conn = None
            self._stop.wait(HINT_SECONDS)
        if conn is not None:
            with suppress(psycopg.Error):
                conn.close()

    def close(self) -> None:
        """Stop both threads and wait for them."""
        self._stop.set()
        self._grown.set()
        for thread in self._threads:
            thread.join()


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")
