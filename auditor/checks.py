"""The list of checks of one verification, as it grows: what holds, what does not, and what was not proven."""

from dataclasses import dataclass, field

from auditor.verdict import Check, VerifyVerdict
from ledger.errors import LedgerError

V = VerifyVerdict
UNDECIDED = frozenset({"type-unknown", "rules-unknown", "format-unknown", "limits"})
"""Codes by which this copy says that it can't judge, rather than that something is false."""


@dataclass(slots=True)
class Checks:
    """Checks in the order in which they were made, and what is not proven, in words."""

    done: list[Check] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, verdict: VerifyVerdict, code: str, detail: str, index: int | None = None) -> None:
        """Note a check's result."""
        self.done.append(Check(name, verdict, code, detail, index))

    def holds(self, name: str, detail: str) -> None:
        """It holds."""
        self.add(name, V.VALID_UNWITNESSED, "ok", detail)

    def fails(self, name: str, code: str, detail: str, index: int | None = None) -> None:
        """It does not hold, or (by its code) this copy can't say."""
        self.add(name, V.ERROR if code in UNDECIDED else V.INVALID, code, detail, index)

    def caught(self, name: str, err: LedgerError, index: int | None = None) -> None:
        """It does not hold, as a reader said."""
        self.fails(name, err.code, str(err), index)

    @property
    def failed(self) -> bool:
        """Whether something is false or undecidable so far."""
        return any(c.verdict in (V.INVALID, V.ERROR) for c in self.done)
