"""F03, and R6 in the running service: the anchor can't be written, or stored bytes rot. Appends stop, the cause is named, reads go on."""

import os
from pathlib import Path

import psycopg
import pytest

from ledger.errors import Fault
from ledger.reasons import Refused
from ledger.store import end
from ledger.store.outcome import Appended, Known
from tests.faults.oracle import check, pin_of
from tests.faults.seat import ROWS, Place, Seat, eventually


def break_anchor(seat: Seat) -> None:
    """The descriptor is exchanged for one that refuses writes: a real error of the real system call."""
    read_only = os.open(seat.anchor.path, os.O_RDONLY)
    os.dup2(read_only, seat.anchor._file)
    os.close(read_only)


def test_an_anchor_that_takes_no_write_releases_nothing(place: Place, tmp_path: Path) -> None:
    seat = Seat(place)
    pin, before, note = pin_of(seat.ledger), seat.appender.size, seat.appender.published
    break_anchor(seat)
    written, later = seat.write(), seat.write()
    fault = seat.post(written)
    assert isinstance(fault, Fault)
    assert (fault.code, fault.outcome) == ("anchor-unwritable", "unknown")
    assert seat.reader.read_head().size == before + ROWS, "committed"
    assert seat.appender.published == note, "and not signed: nobody outside sees a size before its anchor"
    with pytest.raises(Fault) as caught:
        seat.appender.submit([seat.open(later)])
    assert caught.value.code == "read-only"
    assert "anchor-unwritable" in caught.value.detail
    assert seat.ledger.receipt(before - 1)[0], "reads go on"
    assert seat.ledger.view().size == before
    seat.close()
    seat = Seat(place)  # a restart, with the disk mended
    known = seat.post(written)
    assert isinstance(known, Known)
    assert known.index == before
    assert isinstance(seat.post(later), Appended)
    check(seat.ledger, seat.account, tmp_path, pin, before=before)
    seat.close()


def rot(place: Place, index: int) -> None:
    with psycopg.connect(place.database.url(), autocommit=True) as admin:
        admin.execute("ALTER TABLE holdpoint.event DISABLE TRIGGER ALL")
        flip = (
            "UPDATE holdpoint.event SET state = set_byte(state, 40, get_byte(state, 40) # 1) WHERE notification_id = %s"
        )
        admin.execute(flip, (index + 1,))
        admin.execute("ALTER TABLE holdpoint.event ENABLE ALWAYS TRIGGER insert_only")
        admin.execute("ALTER TABLE holdpoint.event ENABLE ALWAYS TRIGGER never_emptied")


def test_rotten_bytes_stop_appends_and_are_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hourly pass, with an hour made short."""
    monkeypatch.setattr(end, "HOUR_SECONDS", 0.0)
    seat = Seat(place)
    size = seat.appender.size
    rot(place, 11)
    eventually(lambda: seat.appender.stopped is not None)
    assert seat.appender.stopped is not None
    assert seat.appender.stopped.code == "leaf-mismatch"
    assert "entry 11:" in seat.appender.stopped.detail
    with pytest.raises(Fault) as caught:
        seat.appender.submit([seat.open(seat.write())])
    assert caught.value.code == "read-only"
    assert seat.reader.read_head().size == size, "kept as it is"
    assert seat.ledger.view().size == size
    seat.close()


def test_honest_passes_find_nothing(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(end, "HOUR_SECONDS", 0.0)
    seat = Seat(place)
    pin, before = pin_of(seat.ledger), seat.appender.size
    note = seat.appender.published[1]
    eventually(lambda: seat.appender.published[1] != note)
    outcomes = [seat.post() for _ in range(5)]
    assert all(isinstance(o, Appended) for o in outcomes)
    assert not any(isinstance(o, Refused) for o in outcomes)
    assert seat.appender.stopped is None
    check(seat.ledger, seat.account, tmp_path, pin, before=before)
    seat.close()
