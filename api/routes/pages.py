"""Pages: `/` (duties, models × actions, frameworks), `/docs`, `/docs/problems`. Server-rendered; no script, no foreign host."""

from importlib.resources import files
from typing import Annotated, Any

import msgspec
from fastapi import Query, Request
from starlette.responses import Response

from api.bound import FOREVER, JSON, bound
from api.owed import Wanted, owed
from api.positions import parse_at
from api.problems import TYPES
from api.rendering import ledger_page, page
from api.routes.asked import At, past_of
from api.routes.page_frameworks import in_force
from api.wiring import View
from policies import answer as policy
from policies.binding import gated_actions
from policies.clear import clear
from policies.evaluate import evaluate
from policies.lapse import valid_until

MODELS = 15
"""Models per page: no page is over 150 kB."""
CLAUSES = 3
"""Clauses shown per answer; the model's page has the argument."""
DUTIES = 10
"""Duties shown of each kind; their own page has them all."""
SOON = 72 * 3600
"""Seconds that the overview looks ahead."""


def overview(request: Request, at: At = None, after: Annotated[str, Query(max_length=200)] = "") -> Response:
    """What must not be missed, what is due, what may be done with which model and why, and which frameworks bind."""
    view = past_of(request).at(parse_at(at))
    streams = [s for s, _ in view.state.scan("model") if s > after]
    actions = gated_actions(view.state, view.time)
    pressing = owed(view, Wanted(due_within=SOON))
    late = [d for d in pressing if d.state == "overdue"]
    soon = [d for d in pressing if d.state != "overdue"]
    return ledger_page(
        request,
        "overview.html",
        view,
        at,
        models=[_model(view, s, actions) for s in streams[:MODELS]],
        more=streams[MODELS - 1] if len(streams) > MODELS else None,
        late=late[-DUTIES:],
        soon=soon[:DUTIES],
        counts={"late": len(late), "soon": len(soon)},
        binding=in_force(view),
    )


def _model(view: View, stream: str, actions: list[str]) -> dict[str, Any]:
    return {
        "stream": stream,
        "until": valid_until(view.state, stream, view.as_of),
        "answers": [answer_of(view, stream, action) for action in actions],
    }


def answer_of(view: View, stream: str, action: str) -> dict[str, Any]:
    """One answer, and the clauses that keep it from being a permit, each with how many requirements are open there."""
    request = policy.Request(stream, action)
    verdict = evaluate(view.state, request, view.as_of)
    clauses: dict[tuple[str, str, str], int] = {}
    for f in verdict.findings:
        if f.state != "met":
            clauses[f.pack, f.clause, f.ref] = clauses.get((f.pack, f.clause, f.ref), 0) + 1
    shown = [(*clause, count) for clause, count in clauses.items()]
    return {
        "action": action,
        "clearance": clear(view.state, verdict, request, view.as_of),
        "verdict": verdict,
        "clauses": shown[:CLAUSES],
        "unseen": max(0, len(shown) - CLAUSES),
    }


def docs(request: Request) -> Response:
    """Every route: who may ask, with what, and what it answers."""
    rows = [
        {
            "method": method.upper(),
            "path": path,
            "says": said["description"].split("\n\n")[0],
            "guard": ", ".join(said["security"][0]["token"]) if said["security"] else said.get("x-guard", "public"),
            "parameters": [p["name"] for p in said.get("parameters", ()) if p["in"] == "query"],
            "statuses": list(said["responses"]),
        }
        for path, methods in sorted(request.app.state.document["paths"].items())
        for method, said in sorted(methods.items())
    ]
    return page("docs.html", rows=rows)


def problems(_request: Request) -> Response:
    """Every problem code: its status, what it means, what to do."""
    return page("problems.html", types=sorted(TYPES.items(), key=lambda item: (item[1].status, item[0])))


def openapi(request: Request) -> Response:
    """The OpenAPI document."""
    return bound(request, msgspec.json.encode(request.app.state.document), media_type=JSON)


def style(request: Request) -> Response:
    """The one stylesheet."""
    content = (files("api") / "pages" / "style.css").read_bytes()
    return bound(
        request, content, keep=FOREVER.replace("31536000, immutable", "3600"), media_type="text/css; charset=utf-8"
    )
