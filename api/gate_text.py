"""The gate's screen: what blocks, on which clause, who can unblock it, with which command. Text from events is shown escaped."""

from api.unblock import SEEN, People, following, people_of, way
from api.wiring import Ledger
from auditor.explain import visible
from policies.answer import Answer, AsOf, Clearance, Finding, PolicyVerdict, Request
from policies.clear import clear
from policies.evaluate import evaluate

SHOWN = 8


def ask(ledger: Ledger, request: Request, at: int | str | None = None) -> tuple[PolicyVerdict, Clearance, AsOf]:
    """Verdict, clearance, and the position that they hold for."""
    with ledger.view(at) as view:
        as_of = view.as_of
        verdict = evaluate(view.state, request, as_of)
        return verdict, clear(view.state, verdict, request, as_of), as_of


def gate_text(ledger: Ledger, stream: str, action: str) -> str:
    """The screen for a question without further context."""
    request = Request(stream, action)
    verdict, clearance, as_of = ask(ledger, request)
    with ledger.view() as view:
        return screen(request, verdict, clearance, as_of, people_of(view.state, as_of.time))


def screen(
    request: Request, verdict: PolicyVerdict, clearance: Clearance, as_of: AsOf, people: People, where: str = ""
) -> str:
    """The screen as text. `where` is appended to each command: the options that say which ledger is meant."""
    lines = [] if clearance.divergence is None else [f"DIVERGENCE: {visible(clearance.divergence)}"]
    lines.append(
        f"MAY {visible(request.stream)} BE PUT TO {visible(request.action)}?   {clearance.answer.value.upper()}"
    )
    lines.append(f"  as of size {as_of.size}, {as_of.time}")
    lines.append(f"  clearance: {clearance.answer.value} ({', '.join(clearance.reasons)})")
    lines += [f"  condition: {visible(condition)}" for condition in clearance.conditions]
    lines += [f"  missing: {visible(name)}" for name in clearance.missing]
    lines.append(f"  policy verdict: {verdict.answer.value}")
    lines += [f"  a matter of law: {visible(law)}" for law in verdict.laws]
    open_ = [f for f in verdict.findings if f.state != "met"]
    met = len(verdict.findings) - len(open_)
    lines.append(f"  {met} requirements met, {len(open_)} open")
    if not verdict.findings:  # nothing was asked of anybody: say why, or the screen would name no obstacle at all
        lines.append(f"  x no clause answers: {visible(', '.join(verdict.reasons))}")
    said: set[str] = set()
    for (clause, ref, why, state), group in grouped(open_).items():
        names = ", ".join(visible(f.requirement) for f in group[:SHOWN])
        more = f" and {len(group) - SHOWN} more" if len(group) > SHOWN else ""
        cited = sorted({i for f in group for i in f.indexes})
        looked = f"; events {', '.join(map(str, cited))}" if cited else ""
        lines.append(f"  x {visible(clause)} ({visible(ref)}): {state}, {why}{looked}")
        lines.append(f"      {names}{more}")
        found = way(request, why, group, verdict.findings, people, where)
        fresh = [command for command in found.commands if command not in said]
        said.update(fresh)
        note = found.note or ("as above" if found.commands and not fresh else "")
        lines.append(f"      unblocked by {found.who}" + (f": {note}" if note else ""))
        lines += [f"        {visible(command)}" for command in fresh]
    for f in verdict.findings:
        if f.state == "met" and (f.why in SEEN or f.why.startswith("alert:")):
            events = ", ".join(map(str, f.indexes))
            lines.append(
                f"  seen: {visible(f.clause)} ({visible(f.ref)}): {f.why}, {visible(f.requirement)}; events {events}"
            )
    if clearance.answer != Answer.PERMIT:
        steps = following(request, verdict, clearance, people, where)
        if steps:
            lines.append("  then, in this order:" if open_ else "  next, in this order:")
        lines += [f"    {visible(command)}   # {what}" for what, command in steps]
    return "\n".join(lines)


def grouped(findings: list[Finding]) -> dict[tuple[str, str, str, str], list[Finding]]:
    """Findings that share clause, reference, reason and state."""
    groups: dict[tuple[str, str, str, str], list[Finding]] = {}
    for f in findings:
        groups.setdefault((f.clause, f.ref, f.why, f.state), []).append(f)
    return groups
