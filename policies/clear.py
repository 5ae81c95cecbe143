"""Clearance: may it happen now? A standing decision, within its scope, by the pack's roles, bodies informed (domain.md §5)."""

from ledger.state import State
from policies.answer import RULES_VERSION, Answer, AsOf, Clearance, PolicyVerdict, Request, strictest
from policies.divergence import PERMITTING, POSITIVE, divergence_in, verdict_of
from policies.facts import Fact, tainted
from policies.recorded import unforeseen
from policies.standing import outside, standing_decision


def clear(state: State, verdict: PolicyVerdict, request: Request, as_of: AsOf) -> Clearance:
    """The clearance of `request`. Exit code, pipelines and `model_status` follow it, never the verdict alone."""
    if not as_of.verified:
        return Clearance(Answer.UNDETERMINED, ("ledger-not-verified",))
    if state.get("meta", "rules") != RULES_VERSION:  # what they ask for, this copy can't know
        return Clearance(Answer.UNDETERMINED, ("rules-unknown",))
    if state.get("meta", "frozen") is not None:
        return Clearance(Answer.UNDETERMINED, ("ledger-frozen",))
    standing = standing_decision(state, request, as_of.time)
    if standing is None:
        if verdict.answer == Answer.DENY:
            return Clearance(verdict.answer, ("no-decision", "policy-denies"))
        return Clearance(Answer.UNDETERMINED, ("no-decision",))
    fact, asked = standing
    said = fact.body
    divergence = divergence_in(state, fact)
    if said.decision not in PERMITTING:
        return Clearance(Answer.DENY, ("withheld-by-decision",), decision=fact.index, divergence=divergence)

    def unclear(reason: str, *missing: str) -> Clearance:
        return Clearance(Answer.UNDETERMINED, (reason,), decision=fact.index, divergence=divergence, missing=missing)

    if fact.back_recorded:
        return unclear("back-recorded")
    approvals: list[Fact] = [a for a in (state.get("approval", d) for d in said.approvals) if a is not None]
    if any(tainted(state, f) is not None for f in (fact, asked, *approvals)):
        return unclear("tainted")
    if said.valid_until is not None and as_of.time > said.valid_until:
        return unclear("decision-lapsed")
    beyond = outside(asked, request)
    if beyond:
        return unclear("decision-out-of-scope", *beyond)
    if verdict.answer not in POSITIVE and not _openly(state, fact, verdict):
        return Clearance(verdict.answer, ("verdict-changed",), decision=fact.index, divergence=divergence)
    missing = uninformed(state, verdict, fact, asked)
    if missing:
        return unclear("body-not-informed", *missing)
    undecided = unasked(state, verdict, asked)
    if undecided:
        return unclear("packs-changed", *undecided)
    approved = (c for a in approvals for c in getattr(a.body, "conditions", ()))
    conditions = (*said.conditions, *asked.body.conditions, *approved, *verdict.conditions)
    unadvised = ("without-recommendation",) if said.without_recommendation else ()
    if verdict.answer in POSITIVE:
        answer = Answer.PERMIT_WITH_CONDITIONS if conditions or said.decision == "restrict" else verdict.answer
        return Clearance(answer, ("decided", *unadvised), tuple(dict.fromkeys(conditions)), fact.index, divergence)
    conditions, reasons = ("diverges-from-policy", *conditions), ("diverges-from-policy", *unadvised)
    return Clearance(Answer.PERMIT_WITH_CONDITIONS, reasons, tuple(dict.fromkeys(conditions)), fact.index, divergence)


def _openly(state: State, made: Fact, verdict: PolicyVerdict) -> bool:
    """Whether it was decided against a verdict as strict as this one, which showed all that is open now: then it clears, but
    never without the condition that says so."""
    cited = verdict_of(state, made)
    against = divergence_in(state, made) is not None and strictest(Answer(cited), verdict.answer) == cited
    return against and not unforeseen(state, made, verdict)


def uninformed(state: State, verdict: PolicyVerdict, decided: Fact, asked: Fact) -> tuple[str, ...]:
    """The roles that the gates want told before the action, and that nobody told of the request or the decision."""
    told = {
        f.body.body
        for digest in (asked.digest, decided.digest)
        for f in state.get("informed", digest) or ()
        if tainted(state, f) is None
    }
    return tuple(role for _, role in verdict.inform_before if role not in told)


def unasked(state: State, verdict: PolicyVerdict, asked: Fact) -> tuple[str, ...]:
    """The roles that decide at the gates of a pack which binds only since the request: it named no such pack, and they never
    decided (domain.md §5: a decision is made by the pack's roles)."""
    named = {p.pack.id for d in asked.body.packs if (p := state.get("published", d)) is not None}
    return tuple(role for pack, role in verdict.decision_by if pack not in named)
