"""What a scrape of the metrics asks for and what costs as much as there is history: counted seldom, kept in between."""

import math
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from api.wiring import View

Found = TypeVar("Found")


class Sparingly(Generic[Found]):
    """`count` of a view, counted anew only when ten times as long has passed as counting took: at most a tenth of a core goes
    into it, however much there is to count and however often it is asked for. Thread-safe."""

    def __init__(self, count: Callable[[View], Found], clock: Callable[[], float] = time.monotonic) -> None:
        self._count, self._clock, self._lock = count, clock, threading.Lock()
        self._counted: list[Found] = []
        self._again = -math.inf

    def at(self, view: View) -> Found:
        """As of `view` or a little earlier. The state behind `view` stands still."""
        with self._lock:
            began = self._clock()
            if not self._counted or began >= self._again:
                self._counted = [self._count(view)]
                self._again = self._clock() + 10 * (self._clock() - began)
            return self._counted[0]
