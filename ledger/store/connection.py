"""A connection whose every wait ends (R10).

The deadline is ours: against a stopped backend neither `statement_timeout`, keepalives nor `tcp_user_timeout` did anything
(measured, faults.md §1).
"""

import time
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

CALL_SECONDS = 5.0
CONNECT_SECONDS = 3
RV = TypeVar("RV")


class BoundedConnection(psycopg.Connection[Any]):
    """All that is asked of the server until `deadline` (monotonic) raises `psycopg.OperationalError` after it.

    The connection is closed then: what was cut off may still run in the server, and only the head tells what became of it.
    """

    deadline: float = 0.0

    def allow(self, seconds: float) -> None:
        """Set the deadline of the next call."""
        self.deadline = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.monotonic()

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Run one exchange with the server."""
        left = max(0.001, self.left()) if self.deadline else CALL_SECONDS
        try:
            return super().wait(gen, interval=interval, timeout=left if timeout is None else min(timeout, left))
        except psycopg.OperationalError:
            if self.deadline and self.left() <= 0:
                self.close()
            raise


def connect(url: str) -> BoundedConnection:
    """Connect, in autocommit, or raise `psycopg.OperationalError` within three seconds for each address."""
    return BoundedConnection.connect(url, autocommit=True, connect_timeout=CONNECT_SECONDS, prepare_threshold=0)
