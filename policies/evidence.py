"""Whether attestations, documents and interim measures stand: each gives one finding."""

from ledger.state import State
from policies.answer import AsOf, Finding, FindingState, Request
from policies.facts import Fact, Published, tainted
from policies.framework import Gate

CONFIRMING = frozenset({"approve", "confirm", "decide"})
"""Verbs by which a role stands behind a document; to recommend, to be consulted or informed is not to confirm."""
_BEST: tuple[FindingState, ...] = ("met", "out-of-scope", "expired", "unknown", "unmet")


def safeguard_finding(
    state: State, request: Request, as_of: AsOf, published: Published, gate: Gate, name: str, requirement: str
) -> Finding:
    """The best of a safeguard's attestations for this model: met, or what is wrong with the one that comes nearest."""
    pack = published.pack
    found: tuple[Fact, ...] = state.get("attestation", f"{request.stream}|{published.digest}|{name}") or ()
    judged = [_judge(state, request, as_of, fact) for fact in found]
    if not judged:
        return Finding(pack.id, gate.id, gate.ref, requirement, "unknown", "attestation-missing")
    verdict, why, indexes = min(judged, key=lambda j: (_BEST.index(j[0]), -j[2][0]))
    return Finding(pack.id, gate.id, gate.ref, requirement, verdict, why, indexes)


def _judge(state: State, request: Request, as_of: AsOf, fact: Fact) -> tuple[FindingState, str, tuple[int, ...]]:
    """State, reason, and the entries that say so: the attestation, and what ended it."""
    said, index = fact.body, fact.index
    if fact.back_recorded:
        return "unknown", "back-recorded", (index,)
    compromised = tainted(state, fact)
    if compromised is not None:
        return "unknown", "tainted", (index, compromised)
    ended: int | None = state.get("ended", str(index))
    if ended is not None:
        # As if it had never been made, and no worse: else removing it would move an answer towards permit.
        return "unknown", "attestation-withdrawn", (index, ended)
    if not said.valid_from <= as_of.time <= said.valid_until:
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


def document_finding(state: State, request: Request, published: Published, gate: Gate, kind: str) -> Finding:
    """The newest document of a kind that covers the model, confirmed by someone other than who submitted it: by a role that
    decides at this gate, where the gate names any. Informing a body is not its confirmation.
    """
    pack = published.pack

    def finding(verdict: FindingState, why: str, *indexes: int) -> Finding:
        return Finding(pack.id, gate.id, gate.ref, kind, verdict, why, indexes)

    found: tuple[Fact, ...] = state.get("document", f"{request.stream}|{kind}") or ()
    if not found:
        return finding("unknown", "document-missing")
    newest = found[-1]
    if newest.back_recorded:
        return finding("unknown", "back-recorded", newest.index)
    compromised = tainted(state, newest)
    if compromised is not None:
        return finding("unknown", "tainted", newest.index, compromised)
    confirmations: tuple[Fact, ...] = state.get("confirmed", str(newest.index)) or ()
    sound = [
        c
        for c in confirmations
        if tainted(state, c) is None
        and not c.back_recorded
        and c.body.verb in CONFIRMING
        and (not gate.decision_by or c.body.role in gate.decision_by)
    ]
    if not sound:
        return finding("unknown", "document-unconfirmed", newest.index)
    return finding("met", "confirmed", newest.index, *(c.index for c in sound))


def interim_cover(
    state: State, stream: str, published: Published, gate: Gate, open_: list[Finding], as_of: AsOf
) -> int | None:
    """The index of a valid `interim.approved` that stands in for everything that is open at this gate, or `None`.

    Measures stand in for sets and safeguards; a report that nobody wrote is not made up for by blocking responses.
    """
    found: tuple[Fact, ...] = state.get("interim", stream) or ()
    for fact in reversed(found):
        said = fact.body
        if said.framework != published.digest or said.gate != gate.id or as_of.time > said.valid_until:
            continue
        if fact.back_recorded or tainted(state, fact) is not None:
            continue
        named = {n for n in said.stands_in_for if n not in gate.requires_documents}
        if all(named & set(f.requirement.split("/")) for f in open_):
            return fact.index
    return None
