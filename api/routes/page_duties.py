"""`/duties`: what is owed, late, tolled or done, to whom, under which clause and by when; also for a time to come."""

from typing import Annotated, Literal, get_args

from fastapi import Query, Request
from starlette.responses import Response

from api.owed import Wanted, lasting, owed, page_of, query_of
from api.positions import parse_at
from api.rendering import ledger_page
from api.routes.asked import At, past_of
from api.routes.obligations import Cursor, Named, Stream, Within
from policies.duty import WAITING, Standing

DUTIES = 50
"""Duties per page: no page is over 150 kB."""


def duties_page(
    request: Request,
    at: At = None,
    state: Annotated[Standing | Literal[""] | None, Query(description="Empty: what is still owed.")] = None,
    due_within: Within = None,
    pack: Named = None,
    model: Stream = None,
    incident: Stream = None,
    after: Cursor = None,
) -> Response:
    """Duties, what is due first: without `state` those that are still owed."""
    state = state or None
    view = past_of(request).at(parse_at(at), future=True)
    asked = Wanted(state, pack, None, model, incident, lasting(due_within))
    found = [d for d in owed(view, asked) if state is not None or d.state in WAITING]
    shown, following = page_of(found, after, DUTIES)
    return ledger_page(
        request,
        "duties.html",
        view,
        at,
        asked=dict(query_of(asked)),
        count=len(found),
        following=following,
        duties=shown,
        states=get_args(Standing),
    )
