"""`/`: one plain server-rendered page, models × clearance with why; `/docs`: the routes. No script, no foreign host."""

from importlib.resources import files

from fastapi import APIRouter, Request
from jinja2 import Environment, select_autoescape
from starlette.responses import HTMLResponse, Response

from api.wiring import Ledger
from auditor.explain import visible
from disclosures.claims import claims_of
from policies.answer import AsOf

router = APIRouter(include_in_schema=False)
_environment = Environment(autoescape=select_autoescape(default=True, default_for_string=True))
_environment.filters["visible"] = visible
_pages = files("api") / "pages"


def _render(name: str, **values: object) -> HTMLResponse:
    return HTMLResponse(_environment.from_string((_pages / name).read_text()).render(**values))


@router.get("/")
def overview(request: Request) -> Response:
    """Models × actions, divergences first."""
    ledger: Ledger = request.app.state.ledger
    with ledger.view() as view:
        claims = claims_of(view.state, AsOf(view.size, view.time))
    actions = sorted({a for m in claims["models"] for a in m["actions"]})
    diverging = [d for d in claims["decisions"] if d["divergence"]]
    return _render(
        "overview.html",
        ledger=ledger,
        claims=claims,
        actions=actions,
        diverging=diverging,
        size=view.size,
        time=view.time,
    )


@router.get("/docs")
def docs(request: Request) -> Response:
    """The routes, from the OpenAPI document."""
    paths = request.app.openapi()["paths"]
    rows = [
        (verb.upper(), path, said.get("description", "").split("\n")[0])
        for path, verbs in sorted(paths.items())
        for verb, said in verbs.items()
    ]
    return _render("docs.html", rows=rows)


@router.get("/style.css")
def style() -> Response:
    """The one stylesheet."""
    return Response((_pages / "style.css").read_text(), media_type="text/css; charset=utf-8")
