"""`/v1/models…`: what may be done with each model as of a position, and what happened to it. The gate has its own file."""

from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response

from api.about import stated
from api.bound import NEVER, Following, bound, next_page
from api.positions import parse_at
from api.problems import problem
from api.routes.asked import WHOLE, After, At, Limit, Ref, ledger_of, past_of
from api.wiring import View
from disclosures.alerts import break_glass_of
from disclosures.claims import answers
from disclosures.decided import divergences_of
from policies.binding import gated_actions
from policies.lapse import valid_until

MODELS = 200
"""Models per page: each costs a verdict per action."""


def models_after(view: View, after: str, limit: int) -> list[dict[str, Any]]:
    """Up to `limit` models whose stream sorts after `after`, each with clearance and verdict per action."""
    actions = gated_actions(view.state, view.time)
    streams = [s for s, _ in view.state.scan("model") if s > after][:limit]
    return [{"actions": {a: answers(view.state, s, a, view.as_of) for a in actions}, "stream": s} for s in streams]


def models(
    request: Request,
    at: At = None,
    after: Annotated[str, Query(max_length=200, description="The stream after which the page begins.")] = "",
    limit: Annotated[int, Query(ge=1, le=MODELS), WHOLE] = 50,
) -> Response:
    """Every model, with clearance and verdict per action."""
    past = past_of(request)
    view = past.at(parse_at(at))
    rows = models_after(view, after, limit + 1)
    more: Following = next_page(request, rows[limit - 1]["stream"], at=at or view.size) if len(rows) > limit else ()
    value = {**stated(view), "models": rows[:limit]}
    return bound(request, value, checkpoint=past.checkpoint(view.size), keep=NEVER, following=more)


def model(request: Request, ref: Ref, at: At = None) -> Response:
    """What may be done with one model, and why."""
    past, stream = past_of(request), f"model/{ref}"
    view = past.at(parse_at(at))
    if view.state.get("subject", stream) is None:
        return problem("not-found", place="ref")
    value = {
        **stated(view),
        "stream": stream,
        "actions": {a: answers(view.state, stream, a, view.as_of) for a in gated_actions(view.state, view.time)},
        "valid_until": valid_until(view.state, stream, view.as_of),
    }
    return bound(request, value, checkpoint=past.checkpoint(view.size), keep=NEVER)


def history(request: Request, ref: Ref, at: At = None, after: After = -1, limit: Limit = 100) -> Response:
    """The model's stream, in order, up to a position."""
    past, ledger = past_of(request), ledger_of(request)
    view = past.at(parse_at(at))
    size = view.size
    rows = ledger.desk.find(after, limit, stream=f"model/{ref}")
    if not rows and after < 0:
        return problem("not-found", place="ref")
    shown = [
        {"index": r.index, "recorded_at": r.recorded_at, "type": r.topic.split(":")[3]} for r in rows if r.index < size
    ]
    more: Following = next_page(request, rows[-1].index) if len(shown) == limit else ()
    value = {
        "break_glass": break_glass_of(view.state),
        "divergences": divergences_of(view.state, f"model/{ref}"),
        "history": shown,
    }
    return bound(request, value, checkpoint=past.checkpoint(size), following=more)
