"""`/log/…`: the checkpoint and the tiles of C2SP tlog-tiles. Tiles never change; the checkpoint is never kept unasked."""

from fastapi import Request
from starlette.responses import Response

from api.bound import FOREVER, REVALIDATE, bound
from api.cosigning import cosigned_note
from api.embargo import shown
from api.problems import problem
from api.routes.asked import ledger_of
from api.tokens import ENTRIES
from ledger.tile import WIDTH, format_bundle, parse_tile_path
from ledger.tree import HASH

BYTES = "application/octet-stream"


def checkpoint(request: Request) -> Response:
    """The newest signed checkpoint: origin, size, root, the log's signatures, and the cosignatures that have arrived."""
    ledger = ledger_of(request)
    note = cosigned_note(ledger, *ledger.appender.published)
    return bound(request, note.encode(), keep=REVALIDATE, media_type="text/plain; charset=utf-8")


def checkpoint_bridge(request: Request) -> Response:
    """After a compromise of the log's keys: the last good size again, signed by the keys in force (spec/root.md)."""
    size, note = ledger_of(request).appender.bridge
    if size == 0:
        return problem("not-found", "no compromise of the log's keys is recorded", "path")
    return bound(request, note.encode(), keep=REVALIDATE, media_type="text/plain; charset=utf-8")


def checkpoint_witnessed(request: Request) -> Response:
    """The newest checkpoint that met the ledger's witness policy, with its cosignatures: never larger than the newest one."""
    told = ledger_of(request).witnessed
    size, note = (0, "") if told is None else told.newest()
    if size == 0:
        return problem("not-found", "no checkpoint has met a witness policy", "path")
    return bound(request, note.encode(), keep=REVALIDATE, media_type="text/plain; charset=utf-8")


def tile(request: Request, level: str, path: str) -> Response:
    """A hash tile, full or partial, of any size up to the newest checkpoint: `<level>/<N>`, `<level>/<N>.p/<W>`."""
    ledger = ledger_of(request)
    wanted = parse_tile_path(f"tile/{level}/{path}")
    size, _ = ledger.appender.published
    if wanted.level is None or not _filled(wanted.level, wanted.n, wanted.width, size):
        return problem("not-found", "the tree does not fill this tile", "path")
    content = ledger.tile(wanted.level, wanted.n, size)[: wanted.width * HASH]
    return bound(request, content, keep=FOREVER, media_type=BYTES)


def bundle(request: Request, path: str) -> Response:
    """An entry bundle, full or partial: each entry behind its length as two big-endian bytes; length 0 where it is suppressed."""
    ledger = ledger_of(request)
    scopes: frozenset[str] | None = request.scope.get("holdpoint.scopes")
    if scopes is not None and ENTRIES not in scopes:  # a prefix opens some entries; a bundle has all of them
        return problem("not-found", place="path")
    wanted = parse_tile_path(f"tile/entries/{path}")
    size, _ = ledger.appender.published
    if not _filled(0, wanted.n, wanted.width, size):
        return problem("not-found", "the tree does not fill this bundle", "path")
    start = wanted.n * WIDTH
    rows = shown(ledger.appender.state, ledger.desk.read_entries(start, start + wanted.width))
    content = format_bundle([r.entry for r in rows])
    return bound(request, content, keep=FOREVER.replace("public", "private"), media_type=BYTES)


def _filled(level: int, n: int, width: int, size: int) -> bool:
    nodes = size >> 8 * level if level < 8 else 0
    return n * WIDTH + width <= nodes
