"""What requests ask with: parameters that several routes share, and what the app keeps for all of them."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Path, Query, Request
from pydantic import BeforeValidator

from api.past import Past
from api.tokens import opens_stream
from api.wiring import Ledger
from ledger.errors import Malformed
from ledger.strict import parse_uint

MAX_PAGE = 1000
NAME = r"^[A-Za-z0-9._:/@-]{1,120}$"
MAX_INDEX = 2**53 - 1


def _whole(value: object) -> object:
    """Python and pydantic read ` 1`, `+1`, `01`, `1_0` and `1.0` as integers: one number has one form here (style.md §2)."""
    if not isinstance(value, str) or value == "-1":
        return value
    try:
        return parse_uint(value)
    except Malformed:
        raise ValueError("not an integer") from None


WHOLE = BeforeValidator(_whole)
At = Annotated[
    str | None, Query(description="A size (entries 0…N−1), or a time: RFC 3339 in UTC, six digits.", max_length=40)
]
After = Annotated[int, Query(ge=-1, le=MAX_INDEX, description="The index after which the page begins."), WHOLE]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE), WHOLE]
Ref = Annotated[str, Path(pattern=r"^[a-z0-9._:/@-]{1,194}$", description="The model's stream without `model/`.")]
Index = Annotated[int, Path(ge=0, le=MAX_INDEX), WHOLE]


def ledger_of(request: Request) -> Ledger:
    """The open ledger."""
    ledger: Ledger = request.app.state.ledger
    return ledger


def past_of(request: Request) -> Past:
    """Its states, now and then."""
    past: Past = request.app.state.past
    return past


def readable(request: Request) -> Callable[[str], bool]:
    """Whether the asker may read entries of a stream: all of them, or those under the prefixes of the token's scopes."""
    scopes: frozenset[str] | None = request.scope.get("holdpoint.scopes")
    return lambda stream: scopes is None or opens_stream(scopes, stream)
