"""A verdict as `gate.evaluated` records it: bounded, so that what must follow a request always fits into an entry.

`verdict_digest` covers every finding in full. Where the list is cut, what is open comes first, and what stands is left out last.
"""

from ledger.events import gate
from ledger.state import State
from policies.answer import AsOf, Finding, PolicyVerdict
from policies.divergence import STATUTORY
from policies.facts import Fact

MAX_REASONS = 64
MAX_INDEXES = 64
ROOM = 24_576
"""Bytes that findings may take, by a bound on each one's size, and reasons half as many; a statement holds 49,152."""
MOST = 120 + 2 * 120 + 6 * 400 + 17 * MAX_INDEXES
"""The bound on the longest finding: where there is room for one more of these, none was cut."""


def evaluated(request: Fact, verdict: PolicyVerdict, as_of: AsOf) -> gate.Evaluated:
    """The body that the engine signs."""
    return gate.Evaluated(
        action=request.body.action,
        answer=verdict.answer.value,
        as_of=gate.AsOf(size=as_of.size, time=as_of.time),
        findings=_fitting(verdict.findings),
        packs=verdict.packs,
        reasons=recorded_reasons(verdict),
        request=request.digest,
        verdict_digest=verdict.digest(),
    )


def recorded_reasons(verdict: PolicyVerdict) -> tuple[str, ...]:
    """The reasons as they are recorded, and as a decision compares them: laws, then the first ones, as far as there is room."""
    taken: list[str] = []
    room = ROOM // 2
    for reason in (*(f"{STATUTORY}{law}" for law in verdict.laws), *verdict.reasons)[:MAX_REASONS]:
        room -= 3 + 6 * len(reason[:400])
        if room < 0:
            break
        taken.append(reason[:400])
    return tuple(taken)


def unforeseen(state: State, made: Fact, verdict: PolicyVerdict) -> bool:
    """Whether anything keeps the verdict from a permit that the answer which the decision `made` cites did not show.

    Who decides against a verdict answers for what it named, and not for what comes to be open later. Where the recorded list may
    have been cut (it holds nothing that is met, and is nearly full), the reasons alone are compared.
    """
    cited: Fact | None = state.get("cited", made.digest)
    if cited is None:
        return True
    said = cited.body
    reasons = {r for r in recorded_reasons(verdict) if not r.startswith(STATUTORY)} - set(said.reasons)
    if all(f.state != "met" for f in said.findings) and sum(map(_size, said.findings)) > ROOM - MOST:
        return bool(reasons)
    shown = {(f.pack, f.clause, f.requirement) for f in said.findings if f.state != "met"}
    open_ = [f for f in verdict.findings if f.state != "met"]
    return bool(reasons - {f.why for f in open_}) or any(
        (f.pack, f.clause, f.requirement[:400]) not in shown for f in open_
    )


def _fitting(findings: tuple[Finding, ...]) -> tuple[gate.RecordedFinding, ...]:
    """As many as there is room for, in their order; open ones are taken before those that are met."""
    taken: set[int] = set()
    room = ROOM
    for n, f in sorted(enumerate(findings), key=lambda item: (item[1].state == "met", item[0])):
        room -= _size(f)
        if room < 0:
            break
        taken.add(n)
    return tuple(_finding(f) for n, f in enumerate(findings) if n in taken)


def _size(f: Finding | gate.RecordedFinding) -> int:
    return 120 + len(f.clause) + len(f.pack) + 6 * len(f.requirement[:400]) + 17 * len(f.indexes[:MAX_INDEXES])


def _finding(f: Finding) -> gate.RecordedFinding:
    return gate.RecordedFinding(
        clause=f.clause,
        indexes=f.indexes[:MAX_INDEXES],
        pack=f.pack,
        requirement=f.requirement[:400],
        state=f.state,
    )
