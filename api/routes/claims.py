"""`/log/claims.json` and `/log/claims.sig`: what the lab claims that its ledger answers, for a verifier that came with a URL.

The same two files as in an export, for the size of the checkpoint that the verifier holds: their time is the recorded time of the
last entry, so that the payload of a size never changes; but a ledger that knows itself cut claims no clearance. Claims name
models and answers, so they are not public.
"""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from api.bound import NEVER, OWN_FOREVER, bound
from api.routes.asked import MAX_INDEX, ledger_of, past_of
from disclosures.claims import claims_of, sign_claims

Size = Annotated[
    int | None, Query(ge=1, le=MAX_INDEX, description="The checkpoint's size; the newest one's by default.")
]


def claims(request: Request, size: Size = None) -> Response:
    """The claims as of a checkpoint, as RFC 8785 JSON."""
    return _answer(request, size, 0, "application/json")


def claims_signature(request: Request, size: Size = None) -> Response:
    """The engine key's signature over the claims as of a checkpoint."""
    return _answer(request, size, 1, "application/json")


def _answer(request: Request, size: int | None, which: int, media_type: str) -> Response:
    ledger, past = ledger_of(request), past_of(request)
    view = past.at(ledger.appender.published[0] if size is None else size)
    signer = ledger.engine
    signed = sign_claims(claims_of(view.state, view.as_of), signer)
    keep = OWN_FOREVER if view.verified else NEVER
    return bound(request, signed[which], checkpoint=past.checkpoint(view.size), keep=keep, media_type=media_type)
