"""The policy verdict: what the binding packs demand of the evidence (domain.md §5). Pure; no finding waits for a decision.

Unknown is never met. Expired evidence turns a permit into `undetermined` with no new event, because `as_of` moved. What is
missing is `unmet` where a determination shows that the gate applies, and `unknown` where nothing is known yet.
"""

from ledger.state import State
from policies.answer import Answer, AsOf, PolicyVerdict, Request, strictest
from policies.applies import applies
from policies.asked import Asked
from policies.binding import binding_packs
from policies.conditions import facts_hold
from policies.divergence import POSITIVE, law_behind
from policies.facts import Published
from policies.pack_gate import Gate
from policies.requirements import requirements
from policies.standing import in_context
from policies.weigh import Gathered, weigh


def evaluate(state: State, request: Request, as_of: AsOf, packs: tuple[Published, ...] | None = None) -> PolicyVerdict:
    """The verdict on `request` as of a position and time. `packs` default to those that bind at that time.

    A question that states no audience is about the scope of the standing decision, where there is one.
    """
    binding = binding_packs(state, as_of.time) if packs is None else packs
    request = in_context(state, request, as_of.time)
    got = Gathered()
    subject = state.get("subject", request.stream)
    if subject is None:
        got.answers.append(Answer.UNDETERMINED)
        got.reasons.append("subject-unknown")
    elif request.artifact is not None and request.artifact != subject:
        got.answers.append(Answer.DENY)
        got.reasons.append("artifact-mismatch")
    gated = False
    for published in binding:
        gates = [g for g in published.pack.gates if request.action in g.actions]
        if _evaluate_pack(state, request, as_of, published, gates, got):
            gated = True
        else:
            got.reasons.append(f"not-gated:{published.pack.id}")
    if not gated:
        got.answers.append(Answer.UNDETERMINED)
        got.reasons.append("no-rule")
    return PolicyVerdict(
        strictest(*got.answers),
        tuple(dict.fromkeys(got.reasons)),
        tuple(got.findings),
        tuple(dict.fromkeys(got.conditions)),
        tuple(p.digest for p in binding),
        tuple(dict.fromkeys(got.decision_by)),
        tuple(dict.fromkeys(got.inform_before)),
        tuple(dict.fromkeys(got.recommendation_by)),
        tuple(got.laws),
    )


def _evaluate_pack(
    state: State, request: Request, as_of: AsOf, published: Published, gates: list[Gate], got: Gathered
) -> bool:
    """Add the pack's answer. `False` = it has no opinion: no gate for the action, or the facts lead past all of them."""
    pack, opinion, before = published.pack, False, (len(got.answers), len(got.findings))
    if pack.source.unread_parts and gates:
        got.answers.append(Answer.UNDETERMINED)
        got.reasons += [f"pack-incomplete:{part}" for part in pack.source.unread_parts]
    for gate in gates:
        asked = Asked(state, request, as_of, published, gate)
        holds, triggers = applies(asked)
        got.findings += triggers
        if holds is False:
            opinion |= facts_hold(asked)[0] is not False
            continue
        opinion = True
        findings = [] if holds is None else requirements(asked)
        got.findings += findings
        weigh(asked, triggers, findings, got)
        if holds is True:
            got.decision_by += [(pack.id, r) for r in gate.decision_by]
            got.inform_before += [(pack.id, r) for r in gate.inform_before]
            got.recommendation_by += [(pack.id, r) for r in gate.recommendation_by]
    if opinion:
        got.answers.append(Answer.PERMIT)
    if opinion and strictest(*got.answers[before[0] :]) not in POSITIVE:
        law = law_behind(pack, (f.ref for f in got.findings[before[1] :] if f.state != "met"))
        got.laws += [] if law is None else [law]
    return opinion
