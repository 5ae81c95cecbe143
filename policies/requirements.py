"""What a gate that applies requires: sets and safeguards, documents and their approval, numbers; each gives findings."""

from dataclasses import replace

from policies.answer import Finding
from policies.applies import triggering
from policies.asked import Asked
from policies.documents import approval_findings, document_finding
from policies.evidence import safeguard_finding
from policies.metrics import metric_findings

NEVER_SHOWN = frozenset(
    {"attestation-missing", "attestation-withdrawn", "attestation-degraded", "document-missing", "approval-missing"}
)

VECTOR = "vector:"
"""Before a harm vector's name in a requirement, so that it is not taken for a safeguard's."""


def requirements(asked: Asked) -> list[Finding]:
    """The findings of a gate that applies.

    A danger or a fact is known to be there: then what nobody ever showed is not met. Where all is below, or the gate always
    applies, nothing yet shows a lack.
    """
    gate = asked.gate
    findings: list[Finding] = []
    for name in gate.requires_sets:
        findings += _set(asked, name)
    findings += [safeguard_finding(asked, (m,), m) for m in gate.requires_safeguards]
    findings += [document_finding(asked, kind) for kind in gate.requires_documents]
    findings += approval_findings(asked)
    for name in gate.requires_metrics:
        findings += metric_findings(asked, name)
    return [_sharpen(f) for f in findings] if known(asked) else findings


def known(asked: Asked) -> bool:
    """Whether what makes the gate apply is a danger or a fact that is known to be there."""
    return bool(asked.gate.when.any_of) or bool(asked.gate.when.facts)


def _set(asked: Asked, name: str) -> list[Finding]:
    kept = asked.pack.safeguard_set(name)
    if not kept.safeguards:
        return [asked.finding(name, "unmet", "standard-undefined")]
    if kept.operator == "all":
        return [safeguard_finding(asked, (m,), f"{name}/{m}") for m in kept.safeguards]
    return _claims(asked, name, kept.safeguards)


def _claims(asked: Asked, name: str, safeguards: tuple[str, ...]) -> list[Finding]:
    """For each harm vector that a determination which triggers the gate names, one sufficient claim that covers it.

    A determination that names none leaves open what the claims would have to cover.
    """
    hits = [(n, s.fact) for n, s in triggering(asked) if s.fact is not None]
    vectors = dict.fromkeys(v for _, fact in hits for v in fact.body.vectors)
    open_ = [
        asked.finding(f"{name} for {n}", "unknown", "vectors-unstated", (fact.index,))
        for n, fact in hits
        if not fact.body.vectors
    ]
    if not hits:
        open_ = [asked.finding(name, "unknown", "vectors-unstated")]
    return [*open_, *(safeguard_finding(asked, safeguards, f"{name}/{VECTOR}{v}", v) for v in vectors)]


def _sharpen(finding: Finding) -> Finding:
    if finding.state == "unknown" and finding.why in NEVER_SHOWN:
        return replace(finding, state="unmet")
    return finding
