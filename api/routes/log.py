"""`/log/…`: the checkpoint and the tiles of C2SP tlog-tiles. Tiles never change; the checkpoint is never cached."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.problems import problem
from api.wiring import Ledger
from ledger.errors import Malformed
from ledger.tile import WIDTH, format_bundle, parse_tile_path
from ledger.tree import HASH

router = APIRouter(prefix="/log", tags=["log"])
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@router.get("/checkpoint")
def checkpoint(request: Request) -> Response:
    """The newest signed checkpoint."""
    ledger: Ledger = request.app.state.ledger
    _, note = ledger.appender.published
    return Response(note, headers={"Cache-Control": "no-cache"}, media_type="text/plain; charset=utf-8")


@router.get("/tile/{path:path}")
def tile(request: Request, path: str) -> Response:
    """A hash tile or an entry bundle, full or partial, of the published tree."""
    ledger: Ledger = request.app.state.ledger
    try:
        wanted = parse_tile_path(f"tile/{path}")
    except Malformed as err:
        return problem(400, err.code, "not the path of a tile", "path")
    size, _ = ledger.appender.published
    level = wanted.level or 0
    nodes = size >> 8 * level if level < 8 else 0
    if wanted.n * WIDTH + wanted.width > nodes:
        return problem(404, "not-found", "the tree does not fill this tile", "path")
    if wanted.level is None:
        start = wanted.n * WIDTH
        content = format_bundle([r.entry for r in ledger.desk.read_entries(start, start + wanted.width)])
    else:
        content = ledger.tile(level, wanted.n, size)[: wanted.width * HASH]
    return Response(content, headers=FOREVER, media_type="application/octet-stream")
