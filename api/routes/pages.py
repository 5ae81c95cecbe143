"""Pages: `/` (models × actions × clearance, with why), `/docs`, `/docs/problems`. Server-rendered; no script, no foreign host."""

from importlib.resources import files
from typing import Annotated, Any

import msgspec
from fastapi import Query, Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from api.bound import FOREVER, JSON, NEVER, bound
from api.positions import parse_at
from api.problems import TYPES
from api.routes.asked import At, ledger_of, past_of
from api.routes.models import actions_of
from api.wiring import View
from auditor.explain import visible
from disclosures.alerts import alert_lines, break_glass_of, undecided_operations
from disclosures.decided import decisions_of
from policies import answer as policy
from policies.clear import clear
from policies.evaluate import evaluate
from policies.lapse import valid_until

MODELS = 15
"""Models per page: no page is over 150 kB."""
CLAUSES = 3
"""Clauses shown per answer; the JSON behind the link has them all."""
DIVERGENCES = 20
MARKS = {"permit": "✓", "permit_with_conditions": "◐", "undetermined": "?", "deny": "✕"}
WORDS = {
    "no-decision": "nobody has decided on this",
    "policy-denies": "the policy denies it",
    "withheld-by-decision": "withheld by a decision",
    "decided": "decided, and the policy allows it",
    "diverges-from-policy": "decided against the policy verdict",
    "decision-lapsed": "the decision has lapsed",
    "decision-out-of-scope": "outside the scope that was decided on",
    "body-not-informed": "a body that must know first was not informed",
    "verdict-changed": "the policy verdict has changed since the decision",
    "back-recorded": "rests on history from before the ledger",
    "ledger-not-verified": "the keeper knows that entries are missing",
    "tainted": "signed with a key that was compromised",
    "without-recommendation": "without the recommendation that the policy asks for",
}
_environment = Environment(loader=PackageLoader("api", "pages"), autoescape=True, undefined=StrictUndefined)
_environment.filters["visible"] = visible
_environment.filters["words"] = lambda code: WORDS.get(code, code.replace("-", " "))


def _page(name: str, **values: Any) -> HTMLResponse:
    return HTMLResponse(_environment.get_template(name).render(**values), headers={"Cache-Control": NEVER})


def overview(request: Request, at: At = None, after: Annotated[str, Query(max_length=200)] = "") -> Response:
    """What may be done with which model, and why; divergences first."""
    past, ledger = past_of(request), ledger_of(request)
    view = past.at(parse_at(at))
    streams = [s for s, _ in view.state.scan("model") if s > after]
    diverging = [d for d in reversed(decisions_of(view.state, view.as_of)) if d["divergence"]]
    answer = _page(
        "overview.html",
        alerts=alert_lines(break_glass_of(view.state)),
        undecided=undecided_operations(view.state)[-DIVERGENCES:],
        ledger=ledger,
        view=view,
        at=at,
        checkpoint=past.checkpoint(view.size),
        models=[_model(view, s) for s in streams[:MODELS]],
        more=streams[MODELS - 1] if len(streams) > MODELS else None,
        diverging=diverging[:DIVERGENCES],
        unseen=max(0, len(diverging) - DIVERGENCES),
        marks=MARKS,
    )
    answer.headers["Ledger-Checkpoint"] = past.checkpoint(view.size)
    return answer


def _model(view: View, stream: str) -> dict[str, Any]:
    return {
        "stream": stream,
        "ref": stream.removeprefix("model/"),
        "until": valid_until(view.state, stream, view.as_of),
        "answers": [_answer(view, stream, action) for action in actions_of(view)],
    }


def _answer(view: View, stream: str, action: str) -> dict[str, Any]:
    """One answer, and the clauses that keep it from being a permit, each with how many requirements are open there."""
    request = policy.Request(stream, action)
    verdict = evaluate(view.state, request, view.as_of)
    clauses: dict[tuple[str, str], list[str]] = {}
    for f in verdict.findings:
        if f.state != "met":
            clauses.setdefault((f.clause, f.ref), []).append(f.requirement)
    shown = [(clause, ref, len(names)) for (clause, ref), names in clauses.items()]
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
    return _page("docs.html", rows=rows)


def problems(_request: Request) -> Response:
    """Every problem code: its status, what it means, what to do."""
    return _page("problems.html", types=sorted(TYPES.items(), key=lambda item: (item[1].status, item[0])))


def openapi(request: Request) -> Response:
    """The OpenAPI document."""
    return bound(request, msgspec.json.encode(request.app.state.document), media_type=JSON)


def style(request: Request) -> Response:
    """The one stylesheet."""
    content = (files("api") / "pages" / "style.css").read_bytes()
    return bound(
        request, content, keep=FOREVER.replace("31536000, immutable", "3600"), media_type="text/css; charset=utf-8"
    )
