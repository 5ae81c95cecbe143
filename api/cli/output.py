"""What commands print, and their exit codes (interface.md §2): one JSON object on stdout, or text for people."""

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from api.book import Book, Posted, RefusedError
from auditor.explain import visible
from ledger.errors import Conflict, Fault, LedgerError, Malformed, Unverified
from ledger.reasons import Refused

EXITS: dict[int, frozenset[str]] = {
    2: frozenset({
        "anchor-present", "at-in-future", "document-differs", "framework-setting",
        "alg-unknown", "already-founded", "anchor-source", "at-before-start", "at-beyond-head", "at-inside-group",
        "config-malformed", "evidence-missing", "examples-missing", "export-missing", "export-unusable", "extra-missing",
        "file-unreadable", "flags-missing", "framework-ambiguous", "framework-not-adopted",
        "index-beyond-head", "key-file-exists", "key-not-listed", "model-unknown", "not-a-ledger", "not-found",
        "nothing-verified", "package-missing",
        "obligation-unknown", "pin-missing", "pin-unreadable", "positions-reversed", "request-missing", "scope-unknown",
        "setting-malformed", "setting-unknown",
        "signatures-missing", "subject-record-missing", "url-malformed", "usage",
        "state-malformed", "webhook-address", "work-file",
    }),
    4: frozenset({
        "anchor-ahead", "checkpoint-foreign", "diverged", "entry-missing", "export-ahead", "export-conflict", "export-foreign",
        "ledger-invalid", "leaf-mismatch",
    }),
    5: frozenset({
        "anchor-missing", "anchor-torn", "answer-too-large", "behind", "checkpoint-missing", "data-missing", "empty",
        "entry-suppressed", "export-short", "log-key-absent", "nothing-missing", "tile-missing",
    }),
    6: frozenset({
        "address-taken", "anchor-in-use", "clock-unconfirmed", "database-error",
        "clock-untrusted", "database-unreachable", "folder-in-use", "log-key-unavailable", "outcome-unknown",
        "overloaded", "read-only", "server-timeout", "server-unreachable", "stale-head", "unwitnessed",
    }),
    7: frozenset({
        "engine-key-missing", "engine-key-wrong", "wrapping-key-missing", "wrapping-key-wrong",
        "declined", "key-file-malformed", "key-unfit", "key-file-open", "key-file-unreadable", "signer-missing",
        "signer-self-check", "token-file", "token-missing", "webhook-secret",
    }),
}  # fmt: skip
WHY: dict[int, str] = {
    1: "this is our fault, and not yours",
    2: "nothing was changed",
    4: "two histories, or bytes that don't prove what they say: nothing that this ledger says may be relied on",
    5: "nothing is proven by it; empty is failure",
    6: "nothing is lost",
    7: "this key or token does not open that",
}


def emit(value: dict[str, Any]) -> None:
    """Print one JSON object."""
    # Pure ASCII: a C1 control or a direction mark of an event is an escape here too (T58).
    sys.stdout.write(json.dumps(value, ensure_ascii=True, sort_keys=True) + "\n")


def answer(
    name: str, details: Any, *, book: Book | None = None, ok: bool = True, code: str = "ok", **more: Any
) -> None:
    """Print a command's one JSON object; its checkpoint is that of `book`, where one was asked."""
    checkpoint = book.checkpoint() if book is not None else None
    emit(
        {"schema": f"holdpoint.{name}/1", "ok": ok, "code": code, "details": details, "checkpoint": checkpoint, **more}
    )


def posted(name: str, done: Iterable[Posted], *, as_json: bool, book: Book, text: str = "recorded") -> None:
    """Say what was recorded, and what followed."""
    done = list(done)
    if as_json:
        last = done[-1]
        rows = [
            {"index": p.index, "leaf": p.leaf, "digest": p.digest, "event_id": p.event_id, "recorded_at": p.recorded_at,
             "replay": p.replay, "derived": [{"index": e.index, "type": e.name} for e in p.derived]}
            for p in done
        ]  # fmt: skip
        code = "known" if all(p.replay for p in done) else "recorded"
        answer(name, rows, book=book, code=code, index=last.index, digest=last.digest)
        return
    for p in done:
        say(f"{text} at index {p.index}, {p.recorded_at}; receipt receipts/{p.index}.tlog-proof")
        say(f"  statement {p.digest}")
        for event in p.derived:
            say(f"  derived {event.name} at index {event.index}" + (f": {event.answer}" if event.answer else ""))


def say(text: str) -> None:
    """Print a line for people."""
    sys.stdout.write(text + "\n")


def warn(text: str) -> None:
    """Progress, warnings, errors, and what is about to be signed go to stderr."""
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
        case Fault(code=code, outcome=outcome):
            found = next((number for number, codes in EXITS.items() if code in codes), None)
            return found if found is not None else 6 if outcome == "unknown" else 1
        case _:
            return 1


def fail(err: LedgerError | RefusedError, *, as_json: bool, schema: str) -> NoReturn:
    """Print an error in four lines (what, where, why it matters, what next), or as JSON, and exit."""
    lines = four_lines(err)
    if as_json:
        value = err.refused.reason.value if isinstance(err, RefusedError) else err.code
        keys = ("what", "where", "why", "next")
        details = [dict(zip(keys, lines, strict=True))]
        emit({"schema": schema, "ok": False, "code": value, "details": details, "checkpoint": None})
    else:
        what, *rest = lines
        warn(what)
        for name, line in zip(("where", "why", "next"), rest, strict=True):
            warn(f"  {name + ':':<7}{line}")
    raise SystemExit(exit_of(err))


def four_lines(err: LedgerError | RefusedError) -> tuple[str, str, str, str]:
    """What, where, why it matters, what next; each one line, controls escaped (T58)."""
    match err:
        case RefusedError(refused=refused):
            why = "the rules of this ledger do not admit it; it took no index, and nothing was recorded"
            lines = (f"refused: {refused.reason.value}", refused.detail, why, _advice(refused, err))
        case Malformed():
            why = "what can be read in two ways is not read at all; nothing was changed"
            lines = (
                f"not the format: {err.rule}",
                f"{err.format}, {err.place}",
                why,
                "mend the input; spec/ says its form",
            )
        case Unverified():
            why = "a signature, proof or key does not hold: what was shown proves nothing"
            lines = (
                f"not verified: {err.rule}",
                f"{err.what}, {err.place}",
                why,
                "keep both sides of it, and tell others",
            )
        case Fault():
            outcome = "" if err.outcome == "failed" else "; whether it was recorded is unknown"
            lines = (err.code, err.detail, WHY.get(exit_of(err), WHY[1]) + outcome, err.remedy)
        case _:
            lines = (err.code if isinstance(err, LedgerError) else "error", str(err), WHY[1], "report it")
    what, where, why, following = (visible(line) for line in lines)
    return what, where, why, following


def _advice(refused: Refused, err: RefusedError) -> str:
    facts: Mapping[str, str] = dict(refused.facts)
    role, who = facts.get("role"), facts.get("principal")
    match refused.reason.value:
        case "role-missing" if role and who:
            grant = f"holdpoint role grant {who} {role} --as key-admin{err.where}"
            again = f"holdpoint event post {err.kept}{err.where}" if err.kept is not None else "the same command again"
            return f"two key-admins grant it: {grant}; then send the same statement: {again}"
        case "key-unknown":
            return (
                "two key-admins register its owner and it, then grant a role: holdpoint principal register NAME; "
                "holdpoint keys register FILE NAME; holdpoint role grant NAME ROLE"
            )
        case "self-approval" | "evidence-author":
            return "someone else signs: neither who asked, nor who wrote the evidence"
        case "gate-outdated":
            return "ask again (holdpoint request), then approve and decide on that"
        case "divergence-unexplained":
            return "say why, and on what ground: --divergence-reason TEXT --basis discretionary (or legal)"
        case "version-conflict":
            return f"read what was added, then write it for version {facts.get('present_version', 'now')}"
        case _:
            return f"docs/reference/problems.md says what {refused.reason.value} asks for"
