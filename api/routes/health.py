"""`/livez` touches nothing · `/readyz` says per part · `/metrics` for Prometheus."""

import shutil

import msgspec
from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry, generate_latest
from starlette.responses import Response

from api.wiring import Ledger
from ledger.errors import LedgerError

router = APIRouter(tags=["health"])
FLOOR = 256 * 1024 * 1024


@router.get("/livez")
async def livez() -> Response:
    """The process answers."""
    return Response(b'{"alive":true}', media_type="application/json")


@router.get("/readyz")
def readyz(request: Request) -> Response:
    """Database, head against anchor, appender, disk. `read-only` is ready for reads."""
    ledger: Ledger = request.app.state.ledger
    stopped = ledger.appender.stopped
    parts: dict[str, str] = {"appender": "ok" if stopped is None else f"read-only: {stopped.code}"}
    try:
        head = ledger.desk.read_head()
        parts["database"] = "ok"
        anchored = ledger.anchor.head
        parts["anchor"] = "ok" if anchored is not None and anchored.size <= head.size else "ahead of the database"
    except LedgerError as err:
        parts["database"] = err.code
    parts["disk"] = "ok" if shutil.disk_usage(ledger.folder).free > FLOOR else "low"
    ready = all(v == "ok" for v in parts.values())
    content = msgspec.json.encode({"ready": ready, "parts": parts})
    return Response(content, 200 if ready else 503, media_type="application/json")


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Counters and gauges, `holdpoint_…`."""
    ledger: Ledger = request.app.state.ledger
    registry: CollectorRegistry = request.app.state.metrics
    request.app.state.tree_size.set(ledger.appender.published[0])
    request.app.state.disk_free.set(shutil.disk_usage(ledger.folder).free)
    return Response(generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8")
