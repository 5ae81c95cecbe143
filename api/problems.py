"""RFC 9457 problem+json everywhere: one stable code, one status, never the refused value (interface.md §3).

What each code means stands in `problem_types.toml`, one page for people, `docs/reference/problems.md`, is made from it.
"""

import tomllib
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import msgspec
from starlette.responses import Response

from ledger.errors import Fault, LedgerError
from ledger.reasons import Reason, Refused

URN = "urn:holdpoint:problem:"
MEDIA_TYPE = "application/problem+json"
REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request being answered, for `instance`."""


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One kind of problem: its HTTP status, what it means, and what to do."""

    status: int
    means: str
    remedy: str


def _read() -> dict[str, ProblemType]:
    table: dict[str, dict[str, list[str]]] = tomllib.loads((files("api") / "problem_types.toml").read_text())
    return {code: ProblemType(int(status), *said) for status, codes in table.items() for code, said in codes.items()}


TYPES = _read()
REASONS = frozenset(reason.value for reason in Reason)
UNLISTED = ProblemType(422, "a rule refuses it", "see the detail")
"""A refusal that the catalogue lacks; a test makes sure that there is none."""
RETRY = frozenset({503, 507})
"""Statuses at which the same request may succeed later."""


class ProblemResponse(Response):
    """A problem as a response; `code` is for whoever counts."""

    media_type = MEDIA_TYPE

    def __init__(self, value: dict[str, Any], headers: Mapping[str, str] | None = None) -> None:
        self.code: str = value["reason"]
        wait = {"Retry-After": "1"} if value["retryable"] else {}
        super().__init__(msgspec.json.encode(value), value["status"], {**wait, **(headers or {})})


def body_of(code: str, detail: str = "", place: str = "", extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The problem object. A code that the catalogue lacks is our fault, and is not told to strangers."""
    kind = TYPES.get(code) or (UNLISTED if code in REASONS else None)
    if kind is None:
        code, kind, detail = "fault", TYPES["fault"], ""
    request_id = REQUEST_ID.get()
    return {
        "type": URN + code,
        "title": code.replace("-", " "),
        "status": kind.status,
        "detail": detail or f"{kind.means}; {kind.remedy}",
        "reason": code,
        "place": place,
        "retryable": kind.status in RETRY,
        **({"instance": f"urn:holdpoint:request:{request_id}"} if request_id else {}),
        **(extra or {}),
    }


def problem(code: str, detail: str = "", place: str = "", headers: Mapping[str, str] | None = None) -> ProblemResponse:
    """The problem as a response."""
    return ProblemResponse(body_of(code, detail, place), headers)


def of_refusal(refused: Refused) -> dict[str, Any]:
    """The problem object of a refusal."""
    return body_of(refused.reason.value, refused.detail, extra=dict(refused.facts))


def of_error(err: LedgerError) -> dict[str, Any]:
    """The problem object of an error: malformed input is 400, a fault of ours 5xx.

    What a database or a disk said stays inside: its text may hold what was sent.
    """
    if isinstance(err, Fault):
        kind = TYPES.get(err.code)
        return body_of(err.code, f"{err.detail}; {err.remedy}" if kind is not None and kind.status < 500 else "")
    return body_of(err.code, "", getattr(err, "place", ""))


def response(value: dict[str, Any]) -> ProblemResponse:
    """A problem object as a response."""
    return ProblemResponse(value)
