"""Answers (domain.md §5): four values, findings that cite clause and entries, and the two results that carry them."""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final, Literal, TypeAlias

from ledger.canonical import encode

FindingState: TypeAlias = Literal["met", "unmet", "unknown", "expired", "out-of-scope"]

RULES_VERSION: Final = "holdpoint-rules/1"
"""The version of the rules that these rooms are: admission, derivation and evaluation."""


class Answer(StrEnum):
    """Strictest first in `STRICTNESS`: deny > undetermined > permit_with_conditions > permit."""

    PERMIT = "permit"
    PERMIT_WITH_CONDITIONS = "permit_with_conditions"
    UNDETERMINED = "undetermined"
    DENY = "deny"


STRICTNESS = tuple(Answer)


def strictest(*answers: Answer) -> Answer:
    """The strictest of some answers; of none, `undetermined`: no rule never permits."""
    return max(answers, key=STRICTNESS.index) if answers else Answer.UNDETERMINED


@dataclass(frozen=True, slots=True)
class AsOf:
    """Entries 0…size−1, at `time`. Not `verified`: the keeper of the log knows that this is not all of it."""

    size: int
    time: str
    verified: bool = True


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. A fact that is not stated is unknown; `artifact` is the salted subject digest (hex)."""

    stream: str
    action: str
    artifact: str | None = None
    audience: str | None = None
    surfaces: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    jurisdictions: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One evaluated requirement. `why` is a stable code; `indexes` are the entries that it rests on."""

    pack: str
    clause: str
    ref: str
    requirement: str
    state: FindingState
    why: str
    indexes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyVerdict:
    """What the binding packs demand of the evidence. `decision_by`, `inform_before`, `recommendation_by`: (pack id, role).

    `laws` are those behind a pack that withholds, as `LAW: CLAUSES` (`policies.divergence`).
    """

    answer: Answer
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...]
    conditions: tuple[str, ...]
    packs: tuple[str, ...]
    decision_by: tuple[tuple[str, str], ...] = ()
    inform_before: tuple[tuple[str, str], ...] = ()
    recommendation_by: tuple[tuple[str, str], ...] = ()
    laws: tuple[str, ...] = ()

    def digest(self) -> str:
        """SHA-256 (hex) over the answer, its reasons and findings."""
        findings = [[f.pack, f.clause, f.requirement, f.state, list(f.indexes)] for f in self.findings]
        return sha256(encode([self.answer.value, list(self.reasons), findings])).hexdigest()


@dataclass(frozen=True, slots=True)
class Clearance:
    """Whether it may happen now. `decision` is the index of the standing decision; `divergence` comes first in views."""

    answer: Answer
    reasons: tuple[str, ...]
    conditions: tuple[str, ...] = ()
    decision: int | None = None
    divergence: str | None = None
    missing: tuple[str, ...] = ()
