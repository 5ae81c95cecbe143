"""`/v1/incidents`: what happened, and what it is under each regime, with the duties and clocks that follow."""

from itertools import islice
from typing import Annotated

import msgspec
from fastapi import Path, Query, Request
from starlette.responses import Response

from api.about import stated
from api.bound import NEVER, Following, bound, next_page
from api.embargo import shown_incident
from api.positions import parse_at
from api.problems import problem
from api.routes.asked import WHOLE, At, ledger_of, past_of
from policies.incidents import incident_of, incidents_of

INCIDENTS = 100
"""Incidents per page: each costs its duties."""
Ref = Annotated[str, Path(pattern=r"^[a-z0-9._:/@-]{1,191}$", description="The incident's stream without `incident/`.")]


def incidents(
    request: Request,
    at: At = None,
    after: Annotated[str, Query(max_length=200, description="The stream after which the page begins.")] = "",
    limit: Annotated[int, Query(ge=1, le=INCIDENTS), WHOLE] = 20,
) -> Response:
    """Every incident, by stream."""
    past = past_of(request)
    view = past.at(parse_at(at), future=True)
    now = ledger_of(request).appender.state
    rows = islice(incidents_of(view.state, view.time, after), limit + 1)
    found = [shown_incident(now, i) for i in rows]
    more: Following = next_page(request, found[limit - 1].stream, at=at or view.time) if len(found) > limit else ()
    value = {**stated(view), "incidents": msgspec.to_builtins(found[:limit])}
    return bound(request, value, checkpoint=past.checkpoint(view.size), keep=NEVER, following=more)


def incident(request: Request, ref: Ref, at: At = None) -> Response:
    """One incident, regime by regime."""
    past = past_of(request)
    view = past.at(parse_at(at), future=True)
    found = incident_of(view.state, f"incident/{ref}", view.time)
    if found is None:
        return problem("not-found", place="ref")
    value = {**stated(view), "incident": msgspec.to_builtins(shown_incident(ledger_of(request).appender.state, found))}
    return bound(request, value, checkpoint=past.checkpoint(view.size), keep=NEVER)
