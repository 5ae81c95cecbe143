"""The gate's screen: what blocks, on which clause, who can unblock it, with which command. Text from events is shown escaped."""

from api.wiring import Ledger
from auditor.explain import visible
from policies.answer import Answer, AsOf, Clearance, Finding, PolicyVerdict, Request
from policies.clear import clear
from policies.evaluate import evaluate

UNBLOCK: dict[str, tuple[str, str]] = {
    "attestation-missing": ("an attester", "holdpoint event post safeguard.attested=…"),
    "attestation-expired": ("an attester", "holdpoint event post safeguard.attested=…"),
    "attestation-out-of-scope": ("an attester, for this scope", "holdpoint event post safeguard.attested=…"),
    "attestation-withdrawn": ("an attester", "holdpoint event post safeguard.attested=…"),
    "determination-missing": ("an assessor", "holdpoint event post threshold.determined=…"),
    "determination-stale": ("an assessor", "holdpoint event post threshold.determined=…"),
    "determination-compute": ("an assessor", "holdpoint event post threshold.determined=…"),
    "determination-review-due": ("an assessor", "holdpoint event post threshold.determined=…"),
    "document-missing": ("an assessor", "holdpoint event post document.submitted=…"),
    "document-unconfirmed": ("an approver who did not submit it", "holdpoint event post document.confirmed=…"),
    "criterion-missed": ("nobody by a decision: the number decides", "holdpoint import, after a new run"),
    "fact-unknown": ("whoever asks", "holdpoint gate --fact NAME=VALUE"),
    "fact-unreadable": ("whoever asks", "holdpoint gate --fact NAME=DECIMAL"),
    "scope-unstated": ("whoever asks", "holdpoint gate --audience NAME"),
    "evidence-amended": ("an assessor, who looks at both results", "holdpoint event post threshold.determined=…"),
    "evidence-pending": ("an evaluator, with the run announced", "holdpoint import"),
    "run-not-successful": ("an evaluator, with a run that succeeds", "holdpoint import"),
    "run-too-few-samples": ("an evaluator, with a complete run", "holdpoint import"),
    "run-task-changed": ("an evaluator, with the task announced", "holdpoint import"),
    "run-scorer-changed": ("an evaluator, with the scorer announced", "holdpoint import"),
    "run-metric-absent": ("an evaluator, with the metric announced", "holdpoint import"),
    "run-edited": ("an evaluator, with an unedited run", "holdpoint import"),
    "evidence-ended": ("an evaluator, with a new run", "holdpoint import"),
    "covering-worsened": ("an assessor, for this model itself", "holdpoint event post threshold.determined=…"),
    "covering-unknown": ("an assessor, for this model itself", "holdpoint event post threshold.determined=…"),
    "score-withheld": (
        "a role that determines, or a run with open scores",
        "holdpoint event post threshold.determined=…",
    ),
    "repeated-runs": ("an assessor, who looks at every run", "holdpoint event post threshold.determined=…"),
    "back-recorded": ("whoever says it again now: history never clears", "the command that recorded it"),
    "standard-undefined": ("nobody: its issuer has not written this standard", "none"),
    "tainted": ("a live key that says it again", "the command that recorded it"),
}
NEXT = {
    "no-decision": "request, approve and decide: holdpoint event post action.requested=…",
    "withheld-by-decision": "a later decision of the framework's roles: holdpoint event post decision.made=…",
    "body-not-informed": "inform them first: holdpoint event post body.informed=…",
    "decision-lapsed": "decide again: holdpoint event post action.requested=…",
    "decision-out-of-scope": "request this scope: holdpoint event post action.requested=…",
    "verdict-changed": "mend what is open, then decide again",
}
SHOWN = 8


def ask(ledger: Ledger, request: Request, at: int | str | None = None) -> tuple[PolicyVerdict, Clearance, AsOf]:
    """Verdict, clearance, and the position that they hold for."""
    with ledger.view(at) as view:
        as_of = AsOf(view.size, view.time)
        verdict = evaluate(view.state, request, as_of)
        return verdict, clear(view.state, verdict, request, as_of), as_of


def gate_text(ledger: Ledger, stream: str, action: str) -> str:
    """The screen for a question without further context."""
    request = Request(stream, action)
    return screen(request, *ask(ledger, request))


def screen(request: Request, verdict: PolicyVerdict, clearance: Clearance, as_of: AsOf) -> str:
    """The screen as text."""
    lines = [f"MAY {request.stream} BE PUT TO {request.action}?   {clearance.answer.value.upper()}"]
    if clearance.divergence is not None:
        lines.append(f"  DIVERGENCE: {clearance.divergence}")
    lines.append(f"  as of size {as_of.size}, {as_of.time}")
    lines.append(f"  clearance: {clearance.answer.value} ({', '.join(clearance.reasons)})")
    lines += [f"  condition: {visible(condition)}" for condition in clearance.conditions]
    lines += [f"  missing: {visible(name)}" for name in clearance.missing]
    lines.append(f"  policy verdict: {verdict.answer.value}")
    open_ = [f for f in verdict.findings if f.state != "met"]
    met = len(verdict.findings) - len(open_)
    lines.append(f"  {met} requirements met, {len(open_)} open")
    for (clause, ref, why, state), group in _grouped(open_).items():
        names = ", ".join(visible(f.requirement) for f in group[:SHOWN])
        more = f" and {len(group) - SHOWN} more" if len(group) > SHOWN else ""
        cited = sorted({i for f in group for i in f.indexes})
        looked = f"; events {', '.join(map(str, cited))}" if cited else ""
        lines.append(f"  x {clause} ({ref}): {state}, {why}{looked}")
        lines.append(f"      {names}{more}")
        who, command = UNBLOCK.get(why, ("see the finding", "holdpoint status"))
        lines.append(f"      unblocked by {who}: {command}")
    if clearance.answer != Answer.PERMIT:
        lines += [f"  next: {NEXT[reason]}" for reason in clearance.reasons if reason in NEXT]
    return "\n".join(lines)


def _grouped(findings: list[Finding]) -> dict[tuple[str, str, str, str], list[Finding]]:
    groups: dict[tuple[str, str, str, str], list[Finding]] = {}
    for f in findings:
        groups.setdefault((f.clause, f.ref, f.why, f.state), []).append(f)
    return groups
