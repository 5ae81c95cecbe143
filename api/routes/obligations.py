"""`/v1/obligations` and its calendar feed: what is due, by when, under which clause; a time to come is `projected`."""

from typing import Annotated, Literal

from fastapi import Query, Request
from starlette.responses import Response

from api.about import stated
from api.bound import NEVER, Following, bound, next_page
from api.owed import Wanted, as_row, lasting, owed, page_of
from api.positions import parse_at
from api.routes.asked import NAME, At, Limit, ledger_of, past_of
from disclosures.icalendar import MEDIA_TYPE, render
from policies.duty import Standing

Cursor = Annotated[
    str | None, Query(pattern="^[ -~]{1,480}$", description="The place after which the page begins: from `Link`.")
]
Named = Annotated[str | None, Query(pattern=NAME)]
Stream = Annotated[str | None, Query(pattern=r"^[a-z0-9._:/@-]{1,200}$")]
Within = Annotated[
    str | None,
    Query(pattern="^[1-9][0-9]{0,4}[hd]$", description="Still owed and due by then, overdue included: 72h or 5d."),
]
Everything = Annotated[Literal["true", "false"], Query(alias="all", description="Also what does not apply.")]


def obligations(  # noqa: PLR0917  # query parameters are keyword in use
    request: Request,
    at: At = None,
    state: Annotated[Standing | None, Query()] = None,
    due_within: Within = None,
    pack: Named = None,
    obligation: Named = None,
    model: Stream = None,
    incident: Stream = None,
    everything: Everything = "false",
    after: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Duties, what is due first; where the source is silent on days, two dates. Following pages are of the same clock."""
    past, wanted = past_of(request), parse_at(at)
    view = past.at(wanted, future=True)
    asked = Wanted(state, pack, obligation, model, incident, lasting(due_within), everything == "true")
    rows, following = page_of(owed(view, asked), after, limit)
    more: Following = () if following is None else next_page(request, following, at=at or view.time)
    value = {
        **stated(view),
        "obligations": [as_row(d) for d in rows],
        "projected": isinstance(wanted, str) and wanted > ledger_of(request).now(),
    }
    return bound(request, value, checkpoint=past.checkpoint(view.size), keep=NEVER, following=more)


def calendar(
    request: Request,
    at: At = None,
    state: Annotated[Standing | None, Query()] = None,
    due_within: Within = None,
    pack: Named = None,
    obligation: Named = None,
    model: Stream = None,
    incident: Stream = None,
    everything: Everything = "false",
) -> Response:
    """The same duties as iCalendar (RFC 5545): what is still owed and has a date; the first 2,000."""
    past = past_of(request)
    view = past.at(parse_at(at), future=True)
    asked = Wanted(state, pack, obligation, model, incident, lasting(due_within), everything == "true")
    feed = render(ledger_of(request).origin, view.time, owed(view, asked))
    return bound(request, feed, checkpoint=past.checkpoint(view.size), keep=NEVER, media_type=MEDIA_TYPE)
