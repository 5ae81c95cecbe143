"""`/v1/frameworks`: packs published, and which of them bind."""

from fastapi import Request
from starlette.responses import Response

from api.about import stated
from api.bound import NEVER, OWN_FOREVER, Following, bound, next_page
from api.positions import parse_at
from api.routes.asked import After, At, Limit, past_of
from policies.binding import binding_packs


def frameworks(request: Request, at: At = None, after: After = -1, limit: Limit = 100) -> Response:
    """Packs in order of publication. Whether one binds depends on the clock: what is asked as of now is never kept."""
    past, wanted = past_of(request), parse_at(at)
    view = past.at(wanted)
    binding = {p.digest for p in binding_packs(view.state, view.time)}
    found = sorted((p for _, p in view.state.scan("published") if p.index > after), key=lambda p: p.index)
    rows = [
        {"binds": p.digest in binding, "digest": p.digest, "id": p.pack.id, "index": p.index, "version": p.pack.version}
        for p in found[:limit]
    ]
    more: Following = next_page(request, rows[-1]["index"], at=at or view.size) if len(found) > limit else ()
    return bound(
        request,
        {**stated(view), "frameworks": rows},
        checkpoint=past.checkpoint(view.size),
        keep=OWN_FOREVER if isinstance(wanted, int) else NEVER,
        following=more,
    )
