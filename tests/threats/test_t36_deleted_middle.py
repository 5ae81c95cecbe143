"""T36: entries removed from the middle, with and without renumbering what follows and rebuilding what is derived from it."""

import pytest

from auditor.verdict import VerifyVerdict as V
from ledger.tile import Edge
from tests.threats.storage import STREAMS, Attack, Conn, Copy


def renumber(after: int) -> Attack:
    def act(conn: Conn) -> None:
        for table in ("event", "event_id"):
            conn.execute(
                f"UPDATE holdpoint.{table} SET notification_id = notification_id + 9999 WHERE notification_id > {after}"
            )
            conn.execute(
                f"UPDATE holdpoint.{table} SET notification_id = notification_id - 10000 WHERE notification_id > 9999"
            )

    return act


def rebuild(conn: Conn) -> None:
    """Tiles, head, streams and checkpoints as if the entry had never been."""
    leaves = [r[0] for r in conn.execute("SELECT leaf_hash FROM holdpoint.event ORDER BY notification_id")]
    edge, tiles = Edge.empty().extend(leaves)
    for table in ("tile", "checkpoint", "note", "stream"):
        conn.execute(f"DELETE FROM holdpoint.{table}")
    for t in tiles:
        conn.execute("INSERT INTO holdpoint.tile VALUES (%s, %s, %s)", (t.level, t.n, t.hashes))
    conn.execute("INSERT INTO holdpoint.checkpoint VALUES (%s, %s)", (edge.size, edge.root()))
    conn.execute(STREAMS)
    head = (edge.size, edge.frontier().to_bytes(), edge.root())
    conn.execute("UPDATE holdpoint.head SET size = %s, frontier = %s, root = %s", head)


def removed(index: int) -> list[Attack | str]:
    return [
        f"DELETE FROM holdpoint.event WHERE notification_id = {index + 1}",
        f"DELETE FROM holdpoint.event_id WHERE notification_id = {index + 1}",
    ]


@pytest.mark.parametrize("index", [0, 1, 27, 38, 60, 255, 256, 278])
def test_attack_one_entry(copy: Copy, index: int) -> None:
    copy.attack(*removed(index))
    found = copy.look()
    assert (found.start, f"entry {index} " in found.text) == ("entry-missing", True)
    assert [(p.rule, p.index) for p in found.problems] == [("entry-missing", index)]
    for pin in (True, False):
        assert copy.verify(pin=pin).verdict is V.INVALID


@pytest.mark.parametrize("index", [1, 38, 60])
def test_attack_renumbered(copy: Copy, index: int) -> None:
    """An entry of the founding, of the story's middle, of its end: what follows says by its stream or a reference what went."""
    copy.attack(*removed(index), renumber(index))
    found = copy.look()
    assert found.start in ("ledger-invalid", "entry-missing")
    assert found.problems[0].index >= index
    report = copy.verify(pin=True)
    assert report.verdict is V.INVALID
    assert min(c.index for c in report.checks if c.index is not None) >= index


def test_attack_renumbered_and_rebuilt(copy: Copy) -> None:
    """A model of which nothing else speaks is taken out, and everything is rebuilt: only the anchor and a pin know."""
    copy.attack(*removed(200), renumber(200), rebuild)
    found = copy.look()
    assert (found.start, "anchored size 280, stored size 279" in found.text) == ("diverged", True)
    assert [p.rule for p in found.problems] == ["diverged"]


def test_honest_untouched(copy: Copy) -> None:
    found = copy.look()
    assert (found.start, found.problems) == (None, [])
    assert copy.verify(pin=True).verdict is V.VALID_UNWITNESSED
