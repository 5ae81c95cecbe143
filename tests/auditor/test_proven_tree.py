"""Trees of three levels from a host that nobody trusts: each tile proven by the one above, whatever is bent is found."""

import pytest

from auditor.proven_tree import ProvenTree
from ledger.checkpoint import read_checkpoint
from ledger.errors import Fault, Unverified
from ledger.tile import WIDTH, format_bundle, tile_path
from tests.simulator import log_signer
from tests.tile_host import MadeUp

SIZE = 66_000
LOG = MadeUp(log_signer("proven", "dev/proven"), SIZE)
OTHER = MadeUp(log_signer("proven", "dev/proven"), SIZE, fork=65_900, name="other")
FILES = LOG.files()
HEAD = read_checkpoint(LOG.note())[0]


def tree(**changed: bytes | None) -> ProvenTree:
    given = FILES | {k.replace("_", "/"): v for k, v in changed.items()}
    return ProvenTree(HEAD, {k: v for k, v in given.items() if v is not None}.get)


@pytest.mark.parametrize("size", [1, 255, 256, 257, 65_535, 65_536, 65_537, SIZE - 1, SIZE])
def test_roots_of_every_prefix(size: int) -> None:
    assert tree().root_at(size) == LOG.edge_at(size).root()


@pytest.mark.parametrize(("level", "n"), [(0, 0), (0, 255), (0, 256), (1, 0)])
def test_a_full_tile_is_proven_by_its_parent(level: int, n: int) -> None:
    found = tree()
    assert found.tile(level, n) == FILES[tile_path(level, n)]
    bent = FILES[tile_path(level, n)][:-1] + b"x"
    with pytest.raises(Unverified) as caught:
        ProvenTree(HEAD, (FILES | {tile_path(level, n): bent}).get).tile(level, n)
    assert (caught.value.code, caught.value.place) == ("tile-mismatch", tile_path(level, n))
    with pytest.raises(Fault, match="tile-missing"):
        ProvenTree(HEAD, {k: v for k, v in FILES.items() if k != tile_path(level, n)}.get).tile(level, n)


@pytest.mark.parametrize("name", [n for n in FILES if ".p/" in n and "entries" not in n])
def test_the_right_edge_is_proven_at_once(name: str) -> None:
    for bent in (FILES[name][:-1], FILES[name][:-1] + b"x", FILES[name] + FILES[name][:32], b""):
        with pytest.raises(Unverified, match="tile-mismatch"):
            ProvenTree(HEAD, (FILES | {name: bent}).get)


def test_what_is_kept_is_believed_no_more_than_a_host() -> None:
    """Files of another history, or rotten ones, are passed over; the host's true ones are taken, and the others named."""
    found = ProvenTree(HEAD, FILES.get, OTHER.files().get)
    assert found.root_at(SIZE - 1) == LOG.edge_at(SIZE - 1).root()
    assert found.tile(0, 256) == FILES[tile_path(0, 256)], "what both histories share is taken from what is kept"
    assert found.refuted == set()
    rotten = {tile_path(0, 7): bytes(8192)}
    again = ProvenTree(HEAD, FILES.get, rotten.get)
    again.tile(0, 7)
    assert again.refuted == {tile_path(0, 7)}


def test_bundles_are_proven_and_a_suppressed_record_is_empty() -> None:
    last, width = SIZE // WIDTH, SIZE % WIDTH
    found = tree().bundle(last)
    assert found is not None
    assert found[1] == LOG.entries[last * WIDTH :]
    path = tile_path(None, 3)
    entries = LOG.entries[3 * WIDTH : 4 * WIDTH]
    empty = ProvenTree(HEAD, (FILES | {path: format_bundle([b"", *entries[1:]])}).get).bundle(3)
    assert empty is not None
    assert empty[1][0] == b""
    with pytest.raises(Unverified, match="tile-mismatch"):
        ProvenTree(HEAD, (FILES | {path: format_bundle([b"x", *entries[1:]])}).get).bundle(3)
    assert ProvenTree(HEAD, {k: v for k, v in FILES.items() if "entries" not in k}.get).bundle(0) is None
    whole = {
        tile_path(None, last, width): None,
        tile_path(None, last): format_bundle([*found[1], b"later"] * 1 + [b""] * (WIDTH - width - 1)),
    }
    cut = ProvenTree(HEAD, {k: v for k, v in (FILES | whole).items() if v is not None}.get).bundle(last)
    assert cut == found
