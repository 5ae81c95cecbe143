"""R6: one flipped bit in what is stored is found, and its place is named."""

import psycopg
import pytest

from ledger.errors import Fault
from ledger.store.desk import Desk
from ledger.store.scrub import SLICE, Scrub
from ledger.tile import Edge
from tests.conftest import LedgerDatabase
from tests.ledger.store.batches import Tree

SIZE = 700


@pytest.fixture
def tree(ledger_database: LedgerDatabase):
    desk = Desk(ledger_database.url("holdpoint_appender"))
    grown = Tree(desk)
    for count in (300, 300, 100):
        grown.append(count)
    yield grown
    desk.close()


def scrub(tree: Tree) -> int:
    """The number of slices that a whole pass took."""
    one, steps = Scrub(tree.edge), 0
    while not one.done:
        one.step(tree.desk)
        steps += 1
    return steps


def tamper(database: LedgerDatabase, *statements: str) -> None:
    with psycopg.connect(database.url(), autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        for table in ("event", "tile"):
            admin.execute(f"ALTER TABLE holdpoint.{table} DISABLE TRIGGER ALL")
        for statement in statements:
            admin.execute(statement)


def test_honest_bytes_pass_in_bounded_slices(tree: Tree) -> None:
    assert scrub(tree) == -(-SIZE // SLICE)


def test_a_tree_that_grows_meanwhile_does_not_disturb_a_pass(tree: Tree) -> None:
    one = Scrub(tree.edge)
    one.step(tree.desk)
    tree.append(90)
    while not one.done:
        one.step(tree.desk)


FLIP = "UPDATE holdpoint.event SET state = set_byte(state, 7, get_byte(state, 7) # 1) WHERE notification_id = {}"
REHASH = "UPDATE holdpoint.event SET leaf_hash = sha256('\\x00'::bytea || state) WHERE notification_id = {}"


@pytest.mark.parametrize(
    ("statements", "code", "place"),
    [
        ((FLIP.format(6),), "leaf-mismatch", "entry 5:"),
        ((FLIP.format(6), REHASH.format(6)), "tile-mismatch", "tile 0/0, entries from 0"),
        ((FLIP.format(400), REHASH.format(400)), "tile-mismatch", "tile 0/1, entries from 256"),
        ((FLIP.format(620), REHASH.format(620)), "leaf-mismatch", "entry 619:"),
        (("UPDATE holdpoint.tile SET hashes = set_byte(hashes, 0, 0) WHERE n = 1",), "tile-mismatch", "tile 0/1"),
        (("DELETE FROM holdpoint.event WHERE notification_id = 9",), "entry-missing", "no entry 8"),
        (("DELETE FROM holdpoint.tile WHERE n = 0",), "tile-mismatch", "tile 0/0"),
    ],
)
def test_what_was_altered_is_named(
    tree: Tree, ledger_database: LedgerDatabase, statements: tuple[str, ...], code: str, place: str
) -> None:
    tamper(ledger_database, *statements)
    with pytest.raises(Fault) as caught:
        scrub(tree)
    assert caught.value.code == code
    assert place in caught.value.detail


def test_a_tree_rehashed_throughout_is_not_the_signed_one(tree: Tree, ledger_database: LedgerDatabase) -> None:
    """Whoever owns the database can make bytes, hashes and tiles agree; the edge that we sign for is in our memory."""
    tamper(ledger_database, FLIP.format(6), REHASH.format(6))
    leaves = tree.desk.read_leaf_hashes(0, SIZE)
    _, full = Edge.empty().extend(leaves)
    tamper(ledger_database, f"UPDATE holdpoint.tile SET hashes = '\\x{full[0].hashes.hex()}' WHERE level = 0 AND n = 0")
    with pytest.raises(Fault) as caught:
        scrub(tree)
    assert caught.value.code == "leaf-mismatch"
    assert "not those of the signed tree" in caught.value.detail
