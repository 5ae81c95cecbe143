"""`GET /v1/entries…`: pages by index, one entry, by event id, and receipts (JSON or tlog-proof text)."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.problems import problem
from api.wiring import Ledger
from ledger.store.rows import Stored
from ledger.strict import parse_uuid7

router = APIRouter(prefix="/v1/entries", tags=["entries"])


def _row(row: Stored) -> dict[str, object]:
    return {
        "index": row.index,
        "leaf": row.leaf.hex(),
        "recorded_at": row.recorded_at,
        "stream": row.stream,
        "stream_version": row.version,
        "type": row.topic,
        "entry": msgspec.Raw(row.entry),
    }


@router.get("")
def page(
    request: Request,
    after: Annotated[int, Query(ge=-1, le=2**53 - 1)] = -1,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    stream: Annotated[str | None, Query(max_length=200)] = None,
    type_: Annotated[str | None, Query(alias="type", max_length=200)] = None,
) -> Response:
    """Entries with index > `after`, in order; the next page by `Link`."""
    ledger: Ledger = request.app.state.ledger
    rows = ledger.desk.find(after, limit, stream, type_)
    headers = {}
    if len(rows) == limit:
        following = request.url.include_query_params(after=rows[-1].index)
        headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
    content = msgspec.json.encode({"entries": [_row(r) for r in rows]})
    return Response(content, headers=headers, media_type="application/json")


@router.get("/by-event/{event_id}")
def by_event(request: Request, event_id: str) -> Response:
    """What became of an event id: `committed` with its index, or `unknown`."""
    ledger: Ledger = request.app.state.ledger
    index = ledger.desk.find_event_id(parse_uuid7(event_id))
    if index is None:
        return Response(msgspec.json.encode({"outcome": "unknown"}), 404, media_type="application/json")
    return Response(msgspec.json.encode({"outcome": "committed", "index": index}), media_type="application/json")


@router.get("/{index}")
def entry(request: Request, index: int) -> Response:
    """One entry."""
    ledger: Ledger = request.app.state.ledger
    rows = ledger.desk.find(index - 1, 1)
    if not rows or rows[0].index != index:
        return problem(404, "not-found", "no such entry, or not yours", "index")
    return Response(msgspec.json.encode(_row(rows[0])), media_type="application/json")


@router.get("/{index}/receipt")
def receipt(request: Request, index: int) -> Response:
    """The receipt under the newest checkpoint; `Accept: text/plain` gives the tlog-proof alone."""
    ledger: Ledger = request.app.state.ledger
    raw, text = ledger.receipt(index)
    if "text/plain" in request.headers.get("accept", ""):
        return Response(text, media_type="text/plain; charset=utf-8")
    content = msgspec.json.encode({"index": index, "entry": msgspec.Raw(raw), "receipt": text})
    return Response(content, media_type="application/json")
