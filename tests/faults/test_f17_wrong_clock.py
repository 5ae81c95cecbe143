"""F17: clocks that step, stand still or disagree. Nothing is appended while they do, and time in the log never falls (R7)."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from api.config import Config, read_config, write_config
from api.founding import found
from api.serve import serve
from api.wiring import open_ledger, wall_clock
from ledger.errors import Fault
from ledger.note import cosigned_at, parse_note
from ledger.store import clock, end
from ledger.store.end import steady_ticks
from ledger.store.outcome import Appended
from ledger.strict import shift
from tests.faults.oracle import check, pin_of
from tests.faults.seat import Place, Seat, eventually


@dataclass
class Clock:
    """The wall clock, set wrong by `off` seconds."""

    off: int = 0
    base: Callable[[], str] = field(default=wall_clock)

    def __call__(self) -> str:
        return shift(self.base(), seconds=self.off)


@pytest.fixture
def wall() -> Clock:
    return Clock()


@pytest.fixture
def watched(place: Place, wall: Clock) -> Iterator[Seat]:
    seat = Seat(place, clock=wall, watched=True)
    yield seat
    seat.close()


@pytest.mark.parametrize("step", [400 * 86_400, -3650 * 86_400, 61, 6, -6])
def test_a_step_stops_appends_until_it_is_taken_back(watched: Seat, wall: Clock, tmp_path: Path, step: int) -> None:
    pin, before = pin_of(watched.ledger), watched.appender.size
    first = watched.index(watched.write())
    size = watched.appender.size
    wall.off = step
    written = watched.write(at=wall_clock())
    fault = watched.post(written)
    assert isinstance(fault, Fault)
    assert (fault.code, fault.outcome) == ("clock-untrusted", "failed")
    assert watched.reader.read_head().size == size, "nothing is appended"
    with pytest.raises(Fault, match="clock-untrusted"):
        watched.appender.submit([watched.open(written)])
    assert watched.ledger.receipt(first)[0], "reads go on"
    wall.off = 0
    eventually(lambda: watched.appender.stopped is None)
    assert isinstance(watched.post(written), Appended)
    check(watched.ledger, watched.account, tmp_path, pin, before=before)


@pytest.mark.parametrize("step", [-3, 3])
def test_a_small_step_holds_time_still_or_goes_along(watched: Seat, wall: Clock, step: int) -> None:
    watched.index(watched.write())
    recorded = watched.appender.recorded_at
    wall.off = step
    watched.index(watched.write())
    later = watched.appender.recorded_at
    assert later == recorded if step < 0 else later > shift(recorded, seconds=2)


def test_a_frozen_clock_is_seen(place: Place) -> None:
    """It falls behind the database's clock, which goes on."""
    stood = shift(wall_clock(), seconds=-4)  # near the bound already, so that the test need not wait five seconds
    seat = Seat(place, clock=lambda: stood, watched=True, ticks=lambda: steady_ticks() * 4)
    eventually(lambda: seat.appender.stopped is not None, 5)
    assert seat.appender.stopped is not None
    assert seat.appender.stopped.code == "clock-untrusted"
    seat.close()


def test_a_day_of_silence_asks_and_reads_meanwhile(place: Place, wall: Clock) -> None:
    wall.off = 25 * 3600
    ticks = steady_ticks()
    seat = Seat(place, clock=wall, watched=True, confirmed=False)
    with pytest.raises(Fault) as caught:
        seat.appender.submit([seat.open(seat.write())])
    assert caught.value.code == "read-only"
    assert "clock-unconfirmed" in caught.value.detail
    assert seat.ledger.view().size == seat.appender.size
    assert _signed_at(seat) <= time.time(), "nothing is signed for a time that nobody has confirmed"
    seat.close()
    assert steady_ticks() - ticks < 20


def test_a_start_serves_only_with_a_confirmed_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole way, on a ledger that is none of development; a day is made short, not the clock wrong."""
    folder = tmp_path / "ledger"
    found(folder, "lab.example/ledger").close()
    assert not read_config(folder).development
    open_ledger(folder).close()
    monkeypatch.setattr(clock, "DOWNTIME_SECONDS", 0.0)
    with pytest.raises(Fault) as caught:
        serve(folder, "127.0.0.1", 0)
    assert caught.value.code == "clock-unconfirmed"
    ledger = open_ledger(folder, confirm_clock=True)
    assert ledger.appender.stopped is None
    ledger.close()


def test_only_development_ledgers_simulate_the_clock(tmp_path: Path) -> None:
    write_config(tmp_path, Config("lab.example/ledger"))
    with pytest.raises(Fault) as caught:
        open_ledger(tmp_path, clock=Clock(-5))
    assert caught.value.code == "clock-simulated"


def _signed_at(seat: Seat) -> int:
    _, quantum = parse_note(seat.appender.published[1]).signatures
    return cosigned_at(seat.appender._end._publisher.vkeys[1], quantum.signature)


def test_an_idle_log_signs_the_same_tree_again_and_its_time_never_falls(
    place: Place, wall: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R11. An hour is made short; the clock is set back in between, and after a restart."""
    monkeypatch.setattr(end, "HOUR_SECONDS", 0.0)
    wall.off = 100
    seat = Seat(place, clock=wall)
    size, note = seat.appender.published
    eventually(lambda: _signed_at(seat) >= time.time() + 95)
    before = _signed_at(seat)
    wall.off = -500
    time.sleep(1.2)
    assert _signed_at(seat) >= before > 0
    assert (seat.appender.published[0], seat.appender.published[1].split("\n")[:3]) == (size, note.split("\n")[:3])
    assert seat.reader.latest_note() is not None
    seat.close()
    seat = Seat(place, clock=wall)
    assert _signed_at(seat) >= before
    seat.close()


def test_honest_clocks_stop_nothing(watched: Seat) -> None:
    for _ in range(3):
        assert isinstance(watched.post(), Appended)
        time.sleep(0.5)
    assert watched.appender.stopped is None
