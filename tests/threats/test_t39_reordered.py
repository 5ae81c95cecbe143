"""T39: entries swapped, inserted, an index doubled, the order within a stream changed."""

import pytest

from auditor.verdict import VerifyVerdict as V
from tests.threats.storage import Attack, Conn, Copy


def swap(one: int, other: int) -> Attack:
    def act(conn: Conn) -> None:
        for table in ("event", "event_id"):
            for old, new in ((one + 1, 9999), (other + 1, one + 1), (9999, other + 1)):
                conn.execute(f"UPDATE holdpoint.{table} SET notification_id = {new} WHERE notification_id = {old}")

    return act


def insert(index: int) -> Attack:
    """A copy of an entry pushed in behind it; everything after it moves on by one."""

    def act(conn: Conn) -> None:
        conn.execute(
            f"UPDATE holdpoint.event SET notification_id = notification_id + 9999 WHERE notification_id > {index + 1}"
        )
        conn.execute("UPDATE holdpoint.event SET notification_id = notification_id - 9998 WHERE notification_id > 9999")
        conn.execute(
            f"INSERT INTO holdpoint.event SELECT {index + 2}, stream, stream_version, topic, state, leaf_hash, recorded_at"
            f" FROM holdpoint.event WHERE notification_id = {index + 1}"
        )
        conn.execute("UPDATE holdpoint.head SET size = size + 1")

    return act


@pytest.mark.parametrize(
    ("one", "other"), [(0, 1), (27, 28), (38, 39), (39, 40), (60, 61), (255, 256), (278, 279), (40, 240)]
)
def test_attack_swapped(copy: Copy, one: int, other: int) -> None:
    copy.attack(swap(one, other))
    found = copy.look()
    assert found.start == "ledger-invalid"
    assert one <= found.problems[0].index
    assert "table" in found.problems[0].detail
    for pin in (True, False):
        report = copy.verify(pin=pin)
        assert report.verdict is V.INVALID


def test_attack_swapped_within_a_stream(copy: Copy) -> None:
    """The chain inside the entries breaks: no column has to be believed for that."""
    rows = copy.rows("SELECT notification_id - 1 FROM holdpoint.event WHERE stream = 'model/fictional-one' ORDER BY 1")
    first, second = rows[1][0], rows[2][0]
    copy.attack(swap(first, second))
    found = copy.look()
    assert found.start == "ledger-invalid"
    assert first in {p.index for p in found.problems}
    assert copy.verify(pin=False).verdict is V.INVALID


def test_attack_inserted_twice(copy: Copy) -> None:
    copy.attack(insert(200))
    found = copy.look()
    assert (found.start, "entry 201: event-id-conflict" in found.text) == ("ledger-invalid", True)
    assert (found.problems[0].rule, found.problems[0].index) == ("event-id-conflict", 201)
    assert copy.verify(pin=True).verdict is V.INVALID


def test_honest_untouched(copy: Copy) -> None:
    found = copy.look()
    assert (found.start, found.problems) == (None, [])
    assert copy.verify(pin=True).verdict is V.VALID_UNWITNESSED
