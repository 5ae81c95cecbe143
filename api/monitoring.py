"""`holdpoint monitor`: follow logs from a checkpoint of one's own, and say what an outsider can see going wrong.

In this order, per look: evidence is on disk, then the alarms, then the head that is pinned from now on. A kill in between raises
an alarm twice, never not at all.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from api.folder_lock import lock_folder
from api.followed import Shelf
from api.handing_over import write_synced
from api.looking import Look, Source, Terms
from api.outbox import Outbox, message_of
from auditor.alarms import EVENTS, Alarm
from auditor.heads import read_head
from auditor.pin import Pin
from ledger.errors import Fault, LedgerError
from ledger.note import Vkey
from ledger.strict import from_micros

LINES: Final = "alarms.jsonl"
LOOK_SECONDS: Final = 300.0
"""A look at one place takes no longer: a host that answers a byte at a time must not keep the others from being looked at."""
STEP_SECONDS: Final = 0.1


class Monitor:
    """Follows logs at `places`. Everything that it keeps lies below `folder`. Raises `Fault` `folder-in-use`, `flags-missing`."""

    def __init__(
        self, folder: Path, places: Sequence[str], pins: Sequence[Pin], keys: Sequence[Vkey], *,
        connect: Callable[[str], Source], now: Callable[[], int], max_age: int, limit: float = LOOK_SECONDS,
    ) -> None:  # fmt: skip
        if not pins and not keys:
            raise Fault(
                "flags-missing", "failed", "whose logs they are must come from you", "--pin FILE, or --key VKEY"
            )
        every = tuple(dict.fromkeys((*(v for pin in pins for v in pin.vkeys), *keys)))
        self._terms = Terms(every, {pin.origin: pin for pin in pins}, max_age)
        self._places, self._connect, self._now, self._shelf = tuple(places), connect, now, Shelf(folder)
        self._limit, self._late = limit, dict[str, threading.Thread]()
        self.stopping = threading.Event()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = lock_folder(folder, f"another monitor runs on {folder}", "let it end")

    def close(self) -> None:
        """Let the folder go."""
        os.close(self._lock)

    def look(self, keep: Callable[[Sequence[Alarm]], None]) -> list[Alarm]:
        """Look at every place once; `keep` has a place's alarms on disk when it returns, and then its head is pinned.

        Returns all alarms that hold now, or those until `stopping` was set. Never raises for what a host answers.
        """
        found: list[Alarm] = []
        for place in self._places:
            look = self._bounded(place)
            if self.stopping.is_set():  # half a round says nothing of what has ended; the next run looks again
                break
            look.finish()
            keep(look.alarms)
            if look.followed is not None:
                self._shelf.save(look.origin, look.followed)
            found += look.alarms
        return found

    def _bounded(self, place: str) -> Look:
        """A look that ends in time. What a late one finds is dropped, and the next begins once its thread has ended."""
        late = self._late.get(place)
        if late is None or not late.is_alive():
            look = Look(self._terms, self._shelf, place, self._now())
            thread = threading.Thread(target=self._at, args=(look, place), name="look", daemon=True)
            thread.start()
            ends = time.monotonic() + self._limit
            while thread.is_alive() and not self.stopping.is_set() and time.monotonic() < ends:
                thread.join(STEP_SECONDS)
            if not thread.is_alive():
                return look
            self._late[place] = thread
        look = Look(self._terms, self._shelf, place, self._now())
        look.raise_("unreachable", f"server-timeout: a look took longer than {self._limit:g} s")
        return look

    def _at(self, look: Look, place: str) -> None:
        try:
            with closing(self._connect(place)) as source:
                look.at(source, self._others(place))
        except Fault as err:
            look.raise_("unreachable", f"{err.code}: {err.detail}")
        except LedgerError as err:
            look.raise_("tiles-unproven", str(err))
        except Exception as err:  # noqa: BLE001  # the thread's outermost door: one place must not end the monitor
            look.followed = None
            look.raise_("unreachable", f"our fault: {type(err).__name__}: {err}")

    def _others(self, place: str) -> list[Callable[[], Source]]:
        """The other places: a tree that one shows no more, another may."""
        return [lambda other=other: self._connect(other) for other in self._places if other != place]  # type: ignore[misc]  # bound now

    def heads(self) -> list[dict[str, Any]]:
        """What is pinned now, log by log."""
        found = []
        for said in self._shelf.all():
            head = read_head(said["checkpoint"], ()).checkpoint
            row = {"entries_read": said["position"], "origin": head.origin, "root": head.root.hex(), "size": head.size}
            found.append(row)
        return found


class AlarmBook:
    """Which alarms were said: a new one is kept, said, and put into the outbox; one that stands is not said again."""

    def __init__(
        self, folder: Path, now: Callable[[], int], outbox: Outbox | None, say: Callable[[dict[str, Any]], None]
    ) -> None:
        self._folder, self._now, self._outbox, self._say = folder, now, outbox, say
        path = folder / "standing.json"
        self._standing: dict[str, dict[str, Any]] = json.loads(path.read_bytes()) if path.exists() else {}

    def keep(self, alarms: Sequence[Alarm]) -> None:
        """Keep those that are new."""
        fresh = {a.key: a for a in alarms if a.key not in self._standing}
        for key, alarm in fresh.items():
            self._tell({**alarm.to_json(), "ended": False})
            self._standing[key] = alarm.to_json()
        if fresh:
            self._write()

    def end_round(self, alarms: Sequence[Alarm]) -> None:
        """After a look at every place: what held until now and holds no more has ended."""
        now = {a.key for a in alarms}
        gone = [key for key in self._standing if key not in now]
        for key in gone:
            said = self._standing.pop(key)
            if said["code"] not in EVENTS:
                self._tell({**said, "ended": True})
        if gone:
            self._write()

    def _tell(self, event: dict[str, Any]) -> None:
        """On disk before it is said; the outbox keeps it for the receiver."""
        at = from_micros(self._now() * 1_000_000)
        with (self._folder / LINES).open("a", encoding="ascii") as file:
            file.write(json.dumps({**event, "at": at}, sort_keys=True) + "\n")
            file.flush()
            os.fsync(file.fileno())
        if self._outbox is not None:
            self._outbox.put(message_of(event, at))
        self._say({**event, "at": at})

    def _write(self) -> None:
        write_synced(self._folder / "standing.json", json.dumps(self._standing, sort_keys=True).encode(), mode=0o600)
