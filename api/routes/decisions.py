"""`/v1/decisions`: what people signed, the diverging ones first; and the life of each, from the request to its end."""

from typing import Annotated

from fastapi import Path, Query, Request
from starlette.responses import Response

from api.bound import NEVER, OWN_FOREVER, REVALIDATE, Following, bound, next_page
from api.life import life_answer
from api.positions import parse_at
from api.problems import problem
from api.routes.asked import At, Limit, past_of, readable
from disclosures.alerts import break_glass_of, undecided_operations
from disclosures.decided import decisions_page

Cursor = Annotated[
    str | None, Query(pattern="^[01]-[0-9]{1,16}$", description="The place after which the page begins: from `Link`.")
]
Which = Annotated[
    str,
    Path(pattern="^([0-9]{1,16}|[0-9a-f]{64})$", description="A decision's or request's index, or a request's digest."),
]


def decisions(request: Request, at: At = None, after: Cursor = None, limit: Limit = 100) -> Response:
    """Every decision up to a position. Following pages are of the same position. A phase may end by the clock alone."""
    past, wanted = past_of(request), parse_at(at)
    view = past.at(wanted)
    shown, following = decisions_page(view.state, view.as_of, after, limit)
    more: Following = () if following is None else next_page(request, following, at=at or view.size)
    return bound(
        request,
        {
            "break_glass": break_glass_of(view.state),
            "decisions": shown,
            "without_decision": undecided_operations(view.state),
        },
        checkpoint=past.checkpoint(view.size),
        keep=OWN_FOREVER if isinstance(wanted, int) else REVALIDATE,
        following=more,
    )


def decision(request: Request, which: Which, at: At = None) -> Response:
    """One request and what became of it: each step with its entries, what is missing next, and whose move it is."""
    past, wanted = past_of(request), parse_at(at)
    view = past.at(wanted)
    found = life_answer(view.state, which, view.as_of, people=readable(request)("ledger"))
    if found is None:
        return problem("not-found", place="which")
    keep = OWN_FOREVER if isinstance(wanted, int) else NEVER
    return bound(request, found, checkpoint=past.checkpoint(view.size), keep=keep)
