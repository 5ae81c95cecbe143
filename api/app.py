"""The application: the listed routes, the write route, one place where errors become problems, and the guard around it all."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.guard import POSTS, Guard
from api.ingest import Ingest, results_of
from api.lines import Lines
from api.openapi import describe
from api.owed import owed_counts
from api.past import Past
from api.preparing import Building
from api.problems import of_error, problem, response
from api.routes import health
from api.routes.gate import Threads
from api.routes.listed import ROUTES
from api.sparing import Sparingly
from api.verifying import Verifiers
from api.wiring import Ledger
from ledger.errors import LedgerError

CODES = {404: "not-found", 405: "method", 406: "not-acceptable", 413: "too-large", 415: "media-type"}
Handler = Callable[[Request], Awaitable[Response]]


def create_app(
    ledger: Ledger, hosts: tuple[str, ...] = (), lines: Lines | None = None, verifiers: Verifiers | None = None
) -> ASGIApp:
    """The ASGI application over an open ledger. `hosts` beside those of its configuration, and loopback.

    Without `verifiers` signatures are checked in this process.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.ledger, app.state.measures = ledger, ledger.measures
    app.state.past, app.state.threads, app.state.building = Past(ledger), Threads(), Building()
    app.state.owed, app.state.attested = Sparingly(owed_counts), Sparingly(health.first_attestation_end)
    ledger.closers.append(app.state.threads.close)
    for route in ROUTES:
        app.add_api_route(route.path, route.endpoint, methods=[route.method], response_model=None)
    app.state.document = describe(app)
    app.add_exception_handler(LedgerError, _ledger_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _query_error)
    app.add_exception_handler(Exception, _our_fault)
    write = _write_route(Ingest(ledger, verifiers or Verifiers(0)), ledger)
    return Guard(app, write, ledger, ledger.measures, lines or Lines(), (*hosts, *ledger.config.hosts))


def _write_route(ingest: Ingest, ledger: Ledger) -> ASGIApp:
    """Plain ASGI, beside the framework's routing, which costs a third of the throughput."""

    async def post_entries(scope: Scope, receive: Receive, send: Send) -> None:
        answer = await ingest(scope, receive)
        ledger.measures.admission(results_of(answer))
        await answer(scope, receive, send)

    return post_entries


async def _ledger_error(_request: Request, err: Exception) -> Response:
    if not isinstance(err, LedgerError):
        raise err
    return response(of_error(err))


async def _http_error(request: Request, err: Exception) -> Response:
    if not isinstance(err, HTTPException):
        raise err
    headers = dict(err.headers or {})
    if "Allow" in headers:
        headers["Allow"] = "GET, HEAD, POST" if request.url.path in POSTS else "GET, HEAD"
    return problem(CODES.get(err.status_code, "fault"), place="path", headers=headers)


async def _query_error(_request: Request, err: Exception) -> Response:
    """A parameter that is not of its form: its declared name, never its value."""
    places = [str(e["loc"][1]) for e in err.errors()] if isinstance(err, RequestValidationError) else []
    return problem("query", place=", ".join(dict.fromkeys(places)))


async def _our_fault(_request: Request, _err: Exception) -> Response:
    """Answered here, raised again by the framework, and written into a line by the guard."""
    return problem("fault")
