"""How an auditor reads what a log shows: files by path, hash tiles, single entries."""

from collections.abc import Callable
from typing import TypeAlias

from auditor.seen import width_at
from ledger.errors import Malformed
from ledger.tile import WIDTH, GetTile, parse_bundle, tile_path

Read: TypeAlias = Callable[[str], bytes | None]
"""Path inside the export → its bytes, or `None` where there is no such file."""


def get_tile(read: Read, size: int) -> GetTile:
    """The hash tiles of a tree of `size` entries, empty where there is none."""
    return lambda level, n: read(tile_path(level, n, width_at(size, level, n))) or b""


def entry_of(read: Read, size: int) -> Callable[[int], bytes | None]:
    """An entry of a log of `size` by its index, `None` where it is not shown."""

    def entry(index: int) -> bytes | None:
        n, at = divmod(index, WIDTH)
        width = min(WIDTH, size - n * WIDTH)
        raw = read(tile_path(None, n, width)) if at < width else None
        try:
            return None if raw is None else parse_bundle(raw, width)[at]
        except Malformed:
            return None

    return entry
