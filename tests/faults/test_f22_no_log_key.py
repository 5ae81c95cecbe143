"""F22: the log's signer raises, hangs, or answers with what does not hold. What is committed stays; no further appends; reads go on;
when the key is back the callers' retries get their receipts. Never another key.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from api.keyring import new_log_keys
from ledger.errors import Fault
from ledger.note import CheckpointSigner, NoteSignature, TreeHead
from ledger.store.outcome import Appended, Known
from tests.faults.oracle import check, check_nothing_left, pin_of
from tests.faults.seat import ROWS, Place, Seat, eventually

Sign = Callable[[str, TreeHead, int], tuple[NoteSignature, ...]]


class Signer:
    """A signer in a process of its own, as far as the appender can tell. `trouble` replaces its answer."""

    def __init__(self, usual: CheckpointSigner) -> None:
        self.usual, self.vkeys = usual, usual.vkeys
        self.trouble: Sign | None = None
        self.calls = 0

    def sign(self, text: str, head: TreeHead, timestamp: int) -> tuple[NoteSignature, ...]:
        self.calls += 1
        return (self.trouble or self.usual.sign)(text, head, timestamp)


class Desk:
    """A seat with such a signer."""

    def __init__(self, place: Place) -> None:
        made: list[Signer] = []

        def log(usual: CheckpointSigner) -> CheckpointSigner:
            made.append(Signer(usual))
            return made[0]

        self.seat = Seat(place, log=log)
        self.signer = made[0]


def denies(_text: str, _head: TreeHead, _timestamp: int) -> tuple[NoteSignature, ...]:
    raise PermissionError("the key management denies")


def says_nothing(_text: str, _head: TreeHead, _timestamp: int) -> tuple[NoteSignature, ...]:
    return ()


def foreign(folder: Path, origin: str) -> Sign:
    """Another key's signatures, under the name of ours."""
    return new_log_keys(folder, origin).sign


def replayed(signer: Signer) -> Sign:
    """A true signature, over another tree."""

    def sign(_text: str, head: TreeHead, timestamp: int) -> tuple[NoteSignature, ...]:
        return signer.usual.sign("dev/faults\n1\nAAAA\n", head, timestamp)

    return sign


@pytest.mark.parametrize("how", ["denies", "nothing", "foreign", "replayed"])
def test_without_a_signature_that_holds_nothing_is_released(place: Place, tmp_path: Path, how: str) -> None:
    desk = Desk(place)
    seat, signer = desk.seat, desk.signer
    pin, before, note = pin_of(seat.ledger), seat.appender.size, seat.appender.published[1]
    troubles = {
        "denies": denies, "nothing": says_nothing, "foreign": foreign(tmp_path / "other", seat.ledger.origin),
        "replayed": replayed(signer),
    }  # fmt: skip
    signer.trouble = troubles[how]
    written, later = seat.write(), seat.write()
    fault = seat.post(written)
    assert isinstance(fault, Fault)
    assert (fault.code, fault.outcome) == ("log-key-unavailable", "unknown")
    assert seat.reader.read_head().size == before + ROWS, "stored, unsigned"
    assert (seat.appender.size, seat.appender.published[0]) == (before, before), "nobody sees it"
    with pytest.raises(Fault, match="log-key-unavailable"):
        seat.appender.submit([seat.open(later)])
    assert seat.reader.read_head().size == before + ROWS, "no further appends"
    assert seat.ledger.receipt(before - 1)[0], "reads go on"
    assert seat.ledger.view().size == before
    assert seat.appender.published[1].split("\n")[:3] == note.split("\n")[:3]
    signer.trouble = None
    eventually(lambda: seat.appender.stopped is None)
    known = seat.post(written)
    assert isinstance(known, Known)
    assert known.index == before
    assert isinstance(seat.post(later), Appended)
    check(seat.ledger, seat.account, tmp_path, pin, before=before)
    seat.close()
    check_nothing_left(place.folder, place.database.url())


def test_a_hanging_signer_is_asked_once_and_waited_for_two_seconds(place: Place, tmp_path: Path) -> None:
    desk = Desk(place)
    seat, signer = desk.seat, desk.signer
    pin, before, released = pin_of(seat.ledger), seat.appender.size, threading.Event()

    def hang(text: str, head: TreeHead, timestamp: int) -> tuple[NoteSignature, ...]:
        released.wait(30)
        return signer.usual.sign(text, head, timestamp)

    signer.trouble = hang
    calls, began = signer.calls, time.monotonic()
    written = seat.write()
    fault = seat.post(written)
    assert isinstance(fault, Fault)
    assert fault.code == "log-key-unavailable"
    assert 1.9 < time.monotonic() - began < 4
    time.sleep(1)
    assert signer.calls == calls + 1, "no pile of calls behind one that hangs"
    assert [t.name for t in threading.enumerate()].count("log signer") == 1
    signer.trouble = None
    released.set()
    eventually(lambda: seat.appender.stopped is None)
    assert seat.index(written) == before
    check(seat.ledger, seat.account, tmp_path, pin, before=before)
    seat.close()


def test_another_pair_of_keys_is_refused_at_start(place: Place, tmp_path: Path) -> None:
    """Its signatures would hold under its own keys: the ledger's entries name others."""
    with pytest.raises(Fault) as caught:
        Seat(place, log=lambda usual: new_log_keys(tmp_path / "other", usual.vkeys[0].name))
    assert caught.value.code == "log-key-unavailable"
    Seat(place).close()


def test_honest_a_signer_of_its_own_process_signs(place: Place, tmp_path: Path) -> None:
    desk = Desk(place)
    pin, before = pin_of(desk.seat.ledger), desk.seat.appender.size
    assert all(isinstance(desk.seat.post(), Appended) for _ in range(5))
    check(desk.seat.ledger, desk.seat.account, tmp_path, pin, before=before)
    desk.seat.close()
