"""Admission rules of decisions: requests, approvals, interim measures, decisions, informing (access.md §3, domain.md §5)."""

from ledger.event import Event
from ledger.events import action, approval, body, decision, interim, recommendation
from ledger.reasons import Reason, Refused
from ledger.state import State
from ledger.trust import Grant, live_grant, live_pack_role
from policies.answer import AsOf, PolicyVerdict, Request
from policies.binding import binding_packs
from policies.divergence import PERMITTING, divergence_of
from policies.evaluate import evaluate
from policies.facts import Fact, Published
from policies.quorum import author_refusal, quorum_refusal
from policies.recommend import advice_refusal, recommendation_refusal
from policies.recorded import recorded_reasons
from policies.references import pack_of
from policies.verbs import approval_refusal, bodies_of
from policies.weigh import INTERIM


def decision_rule(state: State, event: Event) -> Refused | None:
    """The rule that does not hold, or `None`; events of other kinds pass."""
    match event.body:
        case action.Requested() as said:
            for digest in said.packs:
                published = pack_of(state, digest)
                if isinstance(published, Refused):
                    return published
            if set(said.packs) != _binding(state, event):
                return Refused(Reason.REQUEST_MISMATCH, "a request names every pack that binds now, and no other")
            return None
        case approval.Given() | approval.Refused():
            return _approval(state, event)
        case approval.Withdrawn() as said:
            return _withdrawn(state, event, said)
        case interim.Approved() as said:
            return _interim(state, event, said)
        case decision.Made() as said:
            return _decision(state, event, said)
        case recommendation.Issued() as said:
            asked = _request(state, event, said.request)
            if isinstance(asked, Refused):
                return asked
            return recommendation_refusal(state, event, said, asked, packs_of(state, asked))
        case body.Informed() as said:
            return _informed(state, event, said)
        case _:
            return None


def _request(state: State, event: Event, digest: str) -> Fact | Refused:
    request: Fact | None = state.get("request", digest)
    if request is None or request.stream != event.stream:
        return Refused(Reason.REQUEST_UNKNOWN, "no such request on this model; an edited request is another one")
    return request


def request_of(fact: Fact) -> Request:
    """The question that an `action.requested` asks."""
    said = fact.body
    return Request(
        fact.stream, said.action, said.artifact, said.audience, said.surfaces, said.hosts, said.jurisdictions,
        tuple(sorted(said.facts.items())),
    )  # fmt: skip


def packs_of(state: State, request: Fact) -> tuple[Published, ...]:
    """The packs that a recorded request names."""
    return tuple(state.get("published", d) for d in request.body.packs)


def verdict_on(state: State, request: Fact, as_of: AsOf) -> PolicyVerdict:
    """The verdict on a recorded request, under the packs that it names."""
    return evaluate(state, request_of(request), as_of, packs_of(state, request))


def verdict_now(state: State, event: Event, request: Fact) -> PolicyVerdict:
    """The verdict on a recorded request, as of this event."""
    return verdict_on(state, request, AsOf(event.index, event.recorded_at))


def _binding(state: State, event: Event) -> set[str]:
    return {p.digest for p in binding_packs(state, event.recorded_at)}


def _approval(state: State, event: Event) -> Refused | None:
    said = event.body
    request = _request(state, event, said.request)
    if isinstance(request, Refused):
        return request
    if (said.action, said.packs) != (request.body.action, request.body.packs):
        return Refused(Reason.REQUEST_MISMATCH, "action and pack digests are those of the request")
    if said.checkpoint.size > event.index:
        return Refused(Reason.REFERENCE_WRONG, "the checkpoint seen is larger than the log")
    packs = packs_of(state, request)
    for who in event.principals:
        refusal = approval_refusal(state, packs, who, said.verb, event.recorded_at, event.stream, said.action)
        if refusal is not None:
            return refusal
    return author_refusal(state, event.principals, request, verdict_now(state, event, request))


def _withdrawn(state: State, event: Event, said: approval.Withdrawn) -> Refused | None:
    found: Fact | None = state.get("approval", said.approval)
    if found is None or found.body.request != said.request or found.stream != event.stream:
        return Refused(Reason.APPROVAL_UNKNOWN, "no such approval of this request")
    if found.principals != event.principals:
        return Refused(Reason.APPROVAL_UNKNOWN, "only its author withdraws an approval")
    return None


def _informed(state: State, event: Event, said: body.Informed) -> Refused | None:
    """A body is told of a request or decision on this model; a name that no pack knows would inform nobody, unnoticed."""
    told: Fact | None = state.get("request", said.of) or state.get("decided", said.of)
    if told is None or told.stream != event.stream:
        return Refused(Reason.REQUEST_UNKNOWN, "it informs of no request or decision on this model")
    request: Fact = told if isinstance(told.body, action.Requested) else state.get("request", told.body.request)
    packs = (
        *packs_of(state, request),
        *binding_packs(state, event.recorded_at),
    )  # who must know may have changed since
    known = dict.fromkeys(r for p in packs for r in bodies_of(p.pack))
    if said.body not in known:
        names = ", ".join(known) or "they name none"
        detail = f"{said.body} is no body of the packs that the request names, or that bind: {names}"
        return Refused(Reason.VERB_MISSING, detail)
    return None


def _interim(state: State, event: Event, said: interim.Approved) -> Refused | None:
    published = pack_of(state, said.framework)
    if isinstance(published, Refused):
        return published
    gate = published.pack.gate(said.gate)
    if gate is None:
        return Refused(Reason.THRESHOLD_UNKNOWN, f"{published.pack.id} has no gate {said.gate}")
    if gate.effect not in INTERIM:
        return Refused(
            Reason.SCOPE_MISMATCH, f"{gate.id} leaves no room for interim measures: its effect is {gate.effect}"
        )
    if said.valid_until <= event.recorded_at:
        return Refused(Reason.SCOPE_MISMATCH, "the measures would have ended before they begin")
    pack, at = published.pack, event.recorded_at
    needed = {r for f in pack.fallbacks if f.id == "INTERIM" for r in f.approved_by}
    held = {
        r
        for r in needed
        for who in event.principals
        if (g := live_pack_role(state, pack.id, r, who, at)) is not None and g.covers(event.stream)
    }
    if needed - held:
        return Refused(Reason.QUORUM_SHORT, f"interim measures are approved by {', '.join(sorted(needed))}")
    return None


def _decision(state: State, event: Event, said: decision.Made) -> Refused | None:
    request = _request(state, event, said.request)
    if isinstance(request, Refused):
        return request
    grants: list[Grant | None] = [live_grant(state, who, "decider", event.recorded_at) for who in event.principals]
    if not all(g is not None and request.body.action in g.actions for g in grants):
        return Refused(Reason.SCOPE_MISMATCH, f"the decider's role does not reach action {request.body.action}")
    newest: Fact | None = state.get("gate", said.request)
    if newest is None or newest.index != said.gate.index:
        return Refused(Reason.GATE_OUTDATED, "a decision cites the newest gate.evaluated of its request")
    if set(request.body.packs) != _binding(state, event):
        return Refused(Reason.GATE_OUTDATED, "other packs bind since the request: ask, and approve, again")
    verdict = verdict_now(state, event, request)
    if (verdict.answer.value, recorded_reasons(verdict)) != (newest.body.answer, newest.body.reasons):
        return Refused(Reason.GATE_OUTDATED, "the verdict has changed since; ask, and approve, again")
    diverges = divergence_of(said.decision, verdict.answer.value, verdict.laws)
    if diverges is not None and not said.divergence_reason:
        return Refused(Reason.DIVERGENCE_UNEXPLAINED, f"{diverges}: divergence_reason says why")
    if diverges is not None and said.basis == "policy":
        detail = f"{diverges}: its basis is discretionary or legal, since the policy says otherwise"
        return Refused(Reason.DIVERGENCE_UNEXPLAINED, detail)
    if said.supersedes is not None:
        known = {f.index for f in state.get("decision", event.stream) or ()}
        if said.supersedes.index not in known:
            return Refused(Reason.REFERENCE_WRONG, "it supersedes no decision on this model")
    refusal = author_refusal(state, event.principals, request, verdict)
    if refusal is not None or said.decision not in PERMITTING:
        return refusal
    refusal = advice_refusal(state, request, verdict, said)
    if refusal is not None:
        return refusal
    return quorum_refusal(state, event, request, verdict, packs_of(state, request))
