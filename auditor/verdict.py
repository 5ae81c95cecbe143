"""Verdicts of verification (threats.md §2): one enum in command line, HTTP, page and report."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class VerifyVerdict(StrEnum):
    """Ordered from best to worst; `ERROR` stands beside the order."""

    VALID = "VALID"
    VALID_UNWITNESSED = "VALID_UNWITNESSED"
    INCOMPLETE = "INCOMPLETE"
    UNANCHORED = "UNANCHORED"
    DIVERGED = "DIVERGED"
    INVALID = "INVALID"
    ERROR = "ERROR"


ORDER = tuple(VerifyVerdict)[:-1]
EXIT = {
    VerifyVerdict.VALID: 0,
    VerifyVerdict.VALID_UNWITNESSED: 0,
    VerifyVerdict.INCOMPLETE: 5,
    VerifyVerdict.UNANCHORED: 5,
    VerifyVerdict.DIVERGED: 4,
    VerifyVerdict.INVALID: 4,
    VerifyVerdict.ERROR: 1,
}


def lowest(*verdicts: VerifyVerdict) -> VerifyVerdict:
    """The result of several checks. `ERROR` replaces anything above `DIVERGED` and hides neither it nor `INVALID`."""
    ordered = [v for v in verdicts if v is not VerifyVerdict.ERROR]
    worst = max(ordered, key=ORDER.index) if ordered else VerifyVerdict.ERROR
    grave = worst in (VerifyVerdict.DIVERGED, VerifyVerdict.INVALID)
    return worst if grave or len(ordered) == len(verdicts) else VerifyVerdict.ERROR


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was looked at, what it gave, where it fails, and the bytes that show it (name → base64, hex or text)."""

    name: str
    verdict: VerifyVerdict
    code: str
    detail: str
    index: int | None = None
    shown: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The whole verification. `alerts` come first: what stands in the log and asks for a look (`disclosures.alerts`).
    `note` is the checkpoint with its signature lines, for the reader's own witness policy; `answers` what held at an earlier
    position, where the reader asked for one (claims.md)."""

    checks: tuple[Check, ...]
    origin: str = ""
    size: int = 0
    root: bytes = b""
    development: bool = False
    notes: tuple[str, ...] = field(default=())
    alerts: tuple[str, ...] = field(default=())
    note: str = ""
    answers: dict[str, Any] | None = None

    @property
    def verdict(self) -> VerifyVerdict:
        """The lowest of the checks; of none, `ERROR`."""
        return lowest(*(c.verdict for c in self.checks))

    @property
    def exit_code(self) -> int:
        """The exit code of interface.md §2."""
        return EXIT[self.verdict]

    def to_json(self) -> dict[str, Any]:
        """The `--json` object."""
        worst = next((c for c in self.checks if c.verdict is self.verdict), None)
        return {
            "schema": "holdpoint.verify/1",
            "ok": self.exit_code == 0,
            "verdict": self.verdict.value,
            "code": worst.code if worst is not None else "nothing-checked",
            "details": [
                {
                    "check": c.name,
                    "code": c.code,
                    "detail": c.detail,
                    "index": c.index,
                    "shown": dict(c.shown),
                    "verdict": c.verdict.value,
                }
                for c in self.checks
            ],
            "answers": self.answers,
            "alerts": list(self.alerts),
            "development": self.development,
            "not_proven": list(self.notes),
            "checkpoint": {"origin": self.origin, "root": self.root.hex(), "size": self.size},
        }
