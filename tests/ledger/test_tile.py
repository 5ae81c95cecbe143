"""ledger/tile.py: paths, bundles, foreign tiles, and an edge that equals the naive tree across tile boundaries."""

from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.checkpoint import parse_checkpoint
from ledger.errors import Malformed
from ledger.note import parse_note
from ledger.strict import parse_base64
from ledger.tile import (
    FULL,
    MAX_MEMO,
    BatchProofs,
    Edge,
    FullTile,
    TilePath,
    TileReader,
    format_bundle,
    parse_bundle,
    parse_tile_path,
    tile_path,
    tile_root,
    tiles_of,
)
from ledger.tree import (
    MAX_SIZE,
    Frontier,
    check_consistency,
    check_inclusion,
    hash_children,
    hash_leaf,
    prove_consistency,
    prove_inclusion,
    root_of,
)
from tests.conftest import VECTORS, needs_vectors

BOUNDARIES = (1, 2, 255, 256, 257, 511, 512, 513, 65_279, 65_280, 65_535, 65_536, 65_537, 65_792, 70_000)


@cache
def leaves():
    return tuple(sha256(b"\x00" + str(i).encode()).digest() for i in range(70_000))


def naive_root(hashes):
    """RFC 6962's root, level by level: an odd last node moves up unhashed."""
    row = list(hashes)
    while len(row) > 1:
        paired = [sha256(b"\x01" + a + b).digest() for a, b in zip(row[::2], row[1::2], strict=False)]
        row = paired + ([row[-1]] if len(row) % 2 else [])
    return row[0]


def stored(tiles, edge):
    """A `get_tile` over full tiles and the edge's partial ones."""
    full = {(t.level, t.n): t.hashes for t in tiles}
    return lambda level, n: full.get((level, n)) or edge.levels[level]


@pytest.mark.parametrize(
    ("level", "n", "width", "path"),
    [
        (0, 0, 256, "tile/0/000"),
        (63, 999, 1, "tile/63/999.p/1"),
        (1, 1000, 255, "tile/1/x001/000.p/255"),
        (0, 1_234_067, 256, "tile/0/x001/x234/067"),
        (None, 7, 9, "tile/entries/007.p/9"),
        (None, 1_000_000, 256, "tile/entries/x001/x000/000"),
        (0, MAX_SIZE // 256, 256, "tile/0/x036/x028/x797/x018/x963/967"),
    ],
)
def test_paths_as_the_specification_writes_them(level, n, width, path):
    assert tile_path(level, n, width) == path
    assert parse_tile_path(path) == TilePath(level, n, width)


@pytest.mark.parametrize(
    "path",
    [
        "", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000", "tile/64/000", "tile/-1/000", "tile/0/x000/001",
        "tile/0/001/234", "tile/0/x001/x234", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/999",
        "tile/0/000.p/", "tile/0/000\n", "/tile/0/000", "tile/0/000/", "tile/0/٤٢٠", "tile/entries/000.p/256", "tile/Entries/000",
        "tile/0/x001/../000", "tile/0/x036/x028/x797/x018/x963/968", "tile/0/x001/x000/x000/x000/x000/x000/000", "tile/data/000",
    ],
)  # fmt: skip
def test_paths_that_are_refused(path):
    with pytest.raises(Malformed, match="tile-path"):
        parse_tile_path(path)


@pytest.mark.parametrize(
    ("level", "n", "width"), [(0, 0, 0), (0, 0, 257), (0, -1, 1), (64, 0, 1), (-1, 0, 1), (0, 2**63, 1)]
)
def test_paths_that_no_tile_has_are_not_written(level, n, width):
    with pytest.raises(Malformed, match="tile-path"):
        tile_path(level, n, width)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=40),
        st.from_regex(r"tile/(entries|[0-9]{1,2})/(x[0-9]{3}/){0,7}[0-9]{3}(\.p/[0-9]{1,3})?", fullmatch=True),
    )
)
def test_any_text_is_a_path_or_malformed(text):
    try:
        parsed = parse_tile_path(text)
    except Malformed:
        return
    assert tile_path(parsed.level, parsed.n, parsed.width) == text


def test_bundles():
    entries = [b"", b"a", b"\xff" * 65_535]
    raw = format_bundle(entries)
    assert raw[:5] == b"\0\0\0\1a"
    assert parse_bundle(raw, 3) == entries
    for bad, width in (
        (raw, 2),
        (raw, 4),
        (raw[:-1], 3),
        (raw + b"\0", 3),
        (b"\0", 1),
        (b"", 1),
        (b"", 0),
        (b"\0\0" * 257, 257),
    ):
        with pytest.raises(Malformed):
            parse_bundle(bad, width)
    for unfit in ([], [b""] * 257, [b"x" * 65_536]):
        with pytest.raises(Malformed):
            format_bundle(unfit)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=600), st.integers(-1, 300))
def test_any_bytes_are_a_bundle_or_malformed(raw, width):
    try:
        entries = parse_bundle(raw, width)
    except Malformed:
        return
    assert len(entries) == width
    assert format_bundle(entries) == raw


def test_the_tiles_of_a_tree_of_70000_are_those_of_the_specification():
    paths = list(tiles_of(70_000))
    by_level = [[p for p in paths if p.level == level] for level in range(4)]
    assert [p.width for p in by_level[0]] == [256] * 273 + [112]
    assert [p.width for p in by_level[1]] == [256, 17]
    assert by_level[2] == [TilePath(2, 0, 1)]
    assert by_level[3] == []
    assert list(tiles_of(256)) == [TilePath(0, 0, 256), TilePath(1, 0, 1)]
    assert list(tiles_of(0)) == []
    assert next(tiles_of(MAX_SIZE)) == TilePath(0, 0, 256)


def test_an_edge_equals_the_naive_tree_across_all_boundaries():
    edge, tiles = Edge.empty(), []
    for size in BOUNDARIES:
        old = edge
        batch = BatchProofs(old, leaves()[old.size : size])
        edge = batch.edge
        tiles += batch.tiles
        assert edge.size == size
        assert edge.root() == naive_root(leaves()[:size]) == edge.frontier().root()
        assert edge.frontier() == Frontier.from_bytes(size, edge.frontier().to_bytes())
        assert Edge.load(size, stored(tiles, edge)) == edge
        for index in {old.size, old.size + 1, (old.size + size) // 2, size - 2, size - 1}:
            if old.size <= index < size:
                check_inclusion(leaves()[index], index, size, batch.proof(index), edge.root())
    assert {(t.level, t.n) for t in tiles} == {(p.level, p.n) for p in tiles_of(70_000) if p.width == 256}
    assert len(tiles) == len({(t.level, t.n) for t in tiles})
    assert all(t.hashes == b"".join(leaves()[t.n * 256 : t.n * 256 + 256]) for t in tiles if t.level == 0)


def test_how_a_tree_is_cut_into_batches_changes_nothing():
    whole, tiles = Edge().extend(leaves()[:1500])
    for step in (1, 7, 64, 255, 256, 257, 500):
        edge, found = Edge(), []
        for at in range(0, 1500, step):
            batch = BatchProofs(edge, leaves()[at : min(1500, at + step)])
            edge = batch.edge
            found += batch.tiles
            root = edge.root()
            assert root == Frontier().extend(leaves()[: edge.size]).root() if step > 60 else True
            for index in range(at, edge.size):
                check_inclusion(leaves()[index], index, edge.size, batch.proof(index), root)
        assert edge == whole
        assert sorted(found, key=lambda t: (t.level, t.n)) == sorted(tiles, key=lambda t: (t.level, t.n))


def test_two_trees_grown_from_one_edge_share_nothing():
    """A lost race drops the memory of a batch: what it remembered must not reach the next one."""
    base, _ = Edge().extend(leaves()[:300])
    base.root()
    left, right = BatchProofs(base, leaves()[300:700]), BatchProofs(base, leaves()[1300:1700])
    for batch, tail in ((left, leaves()[300:700]), (right, leaves()[1300:1700])):
        root = naive_root([*leaves()[:300], *tail])
        assert batch.edge.root() == root
        for index in range(300, 700):
            check_inclusion(tail[index - 300], index, 700, batch.proof(index), root)
    assert base.root() == naive_root(leaves()[:300])


def test_what_an_edge_remembers_stays_bounded_and_true():
    edge, _ = Edge().extend(leaves()[:60_000])
    for at in range(60_000, 70_000, 64):
        batch = BatchProofs(edge, leaves()[at : at + 64])
        for index in range(at, batch.edge.size):
            batch.proof(index)
        edge = batch.edge
        assert len(edge._memo) <= MAX_MEMO + 300
    assert MAX_MEMO > 8 * 255
    assert edge.root() == naive_root(leaves())


def test_an_edge_forgets_full_tiles_and_nothing_else(monkeypatch):
    edge, _ = Edge().extend(leaves())
    edge.root()
    needed = dict(edge._memo)
    assert {level for level, _ in needed} >= {1, 4, 9, 12}
    batch = BatchProofs(Edge().extend(leaves()[:69_700])[0], leaves()[69_700:])
    for index in range(69_700, 70_000):
        batch.proof(index)
    batch.edge.root()
    assert len(batch.edge._memo) > len(needed)
    monkeypatch.setattr("ledger.tile.MAX_MEMO", 0)
    kept = batch.edge._remembered()
    assert needed.items() <= kept.items()
    assert min(index for level, index in kept if level == 1) == (70_000 - 70_000 % 256) // 2


def test_a_lone_append_costs_tens_of_hashes_even_where_a_tile_fills(monkeypatch):
    """255 leaves, 254 full tiles and one full level above them: cold, root and proof cost 510 hashes, and each append anew."""
    rows = tuple(b"".join(leaves()[:width]) for width in (255, 254, 1))
    edge = Edge(255 + 256 * 254 + 65_536, rows)
    edge.root()
    count = [0]

    def counting(left, right):
        count[0] += 1
        return hash_children(left, right)

    monkeypatch.setattr("ledger.tile.hash_children", counting)
    spent = []
    for leaf in leaves()[:300]:
        batch = BatchProofs(edge, [leaf])
        check_inclusion(leaf, edge.size, edge.size + 1, batch.proof(edge.size), batch.edge.root())
        edge = batch.edge
        spent.append(count[0])
        count[0] = 0
    assert spent[0] <= 255 + 30
    assert max(spent[1:256]) <= 30
    assert spent[256] <= 255 * 2 + 30, "two levels of tiles fill"
    assert max(spent[257:]) <= 30


def test_proofs_of_old_entries_and_of_growth_read_from_tiles():
    edge, tiles = Edge().extend(leaves())
    asked = []
    get = stored(tiles, edge)

    def counting(level, n):
        asked.append((level, n))
        return get(level, n)

    reader = TileReader(counting, 70_000)
    for index in (0, 1, 255, 256, 40_000, 65_535, 65_536, 69_888, 69_999):
        check_inclusion(leaves()[index], index, 70_000, prove_inclusion(reader, index, 70_000), edge.root())
    for old in (1, 2, 255, 256, 257, 65_535, 65_536, 65_537, 69_999, 70_000):
        proof = prove_consistency(reader, old, 70_000)
        check_consistency(old, 70_000, proof, naive_root(leaves()[:old]), edge.root())
        assert root_of(old, reader) == naive_root(leaves()[:old])
    assert len(asked) == len(set(asked))


def test_a_tile_that_is_too_short_is_named():
    edge, tiles = Edge().extend(leaves()[:600])
    get = stored(tiles, edge)
    for cut in (0, 1, 32, 33):
        reader = TileReader(lambda level, n, cut=cut: get(level, n)[:cut], 600)
        with pytest.raises(Malformed, match="tile-short"):
            prove_inclusion(reader, 5, 600)
        with pytest.raises(Malformed, match="edge-form"):
            Edge.load(600, lambda level, n, cut=cut: get(level, n)[:cut])
    with pytest.raises(Malformed, match="tile-short"):
        tile_root(bytes(FULL - 32))
    with pytest.raises(Malformed, match="tile-absent"):
        edge.reader()(0, 0)


@pytest.mark.parametrize(
    ("size", "levels"),
    [
        (-1, ()),
        (1, ()),
        (0, (b"",)),
        (1, (bytes(31),)),
        (256, (b"",)),
        (256, (bytes(FULL), bytes(32))),
        (2**63, (b"",) * 8),
    ],
)
def test_an_edge_that_does_not_fit_its_size_is_refused(size, levels):
    with pytest.raises(Malformed, match="edge-form"):
        Edge(size, levels)


def test_odd_leaves_and_foreign_indexes_are_refused():
    with pytest.raises(Malformed, match="hash-length"):
        Edge().extend([bytes(31), bytes(33)])
    edge, _ = Edge().extend(leaves()[:10])
    batch = BatchProofs(edge, leaves()[10:20])
    for index in (-1, 0, 9, 20, 2**64):
        with pytest.raises(Malformed, match="index-range"):
            batch.proof(index)
    assert BatchProofs(edge, ()).edge == edge


@needs_vectors
def test_the_tessera_log_at_every_size():
    log = VECTORS / "tessera-testlog" / "testdata" / "log"
    edge = Edge()
    for size in range(1, 16):
        path = parse_tile_path(f"tile/0/000.p/{size}")
        tile = (log / tile_path(path.level, path.n, path.width)).read_bytes()
        entries = parse_bundle((log / tile_path(None, 0, size)).read_bytes(), size)
        assert format_bundle(entries) == (log / tile_path(None, 0, size)).read_bytes()
        assert b"".join(hash_leaf(e) for e in entries) == tile
        edge, _ = edge.extend([hash_leaf(entries[-1])])
        assert edge.levels == (tile,)
        claimed = parse_checkpoint(parse_note((log / f"checkpoint.{size}").read_text()).text)
        assert (claimed.size, claimed.root) == (size, edge.root())


@needs_vectors
def test_sunlight_tiles_full_and_partial():
    tiles = VECTORS / "sunlight" / "static-ct-tiles" / "tile" / "0"
    assert all(len((tiles / f"00{n}").read_bytes()) == FULL for n in range(4))
    assert (tiles / "003").read_bytes().startswith((tiles / "003.p" / "10").read_bytes())
    copy = next((VECTORS / "sunlight" / "log-copy").glob("000de*"))
    full, rest = (copy / tile_path(0, 0)).read_bytes(), (copy / tile_path(0, 1, 44)).read_bytes()
    assert tile_root(full) == (copy / tile_path(1, 0, 1)).read_bytes()
    origin, size, root = (copy / "checkpoint").read_text().split("\n")[:3]
    assert copy.name == sha256(origin.encode()).hexdigest()
    edge = Edge.load(300, lambda level, _n: (rest, tile_root(full))[level])
    assert (str(edge.size), edge.root()) == (size, parse_base64(root))
    hashes = [(full + rest)[i : i + 32] for i in range(0, 300 * 32, 32)]
    grown, found = Edge().extend(hashes)
    assert (grown, found) == (edge, (FullTile(0, 0, full),))
    assert hash_children(tile_root(full), naive_root(hashes[256:])) == edge.root()
