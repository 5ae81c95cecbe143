"""An export: the log as C2SP tlog-tiles, and the lab's signed claims (spec/export.md). Bundles, then tiles, checkpoint last."""

from collections.abc import Generator, Iterator, Sequence

from ledger.entry import leaf_hash
from ledger.tile import FULL, WIDTH, Edge, format_bundle, tile_path
from ledger.tree import HASH

File = tuple[str, bytes]
"""Path below the export's folder, and content."""


def bundle_file(n: int, entries: Sequence[bytes]) -> File:
    """Path and bytes of entry bundle `n`."""
    return tile_path(None, n, len(entries)), format_bundle(entries)


Shown = tuple[bytes, bytes]
"""An entry as it is shown, empty where it is suppressed, and its leaf hash."""


def added_files(edge: Edge, entries: Iterator[Shown], size: int) -> Generator[File, None, Edge]:
    """The bundles and tiles that a tree of `size` has and one with `edge` has not, in the order in which to write them.

    `entries` begin with the first of the bundle that `edge` ends in. Returns the edge at `size`: the caller compares its root
    with the checkpoint's before anybody is shown one. Holds hashes in memory, 32 bytes an entry, and one bundle of entries.
    """
    levels: dict[tuple[int, int], bytes] = {}
    bundle: list[Shown] = []
    for index, shown in enumerate(entries, edge.size // WIDTH * WIDTH):
        bundle.append(shown)
        if len(bundle) == WIDTH or index == size - 1:
            yield bundle_file(index // WIDTH, [entry for entry, _ in bundle])
            edge, full = edge.extend([leaf for _, leaf in bundle[edge.size % WIDTH :]])
            levels.update({(t.level, t.n): t.hashes for t in full})
            bundle = []
    for level, row in enumerate(edge.levels):
        for (_, n), hashes in sorted(item for item in levels.items() if item[0][0] == level):
            yield tile_path(level, n), hashes[:FULL]
        if row:
            yield tile_path(level, (edge.size >> 8 * level) // WIDTH, len(row) // HASH), row
    return edge


def claim_files(claims: tuple[bytes, bytes]) -> Iterator[File]:
    """The claims and their signature."""
    yield "claims.json", claims[0]
    yield "claims.sig", claims[1]


def export_files(entries: Iterator[bytes], size: int, note: str, claims: tuple[bytes, bytes]) -> Iterator[File]:
    """Every file of an export of whole entries, in the order in which to write them."""
    yield from added_files(Edge.empty(), ((entry, leaf_hash(entry)) for entry in entries), size)
    yield from claim_files(claims)
    yield "checkpoint", note.encode()
