"""Whether attestations, documents and interim measures stand: each gives one finding."""

from policies.answer import Finding, FindingState
from policies.asked import Asked
from policies.facts import Fact, tainted

CONFIRMING = frozenset({"approve", "confirm", "decide"})
"""Verbs by which a role stands behind a document; to recommend, to be consulted or informed is not to confirm."""
_BEST: tuple[FindingState, ...] = ("met", "out-of-scope", "expired", "unknown", "unmet")


def safeguard_finding(asked: Asked, name: str, requirement: str) -> Finding:
    """The best of a safeguard's attestations for this model: met, or what is wrong with the one that comes nearest."""
    found = asked.facts("attestation", f"{asked.request.stream}|{asked.published.digest}|{name}")
    judged = [_judge(asked, fact) for fact in found]
    if not judged:
        return asked.finding(requirement, "unknown", "attestation-missing")
    verdict, why, indexes = min(judged, key=lambda j: (_BEST.index(j[0]), -j[2][0]))
    return asked.finding(requirement, verdict, why, indexes)


def _judge(asked: Asked, fact: Fact) -> tuple[FindingState, str, tuple[int, ...]]:
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
    if not said.valid_from <= asked.as_of.time <= said.valid_until:
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


def document_finding(asked: Asked, kind: str) -> Finding:
    """The newest document of a kind that covers the model, confirmed by someone other than who submitted it: by a role that
    decides at this gate, where the gate names any. Informing a body is not its confirmation.
    """
    found = asked.facts("document", f"{asked.request.stream}|{kind}")
    if not found:
        return asked.finding(kind, "unknown", "document-missing")
    newest = found[-1]
    if newest.back_recorded:
        return asked.finding(kind, "unknown", "back-recorded", (newest.index,))
    compromised = tainted(asked.state, newest)
    if compromised is not None:
        return asked.finding(kind, "unknown", "tainted", (newest.index, compromised))
    sound = [
        c
        for c in asked.facts("confirmed", str(newest.index))
        if tainted(asked.state, c) is None
        and not c.back_recorded
        and c.body.verb in CONFIRMING
        and (not asked.gate.decision_by or c.body.role in asked.gate.decision_by)
    ]
    if not sound:
        return asked.finding(kind, "unknown", "document-unconfirmed", (newest.index,))
    return asked.finding(kind, "met", "confirmed", (newest.index, *(c.index for c in sound)))


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
