"""RFC 9457 problem+json everywhere: one stable code, one status, never the refused value (interface.md §3)."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from ledger.errors import Fault, LedgerError
from ledger.reasons import Reason, Refused

URN = "urn:holdpoint:problem:"
_FORBIDDEN = frozenset(
    {
        Reason.KEY_EXPIRED, Reason.KEY_REVOKED, Reason.KEY_UNKNOWN, Reason.KEY_USE, Reason.KEY_WEAK, Reason.OWN_GRANT,
        Reason.PROOF_OF_POSSESSION, Reason.ROLE_MISSING, Reason.SCOPE_MISMATCH, Reason.SEPARATION,
        Reason.SIGNATURE_INVALID, Reason.SIGNERS_MISMATCH, Reason.WRONG_LEDGER,
    }
)  # fmt: skip
_CONFLICT = frozenset(
    {Reason.EVENT_ID_CONFLICT, Reason.VERSION_CONFLICT, Reason.KEY_KNOWN, Reason.DUPLICATE_EVALUATION}
)
FAULTS: dict[str, int] = {
    "outcome-unknown": 503,
    "overloaded": 503,
    "read-only": 503,
    "log-key-unavailable": 503,
    "clock-untrusted": 503,
    "database-unreachable": 503,
    "database-error": 503,
    "stale-head": 503,
    "diverged": 503,
    "no-space": 507,
    "at-beyond-head": 400,
    "at-inside-group": 400,
    "at-before-start": 400,
    "index-beyond-head": 404,
}
RETRY = frozenset({503, 429})


def status_of(refused: Refused) -> int:
    """403 authentic use refused · 409 someone was first · 422 well formed and signed, refused by a rule."""
    if refused.reason in _FORBIDDEN:
        return 403
    return 409 if refused.reason in _CONFLICT else 422


def body_of(
    status: int, code: str, detail: str, place: str = "", extra: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The problem object."""
    return {
        "type": URN + code,
        "title": code.replace("-", " "),
        "status": status,
        "detail": detail,
        "reason": code,
        "place": place,
        "retryable": status in RETRY,
        **(extra or {}),
    }


def problem(status: int, code: str, detail: str, place: str = "", extra: Mapping[str, Any] | None = None) -> Response:
    """The problem as a response."""
    headers = {"Retry-After": "1"} if status in RETRY else {}
    content = msgspec.json.encode(body_of(status, code, detail, place, extra))
    return Response(content, status, headers, media_type="application/problem+json")


def of_refusal(refused: Refused) -> tuple[int, dict[str, Any]]:
    """Status and problem object of a refusal."""
    status = status_of(refused)
    return status, body_of(status, refused.reason.value, refused.detail, extra=dict(refused.facts))


def of_error(err: LedgerError) -> tuple[int, dict[str, Any]]:
    """Status and problem object of an error: malformed input is 400, a fault of ours 5xx."""
    if isinstance(err, Fault):
        status = FAULTS.get(err.code, 500)
        return status, body_of(status, err.code, f"{err.detail}; {err.remedy}")
    status = 413 if err.code == "too-large" else 400
    return status, body_of(status, err.code, str(err), getattr(err, "place", ""))


def response(status: int, value: dict[str, Any]) -> Response:
    """A problem object as a response."""
    headers = {"Retry-After": "1"} if status in RETRY else {}
    return Response(msgspec.json.encode(value), status, headers, media_type="application/problem+json")
