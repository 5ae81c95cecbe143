"""An export: the log as C2SP tlog-tiles, and the lab's signed claims (spec/export.md). Bundles, then tiles, checkpoint last."""

from collections.abc import Iterator, Sequence

from ledger.entry import leaf_hash
from ledger.tile import WIDTH, Edge, format_bundle, tile_path, tiles_of
from ledger.tree import HASH


def bundle_file(n: int, entries: Sequence[bytes]) -> tuple[str, bytes]:
    """Path and bytes of entry bundle `n`."""
    return tile_path(None, n, len(entries)), format_bundle(entries)


def export_files(
    entries: Iterator[bytes], size: int, note: str, claims: tuple[bytes, bytes]
) -> Iterator[tuple[str, bytes]]:
    """Every file of an export, in the order in which to write them. Holds the hashes in memory, never the entries."""
    edge = Edge.empty()
    levels: dict[tuple[int, int], bytes] = {}
    bundle: list[bytes] = []
    for index, entry in enumerate(entries):
        bundle.append(entry)
        if len(bundle) == WIDTH or index == size - 1:
            yield bundle_file(index // WIDTH, bundle)
            edge, full = edge.extend([leaf_hash(e) for e in bundle])
            levels.update({(t.level, t.n): t.hashes for t in full})
            bundle = []
    for path in tiles_of(size):
        level = path.level or 0
        hashes = levels.get((level, path.n)) or edge.levels[level]
        yield tile_path(level, path.n, path.width), hashes[: path.width * HASH]
    yield "claims.json", claims[0]
    yield "claims.sig", claims[1]
    yield "checkpoint", note.encode()
