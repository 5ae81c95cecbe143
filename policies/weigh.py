"""What follows from a gate's findings: the table of effects (domain.md §5), and what stands in for what is lacking."""

from dataclasses import dataclass, field

from policies.answer import Answer, Finding
from policies.asked import Asked
from policies.evidence import interim_cover

CONDITIONAL = frozenset({"non_conformance"})
INTERIM = frozenset({"interim_measures_or_block", "interim_measures_or_delete_weights"})


@dataclass(slots=True)
class Gathered:
    """What the packs add to the verdict."""

    answers: list[Answer] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    decision_by: list[tuple[str, str]] = field(default_factory=list)
    inform_before: list[tuple[str, str]] = field(default_factory=list)
    recommendation_by: list[tuple[str, str]] = field(default_factory=list)
    laws: list[str] = field(default_factory=list)


def weigh(asked: Asked, triggers: list[Finding], findings: list[Finding], got: Gathered) -> None:
    """One gate's answer, from what triggers it, what it requires, and its effect."""
    unclear = [f for f in triggers if f.state != "met"]
    lacking = [f for f in findings if f.state != "met"]
    if not unclear and not lacking:
        return
    got.reasons += [f.why for f in (*unclear, *lacking)]
    if any(f.why == "standard-undefined" for f in lacking):
        got.answers.append(Answer.DENY)
        return
    if asked.gate.effect in CONDITIONAL:
        got.answers.append(Answer.PERMIT_WITH_CONDITIONS)
        got.conditions.append(f"non-conformance:{asked.gate.id}")
        return
    if unclear:  # measures stand in for safeguards, never for an open question
        got.answers.append(Answer.UNDETERMINED)
    if not lacking or _covered(asked, lacking, got):
        return
    got.answers.append(Answer.DENY if any(f.state == "unmet" for f in lacking) else Answer.UNDETERMINED)


def _covered(asked: Asked, lacking: list[Finding], got: Gathered) -> bool:
    """Whether interim measures stand in for all that is lacking; if so, under which conditions, and who must be told."""
    if asked.gate.effect not in INTERIM:
        return False
    cover = interim_cover(asked, lacking)
    if cover is None:
        return False
    got.answers.append(Answer.PERMIT_WITH_CONDITIONS)
    got.conditions.append(f"interim-measures:{cover}")
    got.reasons.append("interim-measures")
    interim = (f for f in asked.pack.fallbacks if f.id == "INTERIM")
    got.inform_before += [(asked.pack.id, r) for f in interim for r in f.inform]
    return True
