"""The application: routes, the write handler, one place where errors become problems, and the guard around it all."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from prometheus_client import CollectorRegistry, Counter, Gauge
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.guard import Guard
from api.ingest import Ingest
from api.problems import of_error, problem, response
from api.routes import entries, health, log, models, overview
from api.wiring import Ledger
from ledger.errors import LedgerError

NAMES = {404: "not-found", 405: "method", 413: "too-large", 422: "query"}
Handler = Callable[[Request], Awaitable[Response]]


def create_app(ledger: Ledger, hosts: tuple[str, ...] = ()) -> ASGIApp:
    """The ASGI application over an open ledger."""
    app = FastAPI(title="Holdpoint", version="1", docs_url=None, redoc_url=None, openapi_url="/openapi.json")
    registry = CollectorRegistry()
    app.state.ledger = ledger
    app.state.metrics = registry
    app.state.tree_size = Gauge("holdpoint_tree_size", "Entries under the newest checkpoint.", registry=registry)
    app.state.disk_free = Gauge("holdpoint_disk_free_bytes", "Free bytes on the ledger's disk.", registry=registry)
    admissions = Counter("holdpoint_admissions", "Answers of POST /v1/entries.", ["status"], registry=registry)
    ingest = Ingest(ledger)

    async def post_entries(scope: Scope, receive: Receive, send: Send) -> None:
        """Plain ASGI, beside the framework's routing, which costs a third of the throughput."""
        try:
            answer = await ingest(Request(scope, receive))
        except LedgerError as err:
            answer = response(*of_error(err))
        admissions.labels(str(answer.status_code)).inc()
        await answer(scope, receive, send)

    for part in (entries, models, log, health, overview):
        app.include_router(part.router)
    app.add_exception_handler(LedgerError, _ledger_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _query_error)
    app.add_exception_handler(Exception, _our_fault)
    return Guard(app, post_entries, ledger, hosts)


async def _ledger_error(_request: Request, err: Exception) -> Response:
    return response(*of_error(err)) if isinstance(err, LedgerError) else await _our_fault(_request, err)


async def _http_error(_request: Request, err: Exception) -> Response:
    status = err.status_code if isinstance(err, HTTPException) else 500
    return problem(status, NAMES.get(status, "http"), "see the status", "path")


async def _query_error(_request: Request, err: Exception) -> Response:
    places = [".".join(map(str, e["loc"])) for e in err.errors()] if isinstance(err, RequestValidationError) else []
    return problem(400, "query", "a parameter is not of its form", ", ".join(places)[:200])


async def _our_fault(_request: Request, _err: Exception) -> Response:
    return problem(500, "fault", "our fault; nothing more is known", "")
