"""Answers bound to a position: `Ledger-Checkpoint`, a strong `ETag` of the bytes, 304, how long they may be kept, next page.

The tag is a digest of the answer, not of position and query: what binds at a position may depend on the clock, and a tag that
does not see that would keep a lapsed answer alive.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, TypeAlias
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

Following: TypeAlias = Sequence[tuple[str, str]]
JSON = "application/json"
REVALIDATE = "no-cache"
NEVER = "no-store"
FOREVER = "public, max-age=31536000, immutable"
OWN_FOREVER = "private, max-age=31536000, immutable"


def bound(
    request: Request,
    value: Any,
    *,
    checkpoint: str | None = None,
    keep: str = REVALIDATE,
    media_type: str = JSON,
    following: Following = (),
    status: int = 200,
) -> Response:
    """`value` (bytes, or what becomes JSON) as an answer. `following` are the query parameters of the next page."""
    content = value if isinstance(value, bytes) else msgspec.json.encode(value)
    headers = {"Cache-Control": keep}
    if checkpoint is not None:
        headers["Ledger-Checkpoint"] = checkpoint
    if following:
        headers["Link"] = f'<{request.url.path}?{urlencode(following)}>; rel="next"'
    if keep != NEVER:
        headers["ETag"] = f'"{sha256(content).hexdigest()[:32]}"'
        if known(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
    return Response(content, status, headers=headers, media_type=media_type)


def known(request: Request, tag: str) -> bool:
    """Whether `If-None-Match` names the tag (RFC 9110 §13.1.2: weak comparison)."""
    given = [part.strip() for line in request.headers.getlist("if-none-match") for part in line.split(",")]
    return "*" in given or tag in (part.removeprefix("W/") for part in given)


def next_page(request: Request, after: object, **fixed: object) -> Following:
    """The present query with another `after`, and with what the next page must share with this one."""
    changed = {"after": str(after), **{k: str(v) for k, v in fixed.items()}}
    kept = [(k, v) for k, v in request.query_params.multi_items() if k not in changed]
    return [*kept, *changed.items()]
