"""Long work says how far it is, on stderr."""

import sys
import time

from api.cli.output import warn
from api.settings import settings

QUIET_SECONDS = 2.0


class Progress:
    """A line on stderr every two seconds; at a terminal it replaces the one before."""

    def __init__(self, what: str = "verified", unit: str = "entries") -> None:
        self._what, self._unit = what, unit
        self._last = time.monotonic()

    def __call__(self, done: int, of: int) -> None:
        """Say how far it is."""
        now = time.monotonic()
        if now - self._last < QUIET_SECONDS:
            return
        self._last = now
        text = f"{self._what} {done} of {of} {self._unit}"
        if sys.stderr.isatty() and not settings().plain:
            sys.stderr.write(f"\r{text}" + ("\n" if done == of else ""))
            sys.stderr.flush()
        else:
            warn(text)
