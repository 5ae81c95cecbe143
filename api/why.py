"""Why an answer is what it is: clearance and verdict ← findings ← clauses ← entries, as a tree (domain.md §5).

What must be seen first stands first: exceptional grants that nobody has reviewed, and a divergence from the policy verdict.
"""

from collections.abc import Callable
from typing import Any

from disclosures.alerts import alert_lines, break_glass_of
from ledger.state import State
from policies.answer import AsOf, Clearance, Finding, Request
from policies.binding import binding_packs
from policies.clear import clear
from policies.evaluate import evaluate
from policies.facts import Fact, Published

Cite = Callable[[int], dict[str, Any]]


def why_of(state: State, request: Request, as_of: AsOf, cite: Cite) -> dict[str, Any]:
    """The argument for one action: every finding, open or met, its clause, how that is sourced, and the entries it rests on."""
    verdict = evaluate(state, request, as_of)
    clearance = clear(state, verdict, request, as_of)
    packs = {p.pack.id: p for p in binding_packs(state, as_of.time)}
    return {
        "action": request.action,
        "clearance": {
            "answer": clearance.answer.value,
            "conditions": list(clearance.conditions),
            "entries": [cite(i) for i in decided_on(state, request.stream, clearance)],
            "missing": list(clearance.missing),
            "reasons": list(clearance.reasons),
        },
        "first": [*unreviewed(state, cite), *_divergence(clearance, cite)],
        "verdict": {
            "answer": verdict.answer.value,
            "conditions": list(verdict.conditions),
            "findings": [_finding(f, packs.get(f.pack), cite) for f in verdict.findings],
            "packs": list(verdict.packs),
            "reasons": list(verdict.reasons),
        },
    }


def unreviewed(state: State, cite: Cite) -> list[dict[str, Any]]:
    """Exceptional grants without a review: the whole ledger is told of them, whatever is asked."""
    grants = break_glass_of(state)
    lines = zip(grants, alert_lines(grants), strict=True)
    return [{"entries": [cite(g["index"])], "text": text, "what": "break-glass"} for g, text in lines]


def _divergence(clearance: Clearance, cite: Cite) -> list[dict[str, Any]]:
    if clearance.divergence is None or clearance.decision is None:
        return []
    return [
        {"entries": [cite(clearance.decision)], "text": f"DIVERGENCE: {clearance.divergence}", "what": "divergence"}
    ]


def decided_on(state: State, stream: str, clearance: Clearance) -> list[int]:
    """What a clearance rests on: the decision that stands, its request, gate and approvals, and who was informed."""
    if clearance.decision is None:
        return []
    made: tuple[Fact, ...] = state.get("decision", stream) or ()
    decided = next(f for f in made if f.index == clearance.decision)
    asked: Fact | None = state.get("request", decided.body.request)
    approvals: list[Fact | None] = [state.get("approval", d) for d in decided.body.approvals]
    told: list[Fact] = [f for d in (decided.body.request, decided.digest) for f in state.get("informed", d) or ()]
    others = {f.index for f in (asked, *approvals, *told) if f is not None} | {decided.body.gate.index}
    return [decided.index, *sorted(others)]


def _finding(found: Finding, published: Published | None, cite: Cite) -> dict[str, Any]:
    gate = None if published is None else published.pack.gate(found.clause)
    source = "" if published is None else published.pack.source.sourced
    return {
        "clause": found.clause,
        "entries": [cite(i) for i in found.indexes],
        "pack": found.pack,
        "ref": found.ref,
        "requirement": found.requirement,
        "sourced": source if gate is None or gate.sourced is None else gate.sourced,
        "state": found.state,
        "why": found.why,
    }
