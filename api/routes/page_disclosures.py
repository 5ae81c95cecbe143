"""`/disclosures`: who received what, when, under which profile, and who released it; nothing of what was handed over."""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from api.handed_over import handed_over, shown_disclosure
from api.positions import parse_at
from api.rendering import ledger_page
from api.routes.asked import MAX_INDEX, WHOLE, At, ledger_of, past_of

DISCLOSURES = 50
"""Disclosures per page, the newest first."""
Before = Annotated[int, Query(ge=0, le=MAX_INDEX, description="The index before which the page begins."), WHOLE]


def disclosures_page(request: Request, at: At = None, before: Before = MAX_INDEX) -> Response:
    """Disclosures, the newest first."""
    view = past_of(request).at(parse_at(at))
    found = handed_over(view.state)
    rest = [h for h in reversed(found) if h.index < before]
    following = rest[DISCLOSURES - 1].index if len(rest) > DISCLOSURES else None
    now = ledger_of(request).appender.state
    told = [shown_disclosure(now, h) for h in rest[:DISCLOSURES]]
    return ledger_page(request, "disclosures.html", view, at, count=len(found), disclosures=told, following=following)
