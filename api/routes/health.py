"""`/livez` touches nothing · `/readyz` says per part · `/metrics` for Prometheus."""

import math
import shutil
from typing import Annotated, Literal

import msgspec
from fastapi import Query, Request
from starlette.responses import Response

from api.bound import JSON, NEVER
from api.measures import Measures
from api.routes.asked import ledger_of, past_of
from api.wiring import Ledger, View, wall_clock
from ledger.errors import Fault, LedgerError
from ledger.note import MLDSA44_COSIGNATURE, cosigned_at, parse_note, parse_vkey
from ledger.state import State
from ledger.strict import micros
from projections.questions import QUESTIONS

FLOOR = 256 * 1024 * 1024
SKEW_SECONDS = 5.0
NOW = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
For = Annotated[Literal["reads", "writes"], Query(alias="for", description="What the asker wants to send here.")]


async def livez() -> Response:
    """The process answers. Touches nothing."""
    return Response(b'{"alive":true}', headers={"Cache-Control": NEVER}, media_type=JSON)


def readyz(request: Request, wanted: For = "reads") -> Response:
    """Each part by itself. A read-only ledger is ready for reads; `?for=writes` is 503 then."""
    ledger = ledger_of(request)
    parts = _parts(ledger)
    writes = all(v == "ok" for v in parts.values())
    ready = writes if wanted == "writes" else parts["database"] == "ok"
    content = msgspec.json.encode({"ready": ready, "writes": writes, "parts": parts})
    return Response(content, 200 if ready else 503, {"Cache-Control": NEVER}, JSON)


def _parts(ledger: Ledger) -> dict[str, str]:
    stopped = ledger.appender.stopped
    free = shutil.disk_usage(ledger.folder).free
    parts = {
        "appender": "ok" if stopped is None else f"read-only: {_why(stopped)}",
        "database": "ok",
        "anchor": "ok",
        "signer": "ok" if ledger.appender.published[0] == ledger.appender.size else "behind the last commit",
        "projections": "ok",
        "disk": "ok" if free > FLOOR else "below its floor",
        "clock": "ok",
    }
    if ledger.witnessed is not None and ledger.witnessed.require:
        parts["witnesses"] = "unwitnessed: the quorum does not answer" if ledger.witnessed.short else "ok"
    try:
        head = ledger.desk.read_head()
        anchored = ledger.anchor.head
        if anchored is None or anchored.size > head.size:
            parts["anchor"] = "ahead of the database"
        skew = clock_skew(ledger)
        if skew is not None and abs(skew) > SKEW_SECONDS:
            parts["clock"] = f"{skew:.0f} s from the database's"
        stale = {} if ledger.projecting is None else ledger.projecting.stale
        if stale:
            parts["projections"] = "projection-stale: " + ", ".join(f"{t} {why}" for t, why in sorted(stale.items()))
    except LedgerError as err:
        parts["database"] = err.code
    return parts


def _why(stopped: Fault) -> str:
    """The code; for a head behind its anchor the two sizes too, which are no secret."""
    return f"{stopped.code}: {stopped.detail}" if stopped.code == "diverged" else stopped.code


def clock_skew(ledger: Ledger) -> float | None:
    """Seconds from the database's clock to ours; `None` where a development ledger simulates its clock."""
    if ledger.clock is not wall_clock:
        return None
    ((theirs,),) = ledger.desk.query(NOW)
    return float(micros(ledger.now()) - theirs) / 1e6


def projection_lags(ledger: Ledger) -> dict[str, int]:
    """Entries not yet folded, by view."""
    if ledger.projecting is not None:
        return ledger.projecting.lags
    size = ledger.appender.published[0]
    return {title: max(0, size - position) for title, position in ledger.views.positions(*QUESTIONS).items()}


def metrics(request: Request) -> Response:
    """Counters, gauges and histograms, `holdpoint_…`: docs/reference/metrics.md."""
    measures: Measures = request.app.state.measures
    _read_gauges(ledger_of(request), measures)
    _read_sparingly(request, measures)
    media_type = "text/plain; version=0.0.4; charset=utf-8"
    return Response(measures.text(), headers={"Cache-Control": NEVER}, media_type=media_type)


def _read_gauges(ledger: Ledger, measures: Measures) -> None:
    appender, now = ledger.appender, ledger.now()
    anchored = ledger.anchor.head
    measures.set("tree_size", appender.published[0])
    measures.set("anchor_lag_entries", max(0, appender.size - (0 if anchored is None else anchored.size)))
    measures.set("queue_entries", appender.queued)
    measures.set("disk_free_bytes", shutil.disk_usage(ledger.folder).free)
    measures.set("checkpoint_age_seconds", _checkpoint_age(ledger, now))
    measures.set("unwitnessed_seconds", _unwitnessed(ledger, now))
    with ledger.view() as view:
        measures.set("key_expiry_seconds", _seconds(now, _first_key_end(view.state, now)))
    try:
        skew = clock_skew(ledger)
        measures.set("clock_skew_seconds", 0.0 if skew is None else skew)
        for title, lag in projection_lags(ledger).items():
            measures.set("projection_lag_entries", lag, title)
    except LedgerError:
        measures.set("clock_skew_seconds", math.nan)


def _read_sparingly(request: Request, measures: Measures) -> None:
    """What looks through all duties or all attestations: on the still past, and not at every scrape."""
    view = past_of(request).now()
    end = request.app.state.attested.at(view)
    measures.set("attestation_expiry_seconds", _seconds(view.time, end))
    for name, counts in request.app.state.owed.at(view).items():
        for pack, count in counts.items():
            measures.set(name, count, pack)


def _unwitnessed(ledger: Ledger, now: str) -> float:
    """Seconds since the first entry was recorded that no witnessed checkpoint covers; 0 where there is none."""
    if ledger.witnessed is None:
        return math.nan
    try:
        size, _ = ledger.witnessed.newest()
        if size >= ledger.appender.published[0]:
            return 0.0
        (row,) = ledger.desk.read_entries(size, size + 1)
    except LedgerError:
        return math.nan
    return (micros(now) - micros(row.recorded_at)) / 1e6


def _checkpoint_age(ledger: Ledger, now: str) -> float:
    """Seconds since the log's ML-DSA-44 key, whose signature says when, signed the newest checkpoint."""
    _, note = ledger.appender.published
    keys = [parse_vkey(text) for text in ledger.appender.state.get("meta", "vkeys") or ()]
    quantum = {(k.name, k.key_id): k for k in keys if k.kind == MLDSA44_COSIGNATURE}
    lines = parse_note(note).signatures if note else ()
    signed = [cosigned_at(quantum[s.name, s.key_id], s.signature) for s in lines if (s.name, s.key_id) in quantum]
    return micros(now) / 1e6 - max(signed) if signed else math.nan


def _seconds(start: str, end: str | None) -> float:
    return math.inf if end is None else (micros(end) - micros(start)) / 1e6


def _first_key_end(state: State, now: str) -> str | None:
    ends = (life.record.not_after for _, life in state.scan("key") if life.revoked_at is None)
    return min((end for end in ends if end is not None and end >= now), default=None)


def first_attestation_end(view: View) -> str | None:
    """When the first attestation that stands ends."""
    state = view.state
    standing = (f.body.valid_until for index, f in state.scan("attested") if state.get("ended", index) is None)
    return min((end for end in standing if end >= view.time), default=None)
