"""`GET /v1/entries…`: pages by index, one entry, what became of an event id, and receipts (JSON or tlog-proof text)."""

from collections.abc import Sequence
from threading import BoundedSemaphore
from typing import Annotated

import msgspec
from fastapi import Path, Query, Request
from starlette.responses import Response

from api.accept import accepted
from api.bound import JSON, bound, next_page
from api.embargo import Table, check_shown, suppressed_at
from api.problems import problem
from api.routes.asked import MAX_INDEX, WHOLE, After, Index, Limit, ledger_of, past_of, readable
from api.search import Sought, search
from api.wiring import Ledger
from api.witnessed import WAIT_SECONDS
from ledger.checkpoint import read_checkpoint
from ledger.entry import leaf_hash
from ledger.receipt import parse_receipt
from ledger.store.rows import Stored

TEXT = "text/plain"
WAITING = BoundedSemaphore(8)
"""Readers that may wait for witnesses at a time: each holds a thread."""
Least = Annotated[
    int,
    Query(ge=0, le=MAX_INDEX, description="The fewest entries that the checkpoint may have: a reader's pin."),
    WHOLE,
]
Stream = Annotated[str | None, Query(pattern=r"^[a-z0-9._:/@-]{1,200}$", description="Only this stream.")]
Topic = Annotated[
    str | None,
    Query(
        alias="type",
        pattern=r"^[a-z0-9._:-]{1,200}$",
        description="Only this event type: name, topic, or how names begin.",
    ),
]
Model = Annotated[
    str | None,
    Query(pattern=r"^model/[a-z0-9._:/@-]{1,194}$", description="Only what is said of this model, in any stream."),
]
Text = Annotated[
    str | None,
    Query(min_length=1, max_length=100, description="Only entries whose open fields hold this text, in either case."),
]
EventId = Annotated[str, Path(pattern="^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")]


def _row(row: Stored, state: Table) -> dict[str, object]:
    return {
        "index": row.index,
        "leaf": row.leaf.hex(),
        "recorded_at": row.recorded_at,
        "stream": row.stream,
        "stream_version": row.version,
        "type": row.topic,
        "entry": msgspec.Raw(row.entry or b"null"),
        "suppressed_at": suppressed_at(state, row.index),
    }


def page(
    request: Request, after: After = -1, limit: Limit = 100, stream: Stream = None, type_: Topic = None,
    model: Model = None, text: Text = None,
) -> Response:  # fmt: skip
    """Entries with index > `after`, in order, as far as a checkpoint covers them; the next page by `Link`."""
    ledger = ledger_of(request)
    size, _ = ledger.appender.published
    state = ledger.appender.state
    rows, more = search(ledger.desk, Sought(stream, type_, model, text), after, limit, size, state, readable(request))
    return bound(
        request,
        {"entries": [_row(r, state) for r in rows]},
        checkpoint=past_of(request).checkpoint(size),
        following=() if more is None else next_page(request, more),
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
    state = ledger_of(request).appender.state
    check_shown(state, index)
    return bound(request, _row(row, state), checkpoint=past_of(request).covering(index))


def receipt(request: Request, index: Index, least: Least = 0) -> Response:
    """The receipt under the newest witnessed checkpoint that holds the entry, else under the newest one.

    `Accept: text/plain` gives the tlog-proof alone. `Prefer: wait=10` waits so long for the witness quorum.
    """
    kind = accepted(",".join(request.headers.getlist("accept")), (JSON, TEXT))
    if kind is None:
        return problem("not-acceptable", place="Accept")
    ledger = ledger_of(request)
    waited = _wait(ledger, max(index + 1, least), request.headers.getlist("prefer"))
    raw, text = ledger.upgraded(index, least)
    if kind == TEXT:
        answer = bound(request, text.encode(), media_type="text/plain; charset=utf-8")
    else:
        row = _stored(request, index)
        size = read_checkpoint(parse_receipt(text).note)[0].size
        witnessed = ledger.witnessed is not None and ledger.witnessed.size == size
        value: dict[str, object] = {
            "index": index,
            "leaf": leaf_hash(raw).hex(),
            "receipt": text,
            "witnessed": witnessed,
        }
        if row is not None:
            check_shown(ledger.appender.state, index)  # the proof alone stays: whoever holds the entry keeps it
            value |= {"entry": msgspec.Raw(raw), "recorded_at": row.recorded_at}
        answer = bound(request, value)
    if waited:
        answer.headers["Preference-Applied"] = f"wait={waited}"
    return answer


def _wait(ledger: Ledger, size: int, preferences: Sequence[str]) -> int:
    """Seconds that `Prefer: wait=N` (RFC 7240 §4.3) was granted for the witness quorum: at most ten, and few at a time."""
    said = [p.strip() for line in preferences for p in line.split(",")]
    named = next((p.removeprefix("wait=") for p in said if p.startswith("wait=")), "")
    if ledger.witnessed is None or not (named.isascii() and named.isdigit() and len(named) < 6) or int(named) == 0:
        return 0
    if size > ledger.appender.published[0] or not WAITING.acquire(blocking=False):
        return 0
    try:
        seconds = min(int(named), int(WAIT_SECONDS))
        ledger.witnessed.wait(size, seconds)
    finally:
        WAITING.release()
    return seconds
