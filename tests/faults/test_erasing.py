"""An erasure cut off at every step, and tried past its door: the event and the missing rows, or neither."""

import subprocess
import sys
import threading
import time

import psycopg
import pytest
from psycopg.types.json import Jsonb

from api.author import Written, write
from api.keyring import load_signer
from api.wiring import wall_clock
from ledger.admit import place_event
from ledger.errors import Fault
from ledger.events import disclosure, model
from ledger.reasons import Reason, Refused
from ledger.store.outcome import Appended, Known, Outcome
from ledger.store.rows import Batch
from tests.faults.die_at import POINTS
from tests.faults.seat import Place, Seat

STREAM = "model/withheld"
PAST, FUTURE = "2020-01-01T00:00:00.000000Z", "2100-01-01T00:00:00.000000Z"


def superuser(place: Place) -> "psycopg.Connection[tuple[int, ...]]":
    return psycopg.connect(place.database.url(), autocommit=True)


def kept(place: Place) -> int:
    with superuser(place) as conn:
        ((rows,),) = conn.execute("SELECT count(*) FROM holdpoint.disclosure").fetchall()
    return rows


def size(place: Place) -> int:
    with superuser(place) as conn:
        ((found,),) = conn.execute("SELECT size FROM holdpoint.head").fetchall()
    return found


def erasure(seat: Seat, **changed: object) -> Written:
    keys = [load_signer(seat.place.folder / "keys" / f"discloser-{n}.pem") for n in (1, 2)]
    body = {
        "classes": [{"fields": ["subject"], "type": "model.registered"}], "first": 0, "ground": "fictional",
        "last": seat.appender.size - 1, "stream": STREAM, **changed,
    }  # fmt: skip
    return write(
        disclosure.Erased, body, seat.audience, disclosure.erasures_of(str(body["stream"])), keys, wall_clock()
    )


def with_a_field(place: Place, until: str = PAST) -> None:
    """One withheld field, whose time, as a superuser sets it, has passed."""
    seat = Seat(place)
    said = {"kind": "base", "subject": {"name": "Fictional", "weights": "sha256:" + "0" * 64}}
    signer = load_signer(place.folder / "keys" / "assessor.pem")
    assert isinstance(seat.post(write(model.Registered, said, seat.audience, STREAM, [signer], wall_clock())), Appended)
    seat.close()
    with superuser(place) as conn:
        conn.execute("UPDATE holdpoint.disclosure SET retained_until = %s", (until,))
    assert kept(place) == 1


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_leaves_both_or_neither(place: Place, point: str) -> None:
    with_a_field(place)
    seat = Seat(place)
    written, before = erasure(seat), seat.appender.size
    seat.close()
    words = [sys.executable, "-m", "tests.faults.die_at", point, str(place.folder), place.database.name]
    socket = psycopg.conninfo.conninfo_to_dict(place.database.url())["host"]
    done = subprocess.run([*words, str(socket)], input=written.wire(), capture_output=True, check=False, timeout=60)
    assert done.returncode == -9, done.stderr
    assert (size(place), kept(place)) == ((before, 1) if point == "before-commit" else (before + 1, 0))
    seat = Seat(place)
    again = seat.post(written)  # no operator step: sent again it stands once, and is done
    assert isinstance(again, Appended if point == "before-commit" else Known), again
    assert (seat.appender.size, kept(place)) == (before + 1, 0)
    seat.close()


def test_a_server_process_that_is_ended_in_the_middle_has_done_nothing(place: Place) -> None:
    """Held between the event's row and the field's: somebody has the field's row locked, and the process is ended there."""
    with_a_field(place)
    seat, outcomes = Seat(place), list[Outcome]()
    written, before = erasure(seat), seat.appender.size
    with superuser(place) as holder, superuser(place) as other, holder.transaction():
        holder.execute("SELECT 1 FROM holdpoint.disclosure FOR UPDATE")
        thread = threading.Thread(target=lambda: outcomes.append(seat.post(written)))
        thread.start()
        blocked = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%append_batch%'"
        deadline = time.monotonic() + 1.5
        while not (found := other.execute(blocked).fetchall()) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert found, "it waits for the row"
        other.execute("SELECT pg_terminate_backend(%s)", found[0])
        thread.join(20)
    (fault,) = outcomes
    assert isinstance(fault, Fault)
    assert fault.outcome == "unknown"
    assert (size(place), kept(place)) == (before, 1)
    assert isinstance(seat.post(written), Appended)
    assert (size(place), kept(place)) == (before + 1, 0)
    seat.close()


def batch_of(seat: Seat, written: Written, recorded_at: str) -> Batch:
    """What an appender would send that asks nobody: the signed event, at a time of its own choice."""
    draft = seat.appender._draft([])
    draft.at = recorded_at
    draft.admitted.append(place_event(draft.state, seat.appender.size, recorded_at, seat.open(written), ()))
    draft.causes[seat.appender.size] = seat.appender.size + 1
    return draft.batch()[0]


def test_the_database_itself_keeps_the_time_and_believes_no_forged_one(place: Place) -> None:
    """Past the appender's own check, as whoever stole its role: refused by the rows' retention and by the database's clock."""
    with_a_field(place, FUTURE)
    seat = Seat(place)
    written = erasure(seat)
    for recorded_at in (wall_clock(), "2101-01-01T00:00:00.000000Z"):
        with pytest.raises(Fault, match="retained until 2100") as caught:
            seat.desk.append(batch_of(seat, written, recorded_at))
        assert (caught.value.code, caught.value.outcome) == ("append-refused", "failed")
    assert (size(place), kept(place)) == (seat.appender.size, 1)
    seat.close()


def test_it_erases_what_was_signed_and_nothing_else(place: Place) -> None:
    """Another stream, another type, another field, another range: nothing of this one goes."""
    with_a_field(place)
    seat = Seat(place)
    at = seat.appender.size - 1
    whole = {
        "classes": [{"fields": ["subject"], "type": "model.registered"}],
        "first": at,
        "last": at,
        "stream": STREAM,
    }
    others: list[dict[str, object]] = [
        {"stream": "model/any"}, {"stream": "model"}, {"first": at + 1, "last": at + 9}, {"first": 0, "last": at - 1}, {"classes": []},
        {"classes": [{"fields": ["evaluator"], "type": "model.registered"}]},
        {"classes": [{"fields": ["subject"], "type": "decision.made"}]},
        {"classes": [{"fields": ["subject"], "type": "model"}]},
    ]  # fmt: skip
    with superuser(place) as conn:
        sql = "SELECT count(*) FROM holdpoint.named_for_erasure(%s)"
        assert conn.execute(sql, (Jsonb(whole),)).fetchone() == (1,)
        assert [o for o in others if conn.execute(sql, (Jsonb({**whole, **o}),)).fetchone() != (0,)] == []
    refused = seat.post(erasure(seat, classes=[{"fields": ["reason"], "type": "decision.made"}]))
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.NOTHING_TO_ERASE
    assert kept(place) == 1
    seat.close()


def test_nobody_calls_the_function_but_append_batch(place: Place) -> None:
    with_a_field(place)
    roles = ("holdpoint_appender", "holdpoint_reader", "holdpoint_projector")
    for role in roles:
        with psycopg.connect(place.database.url(role), autocommit=True) as conn:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute("SELECT holdpoint.erase_disclosures(1)")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute("DELETE FROM holdpoint.disclosure")
    with (
        superuser(place) as conn,
        pytest.raises(psycopg.DatabaseError, match=r"no disclosure\.erased of this transaction"),
    ):
        conn.execute("SELECT holdpoint.erase_disclosures(1)")
    assert kept(place) == 1
