"""A process that appends one statement and is killed at a point of the commit loop: `python -m tests.faults.die_at POINT FOLDER DATABASE SOCKET`.

The statement's envelope comes on standard input; where nothing comes, an `index.committed` is appended. The points are between the loop's own calls, in parts given from outside: the
product has no hook for tests.
"""

import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ledger.admit import Submission, open_submission
from ledger.envelope import parse_envelope
from ledger.note import CheckpointSigner, NoteSignature, TreeHead
from ledger.store.anchor import Anchor, AnchoredHead
from ledger.store.desk import Desk
from ledger.store.position import Position
from ledger.store.rows import Batch, Committed
from tests.faults.seat import Place, Seat

POINTS = ("before-commit", "commit", "anchor", "sign", "publish")
armed = SimpleNamespace(point="")


def die(point: str) -> None:
    """No clean-up of any kind."""
    if armed.point == point:
        os.kill(os.getpid(), signal.SIGKILL)


class DyingDesk(Desk):
    def append(self, batch: Batch) -> Committed | None:
        die("before-commit")
        committed = super().append(batch)
        die("commit")
        return committed


class DyingAnchor(Anchor):
    def raise_to(self, head: AnchoredHead) -> None:
        super().raise_to(head)
        die("anchor")


class DyingSigner:
    def __init__(self, usual: CheckpointSigner) -> None:
        self._usual, self.vkeys = usual, usual.vkeys

    def sign(self, text: str, head: TreeHead, timestamp: int) -> tuple[NoteSignature, ...]:
        lines = self._usual.sign(text, head, timestamp)
        die("sign")
        return lines


def main(point: str, folder: str, name: str, socket: str) -> None:
    database: Any = SimpleNamespace(url=lambda role: f"host={socket} port=5432 dbname={name} user={role}")
    place = Place(Path(folder), database)
    seat = Seat(place, desk=DyingDesk, anchor=DyingAnchor, log=DyingSigner)
    usual = seat.appender._end.publish

    def publish(position: Position) -> None:
        usual(position)
        die("publish")

    seat.appender._end.publish = publish
    sent = sys.stdin.buffer.read()
    if not sent:
        armed.point = point
        seat.appender.commit_index().result(10)
    submission = open_submission(parse_envelope(sent), seat.appender.lookup)
    assert isinstance(submission, Submission)
    armed.point = point
    seat.appender.submit([submission]).result(10)


if __name__ == "__main__":
    main(*sys.argv[1:])
