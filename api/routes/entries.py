"""`GET /v1/entries…`: pages by index, one entry, what became of an event id, and receipts (JSON or tlog-proof text)."""

from typing import Annotated

import msgspec
from fastapi import Path, Query, Request
from starlette.responses import Response

from api.accept import accepted
from api.bound import JSON, bound, next_page
from api.problems import problem
from api.routes.asked import After, Index, Limit, ledger_of, past_of, readable
from ledger.entry import leaf_hash
from ledger.registry import BY_NAME
from ledger.store.rows import Stored

TEXT = "text/plain"
SCANS = 10
"""Pages looked through for a token that opens only part of the log; what is found by then is the page."""
Stream = Annotated[str | None, Query(pattern=r"^[a-z0-9._:/@-]{1,200}$", description="Only this stream.")]
Topic = Annotated[
    str | None,
    Query(alias="type", pattern=r"^[a-z0-9._:-]{1,200}$", description="Only this event type: its name, or its topic."),
]
EventId = Annotated[str, Path(pattern="^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")]


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


def page(
    request: Request, after: After = -1, limit: Limit = 100, stream: Stream = None, type_: Topic = None
) -> Response:
    """Entries with index > `after`, in order, as far as a checkpoint covers them; the next page by `Link`."""
    ledger, may = ledger_of(request), readable(request)
    topic = BY_NAME[type_].event.topic if type_ in BY_NAME else type_
    size, _ = ledger.appender.published
    rows: list[Stored] = []
    last, more = after, True
    for _ in range(SCANS):
        found = [r for r in ledger.desk.find(last, limit, stream, topic) if r.index < size]
        more = len(found) == limit
        if found:
            last = found[-1].index
        rows += [r for r in found if may(r.stream)]
        if len(rows) >= limit or not more:
            break
    if len(rows) > limit:
        last, more = rows[limit - 1].index, True
    return bound(
        request,
        {"entries": [_row(r) for r in rows[:limit]]},
        checkpoint=past_of(request).checkpoint(size),
        following=next_page(request, last) if more else (),
    )


def by_event(request: Request, event_id: EventId) -> Response:
    """What became of an event id: `committed` with its index, or `unknown` (404), which a retry may still change."""
    index = ledger_of(request).desk.find_event_id(event_id)
    row = None if index is None else _stored(request, index)
    if index is None or row is None:
        return Response(msgspec.json.encode({"outcome": "unknown"}), 404, media_type=JSON)
    value = {"outcome": "committed", "index": index}
    return bound(request, value, checkpoint=past_of(request).covering(index))


def _stored(request: Request, index: int) -> Stored | None:
    """The entry, if it is there and the asker may read it. Raises `Fault` `ledger-invalid` where its row says another thing."""
    found = ledger_of(request).log.entry(index)
    if found is None or not readable(request)(found.originator_id):
        return None
    return Stored(
        index, found.entry, found.originator_id, found.originator_version, found.topic, leaf_hash(found.entry), found.recorded_at
    )  # fmt: skip


def entry(request: Request, index: Index) -> Response:
    """One entry."""
    row = _stored(request, index)
    if row is None:
        return problem("not-found", place="index")
    return bound(request, _row(row), checkpoint=past_of(request).covering(index))


def receipt(request: Request, index: Index) -> Response:
    """The receipt under the newest checkpoint. `Accept: text/plain` gives the tlog-proof alone."""
    kind = accepted(",".join(request.headers.getlist("accept")), (JSON, TEXT))
    if kind is None:
        return problem("not-acceptable", place="Accept")
    raw, text = ledger_of(request).receipt(index)
    if kind == TEXT:
        return bound(request, text.encode(), media_type="text/plain; charset=utf-8")
    row = _stored(request, index)
    value: dict[str, object] = {"index": index, "receipt": text}
    if row is not None:
        value["entry"] = msgspec.Raw(raw)
    return bound(request, value)
