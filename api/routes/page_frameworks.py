"""`/frameworks`: what binds, as whose and since when, which parts nobody has read, and what became of the sources."""

from typing import Any

from fastapi import Request
from starlette.responses import Response

from api.positions import parse_at
from api.rendering import ledger_page
from api.routes.asked import At, past_of
from api.standings import frameworks_of, timeline_of
from api.wiring import View
from policies.facts import Published

TOLD = 60
"""Rows of the timeline, the newest; the JSON behind the link has them all."""


def frameworks_page(request: Request, at: At = None) -> Response:
    """Frameworks in force and others that are published, and what was said of them, in order."""
    view = past_of(request).at(parse_at(at))
    rows, told = _rows(view), timeline_of(view.state, view.as_of)
    return ledger_page(
        request,
        "frameworks.html",
        view,
        at,
        binding=[r for r in rows if r["binds"]],
        others=[r for r in rows if not r["binds"]],
        told=told[-TOLD:],
        untold=max(0, len(told) - TOLD),
    )


def in_force(view: View) -> list[dict[str, Any]]:
    """Every pack that binds, with what is unread of it."""
    return [r for r in _rows(view) if r["binds"]]


def _rows(view: View) -> list[dict[str, Any]]:
    packs: dict[str, Published] = {p.digest: p for _, p in view.state.scan("published")}
    return [
        {**row, "unread": source.unread_parts, "unconfirmed": source.unconfirmed, "sourced": source.sourced}
        for row in frameworks_of(view.state, view.as_of)
        for source in (packs[row["digest"]].pack.source,)
    ]
