"""What a gate that applies requires: sets and safeguards, documents, numbers; each gives findings."""

from dataclasses import replace

from policies.answer import Finding
from policies.asked import Asked
from policies.evidence import document_finding, safeguard_finding
from policies.metrics import metric_findings

NEVER_SHOWN = frozenset({"attestation-missing", "attestation-withdrawn", "document-missing"})


def requirements(asked: Asked) -> list[Finding]:
    """The findings of a gate that applies.

    A danger or a fact is known to be there: then what nobody ever showed is not met. Where all is below, or the gate always
    applies, nothing yet shows a lack.
    """
    gate = asked.gate
    findings: list[Finding] = []
    for name in gate.requires_sets:
        findings += _set(asked, name)
    findings += [safeguard_finding(asked, m, m) for m in gate.requires_safeguards]
    findings += [document_finding(asked, kind) for kind in gate.requires_documents]
    for name in gate.requires_metrics:
        findings += metric_findings(asked, name)
    known = bool(gate.when.any_of) or bool(gate.when.facts)
    return [_sharpen(f) for f in findings] if known else findings


def _set(asked: Asked, name: str) -> list[Finding]:
    members = asked.pack.safeguard_set(name).safeguards
    if not members:
        return [asked.finding(name, "unmet", "standard-undefined")]
    return [safeguard_finding(asked, m, f"{name}/{m}") for m in members]


def _sharpen(finding: Finding) -> Finding:
    if finding.state == "unknown" and finding.why in NEVER_SHOWN:
        return replace(finding, state="unmet")
    return finding
