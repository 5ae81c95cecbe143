"""Four eyes (access.md §3): one pure function, at the decision's index, that the auditor runs too."""

from collections.abc import Iterable
from dataclasses import dataclass

from ledger.event import Event
from ledger.reasons import Reason, Refused
from ledger.state import State
from ledger.strict import shift
from ledger.trust import Grant, KeyLife, live_grant, live_pack_role
from policies.answer import PolicyVerdict
from policies.facts import Fact, Published, tainted
from policies.verbs import APPROVING

APPROVAL_DAYS = 30
EVIDENCE_TABLES = ("evaluation", "attested", "submitted")


def evidence_authors(state: State, request: Fact, verdict: PolicyVerdict) -> frozenset[str]:
    """Who wrote evidence that the request or the verdict cites: evaluations, attestations, documents; not determinations."""
    indexes = {r.index for r in request.body.evidence} | {i for f in verdict.findings for i in f.indexes}
    # One step further: a determination is no evidence, and what it rests on is.
    judged: list[Fact] = [f for i in sorted(indexes) if (f := state.get("determined", str(i))) is not None]
    indexes |= {r.index for f in judged for r in f.body.evidence}
    found: set[str] = set()
    for index in indexes:
        for table in EVIDENCE_TABLES:
            fact: Fact | None = state.get(table, str(index))
            if fact is not None:
                found.update(fact.principals)
    return frozenset(found)


def author_refusal(state: State, who: tuple[str, ...], request: Fact, verdict: PolicyVerdict) -> Refused | None:
    """None of `who` is the requester, or wrote the evidence."""
    if set(who) & set(request.principals):
        return Refused(Reason.SELF_APPROVAL, "the requester does not approve or decide on the request")
    if set(who) & evidence_authors(state, request, verdict):
        return Refused(Reason.EVIDENCE_AUTHOR, "who wrote the evidence cited does not approve on it")
    return None


@dataclass(frozen=True, slots=True)
class Tally:
    """What some approvals of a request come to at a time: who stands behind it, and the deciding (pack id, role) among them."""

    voters: frozenset[str]
    held: frozenset[tuple[str, str]]
    standing: tuple[Fact, ...]
    ended: tuple[Fact, ...]


def tally(state: State, request: Fact, verdict: PolicyVerdict, given: Iterable[Fact], at: str) -> Tally:
    """Count approvals that were given: those in force, with an approving verb."""
    voters: set[str] = set()
    held: set[tuple[str, str]] = set()
    standing: list[Fact] = []
    ended: list[Fact] = []
    for fact in given:
        if fact.body.verb not in APPROVING or lapsed(state, fact, request, at):
            ended.append(fact)
            continue
        standing.append(fact)
        for who in fact.principals:
            voters.add(who)
            if fact.body.verb == "decide":
                pairs = verdict.decision_by
                held |= {pair for pair in pairs if reaches(live_pack_role(state, *pair, who, at), request)}
    return Tally(frozenset(voters), frozenset(held), tuple(standing), tuple(ended))


def veto_of(state: State, request: Fact) -> Fact | None:
    """A refusal that its author has not withdrawn."""
    for digest in state.get("approvals", request.digest) or ():
        fact: Fact = state.get("approval", digest)
        if fact.body.event.name == "approval.refused" and state.get("approval_ended", digest) is None:
            return fact
    return None


def quorum_refusal(
    state: State, event: Event, request: Fact, verdict: PolicyVerdict, packs: tuple[Published, ...]
) -> Refused | None:
    """Do the approvals that a permitting decision names carry it, at this index? The strictest pack's quorum counts."""
    said = event.body
    veto = veto_of(state, request)
    if veto is not None:
        return Refused(Reason.VETO, f"refused by {', '.join(veto.principals)} at index {veto.index}")
    named: list[Fact] = []
    for digest in said.approvals:
        found: Fact | None = state.get("approval", digest)
        if found is None or found.body.request != said.request or found.body.event.name != "approval.given":
            return Refused(Reason.APPROVAL_UNKNOWN, "an approval named is not one of this request")
        named.append(found)
    count = tally(state, request, verdict, named, event.recorded_at)
    for fact in count.standing:
        refusal = author_refusal(state, fact.principals, request, verdict)
        if refusal is not None:
            return refusal
    missing = [f"{role} ({pack})" for pack, role in verdict.decision_by if (pack, role) not in count.held]
    if missing:
        return Refused(Reason.QUORUM_SHORT, f"no standing approval with verb decide by {', '.join(missing)}")
    return headcount_refusal(state, count.voters, packs)


def headcount_refusal(state: State, voters: frozenset[str], packs: tuple[Published, ...]) -> Refused | None:
    """Enough distinct people, of enough distinct units: two keys of one person are one, two people of one unit are one unit."""
    people, units = max(p.pack.quorum for p in packs), max(p.pack.quorum_units for p in packs)
    if len(voters) < people:
        return Refused(Reason.QUORUM_SHORT, f"{people} distinct approvers, {len(voters)} stand")
    of = {person.unit for who in voters if (person := state.get("principal", who)) is not None}
    if units > 1 and len(of) < units:
        return Refused(Reason.QUORUM_SHORT, f"approvers of {units} distinct units, {len(of)} stand")
    return None


def reaches(grant: Grant | None, request: Fact) -> bool:
    """Whether a grant is there, and reaches the request's stream and action."""
    return grant is not None and grant.covers(request.stream) and request.body.action in grant.actions


def lapsed(state: State, fact: Fact, request: Fact, at: str) -> bool:
    """An approval ends at its `valid_until`, when withdrawn, and with the role or key that gave it."""
    until = fact.body.valid_until or shift(fact.recorded_at, days=APPROVAL_DAYS)
    if at > until or state.get("approval_ended", fact.digest) is not None or tainted(state, fact) is not None:
        return True
    if fact.back_recorded:
        return True
    for keyid in fact.signers:
        life: KeyLife = state.get("key", keyid)
        if life.revoked_at is not None and life.reason != "superseded":
            return True
    return not all(reaches(live_grant(state, who, "approver", at), request) for who in fact.principals)
