"""What waits to be appended: first in, first out, bounded by submissions: an overload is refused, not piled up (R10)."""

import threading
from collections import deque

from ledger.store.draft import Group

MAX_WAITING = 4096


class Intake:
    """A queue of groups. Thread-safe; one thread takes."""

    def __init__(self, limit: int = MAX_WAITING) -> None:
        self._limit, self.waiting = limit, 0
        self._groups: deque[Group] = deque()
        self._change = threading.Condition()
        self.closed = False

    def put(self, group: Group) -> bool:
        """Queue a group; `False` where there is no room for all of it, or nobody takes any more."""
        with self._change:
            if self.closed or self.waiting + len(group.submissions) > self._limit:
                return False
            self.waiting += len(group.submissions)
            self._groups.append(group)
            self._change.notify()
            return True

    def take(self, most: int, wait: float) -> list[Group]:
        """All that has queued, up to `most` submissions; waits `wait` seconds for the first: no timer in a lone event's way.

        A group whose caller has gone meanwhile is dropped: nothing of it was decided.
        """
        taken: list[Group] = []
        with self._change:
            if not self._groups and not self.closed:
                self._change.wait(wait)
            while self._groups and len(self._groups[0].submissions) <= most:
                group = self._groups.popleft()
                self.waiting -= len(group.submissions)
                if group.answer.set_running_or_notify_cancel():
                    most -= len(group.submissions)
                    taken.append(group)
        return taken

    def close(self) -> None:
        """Take no more; what is queued can still be taken."""
        with self._change:
            self.closed = True
            self._change.notify()
