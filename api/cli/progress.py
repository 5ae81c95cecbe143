"""Long work says how far it is, on stderr."""

import sys
import time

from api.cli.output import warn
from api.settings import settings
from auditor.pace import Pace


class Progress:
    """A line on stderr every two seconds; at a terminal it replaces the one before."""

    def __init__(self, what: str = "verified", unit: str = "entries") -> None:
        self._pace = Pace(what, unit, time.monotonic)
        self._wide = 0

    def __call__(self, done: int, of: int) -> None:
        """Say how far it is."""
        text = self._pace.line(done, of)
        if text is None:
            return
        if sys.stderr.isatty() and not settings().plain:
            sys.stderr.write(f"\r{text:<{self._wide}}" + ("\n" if done == of else ""))
            sys.stderr.flush()
            self._wide = len(text)
        else:
            warn(text)
