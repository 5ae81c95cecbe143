"""A report for people: each check, the verdict, and what is not proven. Text from events is shown escaped."""

from typing import Any

from auditor.verdict import Report, VerifyVerdict
from disclosures.visible import visible

__all__ = ["MEANS", "report_text", "visible"]

EXCERPT = 240
MEANS = {
    VerifyVerdict.VALID: "everything holds, and independent witnesses cosigned it",
    VerifyVerdict.VALID_UNWITNESSED: "everything holds; only your own pin ties it to the past",
    VerifyVerdict.INCOMPLETE: "what is shown holds, but it doesn't carry its own claims",
    VerifyVerdict.UNANCHORED: "consistent in itself; nothing from outside says that this is the history others saw.\n"
    "  A cut tail looks like this. Ask the ledger's keeper for a pin by another channel: holdpoint pin FILE",
    VerifyVerdict.DIVERGED: "it contradicts a checkpoint that you hold. Keep both files, and tell others",
    VerifyVerdict.INVALID: "a signature, hash, proof, admission or fold does not hold",
    VerifyVerdict.ERROR: "it could not be decided",
}


def excerpt(value: str) -> str:
    """The first of what is shown; `--json` has it whole."""
    text = visible(value)
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT]}… ({len(text)} characters; --json has all)"


def answer_lines(answers: dict[str, Any]) -> list[str]:
    """What held at an earlier position, a line per model and action."""
    lines = [f"As of size {answers['as_of']['size']} ({answers['as_of']['time']}):"]
    for each in answers["models"]:
        for action, said in each["actions"].items():
            why = f" ({', '.join(said['clearance_reasons'])})" if said["clearance_reasons"] else ""
            lines.append(f"  {each['stream']} {action}: verdict {said['verdict']}, clearance {said['clearance']}{why}")
    return lines if len(lines) > 1 else [*lines, "  no model is registered"]


def report_text(report: Report) -> str:
    """The report as text."""
    lines = [visible(alert) for alert in report.alerts]
    lines += [f"{visible(report.origin) or 'no origin'}, {report.size} entries"]
    for check in report.checks:
        mark = "ok" if check.verdict in (VerifyVerdict.VALID, VerifyVerdict.VALID_UNWITNESSED) else check.verdict.value
        lines.append(f"  {mark:<10} {check.name}: {visible(check.detail)}")
        lines += [f"  {'':<10}   {name}: {excerpt(value)}" for name, value in check.shown]
    empty = report.verdict is VerifyVerdict.UNANCHORED and report.size == 0
    means = "nothing is shown, so nothing is proven" if empty else MEANS[report.verdict]
    lines.append(f"{report.verdict.value} (exit {report.exit_code}): {means}")
    if report.answers is not None:
        lines += map(visible, answer_lines(report.answers))
    if report.notes:
        lines += ["Not proven:", *(f"  - {note}" for note in report.notes)]
    return "\n".join(lines)
