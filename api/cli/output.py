"""What commands print, and their exit codes (interface.md §2): one JSON object on stdout, or text for people."""

import json
import sys
from typing import Any, NoReturn

from api.session import RefusedError
from auditor.explain import visible
from ledger.errors import Conflict, Fault, LedgerError, Malformed, Unverified
from ledger.reasons import Refused

NOT_ALLOWED = frozenset({"signer-missing", "key-file-open", "key-file-unreadable"})
UNREACHABLE = frozenset({"outcome-unknown", "database-unreachable", "server-unreachable", "overloaded"})
DIVERGED = frozenset({"diverged", "ledger-invalid", "anchor-ahead"})
UNPROVEN = frozenset({"empty", "anchor-missing"})


def emit(value: dict[str, Any]) -> None:
    """Print the one JSON object."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, sort_keys=True) + "\n")


def say(text: str) -> None:
    """Print a line for people."""
    sys.stdout.write(text + "\n")


def warn(text: str) -> None:
    """Progress and warnings go to stderr."""
    sys.stderr.write(text + "\n")


def exit_of(err: Exception) -> int:
    """The exit code of an error."""
    match err:
        case RefusedError():
            return 3
        case Malformed():
            return 2
        case Unverified() | Conflict():
            return 4
        case Fault(code=code):
            if code in NOT_ALLOWED:
                return 7
            if code in UNREACHABLE:
                return 6
            if code in DIVERGED:
                return 4
            return (
                5 if code in UNPROVEN else 2 if code in ("not-a-ledger", "already-founded", "config-malformed") else 1
            )
        case _:
            return 1


def fail(err: LedgerError | RefusedError, *, as_json: bool, schema: str) -> NoReturn:
    """Print an error in four lines (what, where, why it matters, what next), or as JSON, and exit."""
    code = exit_of(err)
    if as_json:
        value = err.refused.reason.value if isinstance(err, RefusedError) else err.code
        emit({"schema": schema, "ok": False, "code": value, "details": [str(err)]})
    else:
        for line in _four_lines(err):
            warn(line)
    raise SystemExit(code)


def _four_lines(err: LedgerError | RefusedError) -> list[str]:
    match err:
        case RefusedError(refused=refused):
            return [
                f"refused: {refused.reason}",
                f"  where: {visible(refused.detail)}",
                "  why:   the rules of this ledger do not admit it; it took no index, and nothing was recorded",
                f"  next:  {_advice(refused)}",
            ]
        case Malformed():
            return [
                f"not the format: {err.rule}",
                f"  where: {err.format}, {visible(err.place)}",
                "  why:   what can be read in two ways is not read at all; nothing was changed",
                "  next:  mend the file; spec/ says what it must be",
            ]
        case Fault():
            return [
                f"{err.code}",
                f"  where: {visible(err.detail)}",
                f"  why:   the outcome is {err.outcome}",
                f"  next:  {err.remedy}",
            ]
        case _:
            return [err.code if isinstance(err, LedgerError) else "error", f"  {visible(str(err))}"]


def _advice(refused: Refused) -> str:
    facts = dict(refused.facts)
    if refused.reason == "role-missing" and facts.get("role"):
        return (
            f"two key-admins grant it: holdpoint role grant {facts['principal']} {facts['role']} --as key-admin; "
            "then send the same event again"
        )
    return "see docs/reference/refusals.md"
