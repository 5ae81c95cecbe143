"""What follows from a gate's findings: the table of effects (domain.md §5), and what stands in for what is lacking."""

from dataclasses import dataclass, field

from policies.answer import Answer, Finding
from policies.asked import Asked
from policies.documents import acceptance_finding
from policies.evidence import interim_cover
from policies.exceptions import exception_cover
from policies.requirements import known

CONDITIONAL = frozenset({"non_conformance"})
INTERIM = frozenset({"interim_measures_or_block", "interim_measures_or_delete_weights"})
ACCEPTING = frozenset({"more_mitigation", "not_accepted", "risk_not_accepted"})
"""Effects under which a role of the pack may accept what is not met. All others deny: block, halt, pause, delay, penalty …"""


@dataclass(slots=True)
class Gathered:
    """What a pack adds to the verdict."""

    answers: list[Answer] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    decision_by: list[tuple[str, str]] = field(default_factory=list)
    inform_before: list[tuple[str, str]] = field(default_factory=list)
    recommendation_by: list[tuple[str, str]] = field(default_factory=list)
    laws: list[str] = field(default_factory=list)

    def add(self, other: "Gathered") -> None:
        """Take over what another pack, or one gate, adds."""
        self.answers += other.answers
        self.findings += other.findings
        self.reasons += other.reasons
        self.conditions += other.conditions
        self.decision_by += other.decision_by
        self.inform_before += other.inform_before
        self.recommendation_by += other.recommendation_by
        self.laws += other.laws


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
    lacking = _excused(asked, triggers, lacking, got)
    if lacking:
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


def _excused(asked: Asked, triggers: list[Finding], lacking: list[Finding], got: Gathered) -> list[Finding]:
    """What is lacking still, once the pack's role has accepted the risk, or the pack's own exception is invoked."""
    excusable = [f for f in lacking if _excusable(asked, f)]
    if not excusable:
        return lacking
    why = _accepted(asked, triggers, excusable, got)
    if why is None:
        excusable = [f for f in excusable if not _paper(asked, f)]
        cover = exception_cover(asked) if excusable else None
        why = None if cover is None else f"exception:{cover}"
    if why is None:
        return lacking
    got.answers.append(Answer.PERMIT_WITH_CONDITIONS)
    got.conditions.append(why)
    got.reasons.append(why.split(":")[0])
    return [f for f in lacking if f not in excusable]


def _paper(asked: Asked, finding: Finding) -> bool:
    """A report, or its approval. No way out makes up for one: a risk that nobody described is not accepted."""
    kinds = {*asked.gate.requires_documents, *((asked.gate.approval_of,) if asked.gate.approval_of is not None else ())}
    return finding.requirement.split(" ")[0] in kinds


def _excusable(asked: Asked, finding: Finding) -> bool:
    """What is known not to be met. A claim that lapsed is no worse than one never made: else removing it would open a gate.

    Who accepts in a report that the gate itself requires need not confirm it too.
    """
    if _paper(asked, finding):
        return asked.gate.acceptance is not None and finding.requirement == asked.gate.acceptance.document
    safeguard = finding.requirement.split("/")[0] in {*asked.gate.requires_sets, *asked.gate.requires_safeguards}
    return finding.state == "unmet" or (known(asked) and safeguard and finding.why != "vectors-unstated")


def _accepted(asked: Asked, triggers: list[Finding], excusable: list[Finding], got: Gathered) -> str | None:
    """The condition under which the risk was accepted; `None` where it was not, and then a finding says what is missing."""
    if asked.gate.effect not in ACCEPTING:
        return None
    metrics = [f for f in excusable if f.requirement.split(" ")[0] in asked.gate.requires_metrics]
    dangers = (i for f in (*triggers, *metrics) if f.why != "scope" for i in f.indexes)
    found = acceptance_finding(asked, max(dangers, default=-1))
    if found is None:
        return None
    got.findings.append(found)
    if found.state == "met":
        return f"risk-accepted:{found.indexes[-1]}"
    got.reasons.append(found.why)
    return None
