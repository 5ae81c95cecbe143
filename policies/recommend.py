"""Recommendations: who may issue one, and what a decision needs where a gate asks for one (domain.md §4).

A recommendation is no approval, and what it says binds nobody: the record shows who decided against it. It is asked for before
action is permitted; to withhold, pause or undo, nobody waits for advice.
"""

from ledger.event import Event
from ledger.events import decision, recommendation
from ledger.reasons import Reason, Refused
from ledger.state import State
from policies.answer import PolicyVerdict
from policies.facts import Fact, Published, tainted
from policies.verbs import WITHOUT, held, verbs_of


def recommendation_refusal(
    state: State, event: Event, said: recommendation.Issued, request: Fact, packs: tuple[Published, ...]
) -> Refused | None:
    """A role with the verb recommend of a pack that the request names, held by each signer; never the requester's own."""
    named = next((p for p in packs if p.digest == said.framework), None)
    if named is None:
        return Refused(Reason.REQUEST_MISMATCH, "the framework is not one that the request names")
    if "recommend" not in verbs_of(named.pack, said.role):
        return Refused(Reason.VERB_MISSING, f"{named.pack.id} gives {said.role} no verb recommend")
    scope = (event.recorded_at, event.stream, request.body.action)
    lacking = [w for w in event.principals if (named.pack.id, said.role) not in held(state, (named,), w, *scope)]
    if lacking:
        detail = f"{', '.join(lacking)} does not hold {said.role} of {named.pack.id} for this model and action"
        return Refused(Reason.VERB_MISSING, detail, (("principal", lacking[0]),))
    if set(event.principals) & set(request.principals):
        return Refused(Reason.SELF_APPROVAL, "the requester does not recommend the own request")
    return None


def recommendations(state: State, request: Fact) -> tuple[Fact, ...]:
    """The recommendations on a request that count: not of a compromised key, not history from before the ledger."""
    found: tuple[Fact, ...] = state.get("recommended", request.digest) or ()
    return tuple(f for f in found if not f.back_recorded and tainted(state, f) is None)


def unadvised(state: State, request: Fact, verdict: PolicyVerdict) -> tuple[tuple[str, str], ...]:
    """The (pack id, role) whose recommendation the applying gates ask for, and nobody issued."""
    issued = {(f.body.framework, f.body.role) for f in recommendations(state, request)}
    digests = {p.pack.id: p.digest for d in request.body.packs if (p := state.get("published", d)) is not None}
    return tuple((pack, role) for pack, role in verdict.recommendation_by if (digests.get(pack), role) not in issued)


def may_go_without(state: State, request: Fact, verdict: PolicyVerdict, pack_id: str, role: str) -> str | None:
    """The deciding role of the pack that may decide without the recommendation of `role`, or `None`."""
    deciding = {r for p, r in verdict.decision_by if p == pack_id}
    packs = (p.pack for d in request.body.packs if (p := state.get("published", d)) is not None)
    acts = {r.id: r.acts for p in packs if p.id == pack_id for r in p.roles}
    return next((r for r in sorted(deciding) if f"{WITHOUT}{role}" in acts.get(r, ())), None)


def advice_refusal(state: State, request: Fact, verdict: PolicyVerdict, said: decision.Made) -> Refused | None:
    """Everyone whom the gates ask has recommended, or the decision says without whom it is taken, as the pack allows."""
    missing = unadvised(state, request, verdict)
    for pack, role in missing:
        if role not in said.without_recommendation:
            detail = f"{role} ({pack}) has not recommended on this request"
            return Refused(Reason.RECOMMENDATION_MISSING, detail, (("role", role),))
        if may_go_without(state, request, verdict, pack, role) is None:
            detail = f"{pack} lets none of its deciding roles decide without {role}"
            return Refused(Reason.RECOMMENDATION_MISSING, detail, (("role", role),))
    said_in_vain = sorted(set(said.without_recommendation) - {role for _, role in missing})
    if said_in_vain:
        return Refused(Reason.REFERENCE_WRONG, f"no recommendation of {', '.join(said_in_vain)} is missing")
    return None
