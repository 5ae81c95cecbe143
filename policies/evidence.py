"""Whether attestations and interim measures stand: each gives one finding."""

from policies.answer import Finding, FindingState
from policies.asked import Asked
from policies.facts import Fact, tainted

_BEST: tuple[FindingState, ...] = ("met", "out-of-scope", "expired", "unknown", "unmet")
_LAPSED = frozenset({"out-of-scope", "expired"})
Judged = tuple[FindingState, str, tuple[int, ...]]


def safeguard_finding(asked: Asked, names: tuple[str, ...], requirement: str, vector: str | None = None) -> Finding:
    """The best attestation of one of these safeguards for this model (of those whose claim covers the harm `vector`, where one
    is named): met, or what is wrong with the one that comes nearest.
    """
    best: Judged | None = None
    for name in names:
        # The newest first: one that holds ends the search, and of two that fail alike the newer is named.
        for fact in reversed(asked.facts("attestation", f"{asked.request.stream}|{asked.published.digest}|{name}")):
            if vector is not None and vector not in fact.body.vectors:
                continue
            # One that lapsed says no more than what was found: many renewals cost no more than a look at each.
            if best is not None and best[0] in _LAPSED and not _in_time(asked, fact):
                continue
            judged = _judge(asked, fact, name)
            if judged[0] == "met":
                return asked.finding(requirement, *judged)
            if best is None or _BEST.index(judged[0]) < _BEST.index(best[0]):
                best = judged
    if best is None:
        return asked.finding(requirement, "unknown", "attestation-missing")
    return asked.finding(requirement, *best)


def _judge(asked: Asked, fact: Fact, name: str) -> Judged:
    """State, reason, and the entries that say so: the attestation, and what ended it."""
    said, index, request = fact.body, fact.index, asked.request
    if fact.back_recorded:
        return "unknown", "back-recorded", (index,)
    compromised = tainted(asked.state, fact)
    if compromised is not None:
        return "unknown", "tainted", (index, compromised)
    ended: int | None = asked.state.get("ended", str(index))
    if ended is not None:
        # As if it had never been made, and no worse: else removing it would move an answer towards permit.
        return "unknown", "attestation-withdrawn", (index, ended)
    for degraded in asked.facts("degraded", str(index)):
        # Whoever signed it: a warning is heeded even where its key was stolen.
        if name in degraded.body.safeguards and degraded.body.since <= asked.as_of.time:
            return "unknown", "attestation-degraded", (index, degraded.index)
    if not _in_time(asked, fact):
        return "expired", "attestation-expired", (index,)
    scope = said.scope
    if request.audience is None:
        return "unknown", "scope-unstated", (index,)
    outside = (
        request.audience not in scope.audiences
        or not set(request.surfaces) <= set(scope.surfaces)
        or not set(request.hosts) <= set(scope.hosts)
    )
    if outside:
        return "out-of-scope", "attestation-out-of-scope", (index,)
    return "met", "attested", (index,)


def _in_time(asked: Asked, fact: Fact) -> bool:
    found: bool = fact.body.valid_from <= asked.as_of.time <= fact.body.valid_until
    return found


def interim_cover(asked: Asked, open_: list[Finding]) -> int | None:
    """The index of a valid `interim.approved` that stands in for everything that is open at this gate, or `None`.

    Measures stand in for sets and safeguards; a report that nobody wrote is not made up for by blocking responses.
    """
    gate = asked.gate
    for fact in reversed(asked.facts("interim", asked.request.stream)):
        said = fact.body
        if said.framework != asked.published.digest or said.gate != gate.id or asked.as_of.time > said.valid_until:
            continue
        if fact.back_recorded or tainted(asked.state, fact) is not None:
            continue
        named = {n for n in said.stands_in_for if n not in gate.requires_documents}
        if all(named & set(f.requirement.split("/")) for f in open_):
            return fact.index
    return None
