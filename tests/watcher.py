"""A monitor in a world of a test's own: places that show what they are told to, a clock, and a look whenever it asks."""

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from api.monitoring import AlarmBook, Monitor
from auditor.alarms import Alarm
from auditor.pin import Pin
from tests.simulator import log_signer
from tests.tile_host import MadeUp

SIGNER = log_signer("watched", "dev/watched")
AT = 1_780_000_000
LOG = MadeUp(SIGNER, 1_300)
FORK = MadeUp(SIGNER, 1_500, fork=1_000, name="other")
Files = dict[str, bytes]


def bare(files: Files) -> Files:
    """Made-up entries are no events: the log keeps them back."""
    return {k: v for k, v in files.items() if "entries" not in k}


class Shown:
    """A host that shows `files`; an exception in their place is raised."""

    def __init__(self, files: Files | Exception) -> None:
        self.files, self.asked = files, list[str]()
        self.wait: threading.Event | None = None

    def read(self, name: str) -> bytes | None:
        """A file."""
        self.asked.append(name)
        if self.wait is not None:
            assert self.wait.wait(20)
        if isinstance(self.files, Exception):
            raise self.files
        return self.files.get(name)

    def close(self) -> None:
        """Nothing is held."""


class World:
    """Places by name, a clock, a monitor's folder; each `look` is a process of its own, as from a timer."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now, self.places = folder, AT, dict[str, Shown]()
        self.pins: tuple[Pin, ...] = ()
        self.keys = SIGNER.vkeys
        self.said: list[tuple[str, bool]] = []
        self.max_age, self.limit = 3600, 60.0
        self.heads: list[dict[str, Any]] = []
        self.found: list[Alarm] = []

    def show(self, files: Files | Exception, place: str = "one") -> None:
        """From now on this place shows these."""
        self.places[place] = Shown(files)

    def monitor(self) -> "closing[Monitor]":
        """A run of its own."""
        return closing(
            Monitor(
                self.folder, list(self.places), self.pins, self.keys,
                connect=lambda place: self.places[place], now=lambda: self.now, max_age=self.max_age, limit=self.limit,
            )
        )  # fmt: skip

    def look(self, keep: Callable[[Sequence[Alarm]], None] | None = None) -> list[str]:
        """One run with one look; the codes of what holds now."""
        with self.monitor() as monitor:
            book = AlarmBook(self.folder, lambda: self.now, None, lambda e: self.said.append((e["code"], e["ended"])))
            found = monitor.look(keep or book.keep)
            book.end_round(found)
            self.heads = monitor.heads()
        self.found = found
        return [a.code for a in found]

    @property
    def size(self) -> int:
        """The size that is pinned."""
        return int(self.heads[0]["size"]) if self.heads else 0
