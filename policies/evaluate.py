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
from policies.determinations import Standing
from policies.divergence import POSITIVE, law_behind
from policies.facts import Published
from policies.model_scope import reaches
from policies.pack_gate import Gate
from policies.requirements import requirements
from policies.standing import in_context
from policies.weigh import Gathered, weigh


def evaluate(state: State, request: Request, as_of: AsOf, packs: tuple[Published, ...] | None = None) -> PolicyVerdict:
    """The verdict on `request` as of a position and time. `packs` default to those that bind at that time.

    A question that states no audience is about the scope of the standing decision, where there is one.
    """
    found = binding_packs(state, as_of.time) if packs is None else packs
    binding = sorted(found, key=lambda p: p.index)  # the order in which they are named says nothing
    request = in_context(state, request, as_of.time)
    got = Gathered()
    subject = state.get("subject", request.stream)
    if subject is None:
        got.answers.append(Answer.UNDETERMINED)
        got.reasons.append("subject-unknown")
    elif request.artifact is not None and request.artifact != subject:
        got.answers.append(Answer.DENY)
        got.reasons.append("artifact-mismatch")
    opinions = [_pack(state, request, as_of, published, got) for published in binding]
    if not any(opinions):
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


def _pack(state: State, request: Request, as_of: AsOf, published: Published, got: Gathered) -> bool:
    """Add the pack's answer. `False` = it has no opinion: it does not reach the model, it has no gate for the action, or the
    facts lead past all of them."""
    pack, mine = published.pack, Gathered()
    reached, why = reaches(state, request, published, as_of)
    gates = [g for g in pack.gates if request.action in g.actions] if reached else []
    opinion = _gates(state, request, as_of, published, gates, mine)
    if opinion:
        if pack.source.unread_parts:  # what it would permit, it can't; without an opinion it permits nothing
            mine.answers.append(Answer.UNDETERMINED)
            mine.reasons[:0] = [f"pack-incomplete:{part}" for part in pack.source.unread_parts]
        mine.answers.append(Answer.PERMIT)
        mine.reasons += why
        if strictest(*mine.answers) not in POSITIVE:
            law = law_behind(pack, (f.ref for f in mine.findings if f.state != "met"))
            mine.laws += [] if law is None else [law]
    else:
        mine.reasons += why if not reached else (f"not-gated:{pack.id}",)
    got.add(mine)
    return opinion


def _gates(
    state: State, request: Request, as_of: AsOf, published: Published, gates: list[Gate], got: Gathered
) -> bool:  # fmt: skip
    judged: dict[str, Standing] = {}
    opinion = False
    for gate in gates:
        asked = Asked(state, request, as_of, published, gate, judged)
        holds, triggers = applies(asked)
        got.findings += triggers
        if holds is False:
            opinion |= facts_hold(asked)[0] is not False
            continue
        opinion = True
        findings = [] if holds is None else requirements(asked)
        got.findings += findings
        weigh(asked, triggers, findings, got)
        # Also where it can't be said whether the gate applies: who permits nevertheless needs the very people whom it names.
        got.decision_by += [(published.pack.id, r) for r in gate.decision_by]
        got.inform_before += [(published.pack.id, r) for r in gate.inform_before]
        got.recommendation_by += [(published.pack.id, r) for r in gate.recommendation_by]
    return opinion
