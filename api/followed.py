"""What a monitor holds of each log, in one file that is replaced in one rename, and where it keeps what it found."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from api.handing_over import write_synced

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
        try:
            said = json.loads((self._place(origin) / "log.json").read_bytes())
        except FileNotFoundError:
            return None
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
            yield json.loads(path.read_bytes())

    def origin_at(self, place: str) -> str | None:
        """Which log a place showed before."""
        return next((said["origin"] for said in self.all() if place in said["places"]), None)
