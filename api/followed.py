"""What a monitor holds of each log, in one file that is replaced in one rename, and where it keeps what it found."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from api.handing_over import write_synced
from auditor.heads import read_head
from ledger.errors import Fault, LedgerError

SCHEMA: Final = "holdpoint.monitor-log/1"


@dataclass(slots=True)
class Followed:
    """`note`: the pinned head. `since`: when it was first seen, in seconds since 1970. `position`: how many entries were read,
    `None` where they are no events of ours. `places`: each URL's own largest size, and since when it lags.
    """

    note: str
    since: int
    position: int | None
    places: dict[str, dict[str, int | None]] = field(default_factory=dict)


class Shelf:
    """The folder of logs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "logs"

    def _place(self, origin: str) -> Path:
        return self._folder / sha256(origin.encode()).hexdigest()[:32]

    def evidence(self, origin: str) -> Path:
        """Where what was found against a log lies."""
        return self._place(origin) / "evidence"

    def load(self, origin: str) -> Followed | None:
        """What is held of a log."""
        path = self._place(origin) / "log.json"
        if not path.exists():
            return None
        said = _read(path)
        return Followed(said["checkpoint"], said["since"], said["position"], said["places"])

    def save(self, origin: str, log: Followed) -> None:
        """Hold this, durably; nothing is written where nothing changed."""
        if log == self.load(origin):
            return
        said = {"checkpoint": log.note, "origin": origin, "places": log.places, "position": log.position,
                "schema": SCHEMA, "since": log.since}  # fmt: skip
        write_synced(self._place(origin) / "log.json", json.dumps(said, sort_keys=True).encode(), mode=0o600)

    def all(self) -> Iterator[dict[str, Any]]:
        """Each log's file."""
        for path in sorted(self._folder.glob("*/log.json")):
            yield _read(path)

    def origin_at(self, place: str) -> str | None:
        """Which log a place showed before."""
        return next((said["origin"] for said in self.all() if place in said["places"]), None)


def _read(path: Path) -> dict[str, Any]:
    """A log's file. Raises `Fault` `state-malformed`: to begin anew unasked would be to believe the next host that answers."""
    try:
        said = json.loads(path.read_bytes())
        read_head(said["checkpoint"], ())
        if said["schema"] == SCHEMA and isinstance(said["places"], dict) and isinstance(said["since"], int):
            return {"position": None, **said}
    except (ValueError, KeyError, TypeError, LedgerError):
        pass
    raise Fault(
        "state-malformed",
        "failed",
        f"{path} is not what was written",
        "restore it, or move it away: it begins at the pin",
    )
