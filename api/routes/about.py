"""`/v1/models/{ref}/thresholds`, `/safeguards`, `/why`, `/diff` and `/v1/frameworks/timeline`: one answerer each."""

from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response

from api.about import LISTS, about
from api.bound import NEVER, Following, bound, next_page
from api.positions import parse_at
from api.problems import problem
from api.routes.asked import At, Limit, Ref, ledger_of, past_of
from api.wiring import View

Cursor = Annotated[
    str | None,
    Query(
        max_length=260, description="The place after which the page begins: `next` of the page before, or from `Link`."
    ),
]
Action = Annotated[str | None, Query(pattern="^[a-z_]{1,40}$", description="Only this action.")]
Position = Annotated[str, Query(max_length=40, description="A size or a time.")]


def _answer(request: Request, view: View, question: str, stream: str, **query: str) -> Response:
    value = about(ledger_of(request), view, question, stream, query)
    if value is None:
        return problem("not-found", place="ref")
    return bound(request, value, checkpoint=past_of(request).checkpoint(view.size), keep=NEVER)


def _page(request: Request, at: str | None, question: str, stream: str, after: str | None, limit: int) -> Response:
    """A page of a list, by the member that orders it; every page is of the first one's position."""
    # Which packs bind is known for a time to come, if nothing is recorded; what stands of a model is not foretold.
    view = past_of(request).at(parse_at(at), future=question == "timeline")
    value = about(ledger_of(request), view, question, stream, {})
    if value is None:
        return problem("not-found", place="ref")
    member = LISTS[question]
    rows: list[dict[str, Any]] = value[question]
    if after is not None:
        mark: Any = after
        if member == "index":
            if not after.isascii() or not after.isdigit() or len(after) > 16:
                return problem("query", place="after")
            mark = int(after)
        rows = [row for row in rows if row[member] > mark]
    shown, more = rows[:limit], len(rows) > limit
    following: Following = next_page(request, shown[-1][member], at=at or view.size) if more else ()
    value |= {question: shown, "next": str(shown[-1][member]) if more else None}
    return bound(request, value, checkpoint=past_of(request).checkpoint(view.size), keep=NEVER, following=following)


def thresholds(request: Request, ref: Ref, at: At = None, after: Cursor = None, limit: Limit = 100) -> Response:
    """Where each threshold of the binding packs stands for a model, and its determinations."""
    return _page(request, at, "thresholds", f"model/{ref}", after, limit)


def safeguards(request: Request, ref: Ref, at: At = None, after: Cursor = None, limit: Limit = 100) -> Response:
    """Each attestation that covers a model, and what of it stands."""
    return _page(request, at, "safeguards", f"model/{ref}", after, limit)


def timeline(request: Request, at: At = None, after: Cursor = None, limit: Limit = 100) -> Response:
    """What was published, adopted, determined and read of frameworks, in order."""
    return _page(request, at, "timeline", "", after, limit)


def why(request: Request, ref: Ref, at: At = None, action: Action = None) -> Response:
    """The argument: verdict and clearance, findings with their clauses, and the entries that they rest on."""
    view = past_of(request).at(parse_at(at))
    return _answer(request, view, "why", f"model/{ref}", **({} if action is None else {"action": action}))


def diff(
    request: Request,
    ref: Ref,
    first: Annotated[Position, Query(alias="from")],
    to: Annotated[Position | None, Query(description="The later position; default: now.")] = None,
) -> Response:
    """What changed for a model between two positions, and which entries, or the clock alone, did it."""
    view = past_of(request).at(parse_at(to))
    return _answer(request, view, "diff", f"model/{ref}", **{"from": first})
