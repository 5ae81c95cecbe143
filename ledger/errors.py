"""Four kinds of error (style.md §7). A refusal is none of them: it is a value, `ledger.reasons.Refused`."""

from collections.abc import Mapping
from typing import Literal


class LedgerError(Exception):
    """Base class; nobody raises it. `code` is stable and kebab-case."""

    code: str = "ledger-error"


class Malformed(LedgerError):
    """These bytes are not the format: all that a parser may raise. Never carries the input's text."""

    def __init__(self, format: str, place: str, rule: str) -> None:  # noqa: A002  # the design's word
        super().__init__(f"{format}: {rule} at {place}")
        self.format, self.place, self.rule = format, place, rule
        self.code = rule


class Unverified(LedgerError):
    """Well formed, but a signature, proof or key does not hold."""

    def __init__(self, what: str, place: str, rule: str) -> None:
        super().__init__(f"{what}: {rule} at {place}")
        self.what, self.place, self.rule = what, place, rule
        self.code = rule


class Conflict(LedgerError):
    """Someone was first. `detail` carries what the caller lacks."""

    def __init__(self, code: str, detail: Mapping[str, str]) -> None:
        super().__init__(f"{code}: {dict(detail)}")
        self.code = code
        self.detail = dict(detail)


class Fault(LedgerError):
    """Our machinery. `outcome` says whether what was asked for failed, or whether that is unknown."""

    def __init__(self, code: str, outcome: Literal["failed", "unknown"], detail: str, remedy: str) -> None:
        super().__init__(f"{code}: {detail}; {remedy}")
        self.code = code
        self.outcome: Literal["failed", "unknown"] = outcome
        self.detail = detail
        self.remedy = remedy
