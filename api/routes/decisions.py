"""`/v1/decisions`: what people signed, the diverging ones first."""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from api.bound import OWN_FOREVER, REVALIDATE, Following, bound, next_page
from api.positions import parse_at
from api.routes.asked import At, Limit, past_of
from disclosures.claims import decisions_of

Cursor = Annotated[
    str | None, Query(pattern="^[01]-[0-9]{1,16}$", description="The place after which the page begins: from `Link`.")
]


def decisions(request: Request, at: At = None, after: Cursor = None, limit: Limit = 100) -> Response:
    """Every decision up to a position. Following pages are of the same position."""
    past, wanted = past_of(request), parse_at(at)
    view = past.at(wanted)
    found = [((d["divergence"] is None, d["index"]), d) for d in decisions_of(view.state)]
    found.sort(key=lambda row: row[0])
    if after is not None:
        rank, _, index = after.partition("-")
        found = [row for row in found if row[0] > (rank == "1", int(index))]
    shown = found[:limit]
    more: Following = ()
    if len(found) > limit:
        last = shown[-1][0]
        more = next_page(request, f"{int(last[0])}-{last[1]}", at=at or view.size)
    return bound(
        request,
        {"decisions": [d for _, d in shown]},
        checkpoint=past.checkpoint(view.size),
        keep=OWN_FOREVER if isinstance(wanted, int) else REVALIDATE,
        following=more,
    )
