"""The policy verdict: what the binding packs demand of the evidence (domain.md §5). Pure; no finding waits for a decision.

Unknown is never met. Expired evidence turns a permit into `undetermined` with no new event, because `as_of` moved. What is
missing is `unmet` where a determination shows that the gate applies, and `unknown` where nothing is known yet.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from ledger.state import State
from ledger.strict import decimal_value
from policies.answer import Answer, AsOf, Finding, PolicyVerdict, Request, strictest
from policies.determinations import Standing, exact, recorded_compute, standing_determination
from policies.evidence import document_finding, interim_cover, safeguard_finding
from policies.facts import Published, binding_packs, tainted
from policies.framework import Gate, Pack
from policies.metrics import metric_findings
from policies.pack_gate import Condition
from policies.standing import in_context

COMPARE: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
NEVER_SHOWN = frozenset({"attestation-missing", "attestation-withdrawn", "document-missing"})
CONDITIONAL = frozenset({"non_conformance"})
INTERIM = frozenset({"interim_measures_or_block", "interim_measures_or_delete_weights"})


def compare(value: str, comparator: str, limit: str) -> bool:
    """Compare two canonical decimals as fractions: exactly 0.05 is not below 0.05."""
    return COMPARE[comparator](decimal_value(value), decimal_value(limit))


@dataclass(slots=True)
class _Gathered:
    """What one pack adds to the verdict."""

    answers: list[Answer] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    decision_by: list[tuple[str, str]] = field(default_factory=list)
    inform_before: list[tuple[str, str]] = field(default_factory=list)


def evaluate(state: State, request: Request, as_of: AsOf, packs: tuple[Published, ...] | None = None) -> PolicyVerdict:
    """The verdict on `request` as of a position and time. `packs` default to those that bind at that time.

    A question that states no audience is about the scope of the standing decision, where there is one.
    """
    binding = binding_packs(state, as_of.time) if packs is None else packs
    request = in_context(state, request, as_of.time)
    got = _Gathered()
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
    )


def _evaluate_pack(
    state: State, request: Request, as_of: AsOf, published: Published, gates: list[Gate], got: _Gathered
) -> bool:
    """Add the pack's answer. `False` = it has no opinion: no gate for the action, or the facts lead past all of them."""
    pack, opinion = published.pack, False
    if pack.source.unread_parts and gates:
        got.answers.append(Answer.UNDETERMINED)
        got.reasons += [f"pack-incomplete:{part}" for part in pack.source.unread_parts]
    for gate in gates:
        applies, triggers = _applies(state, request, as_of, published, gate)
        got.findings += triggers
        if applies is False:
            opinion |= _facts_hold(state, request, published, gate)[0] is not False
            continue
        opinion = True
        findings = [] if applies is None else _requirements(state, request, as_of, published, gate)
        got.findings += findings
        _weigh(state, request, as_of, published, gate, triggers, findings, got)
        if applies is True:
            got.decision_by += [(pack.id, r) for r in gate.decision_by]
            got.inform_before += [(pack.id, r) for r in gate.inform_before]
    if opinion:
        got.answers.append(Answer.PERMIT)
    return opinion


def _weigh(
    state: State, request: Request, as_of: AsOf, published: Published, gate: Gate, triggers: list[Finding],
    findings: list[Finding], got: _Gathered,
) -> None:  # fmt: skip
    """One gate's answer, from what triggers it, what it requires, and its effect."""
    unclear = [f for f in triggers if f.state != "met"]
    lacking = [f for f in findings if f.state != "met"]
    if not unclear and not lacking:
        return
    got.reasons += [f.why for f in (*unclear, *lacking)]
    if any(f.why == "standard-undefined" for f in lacking):
        got.answers.append(Answer.DENY)
        return
    if gate.effect in CONDITIONAL:
        got.answers.append(Answer.PERMIT_WITH_CONDITIONS)
        got.conditions.append(f"non-conformance:{gate.id}")
        return
    if unclear:  # measures stand in for safeguards, never for an open question
        got.answers.append(Answer.UNDETERMINED)
    if not lacking or _covered(state, request, as_of, published, gate, lacking, got):
        return
    got.answers.append(Answer.DENY if any(f.state == "unmet" for f in lacking) else Answer.UNDETERMINED)


def _covered(
    state: State, request: Request, as_of: AsOf, published: Published, gate: Gate, lacking: list[Finding],
    got: _Gathered,
) -> bool:  # fmt: skip
    """Whether interim measures stand in for all that is lacking; if so, under which conditions, and who must be told."""
    if gate.effect not in INTERIM:
        return False
    cover = interim_cover(state, request.stream, published, gate, lacking, as_of)
    if cover is None:
        return False
    got.answers.append(Answer.PERMIT_WITH_CONDITIONS)
    got.conditions.append(f"interim-measures:{cover}")
    got.reasons.append("interim-measures")
    interim = (f for f in published.pack.fallbacks if f.id == "INTERIM")
    got.inform_before += [(published.pack.id, r) for f in interim for r in f.inform]
    return True


def _applies(
    state: State, request: Request, as_of: AsOf, published: Published, gate: Gate
) -> tuple[bool | None, list[Finding]]:
    """Whether the gate applies: `None` = it can't be said, and the findings say what is missing."""
    when = gate.when
    if when.always:
        return True, []
    stated, told = _facts_hold(state, request, published, gate)
    if stated is False or not (when.any_of or when.all_of_kind):
        return stated, told
    watched, findings = _watched(state, request, as_of, published, gate)
    if watched is False:
        return False, findings
    return (True if stated and watched else None), [*told, *findings]


def _watched(
    state: State, request: Request, as_of: AsOf, published: Published, gate: Gate
) -> tuple[bool | None, list[Finding]]:
    """Whether the thresholds that the gate watches stand so that it applies."""
    pack, when = published.pack, gate.when
    names = when.any_of or tuple(t.id for t in pack.thresholds if t.kind == when.all_of_kind)
    standing = {n: standing_determination(state, request.stream, published, n, as_of) for n in names}
    unclear = [
        Finding(pack.id, gate.id, gate.ref, f"{n} determined", s.finding_state, s.why, s.indexes)
        for n, s in standing.items()
        if s.state is None
    ] + [
        Finding(pack.id, gate.id, gate.ref, f"{n} determined", "unknown", *s.doubt)
        for n, s in standing.items()
        if s.doubt is not None
    ]
    if when.any_of:
        hits = [(n, s) for n, s in standing.items() if s.state in when.state_in]
        if hits:
            # What else is watched here and undetermined stays open: one known danger does not settle another.
            return True, [*(_trigger(pack, gate, n, s) for n, s in hits), *unclear]
        return (None, unclear) if unclear else (False, [_trigger(pack, gate, n, s) for n, s in standing.items()])
    if any(s.state is not None and s.state != when.state for s in standing.values()):
        return False, []
    return (None, unclear) if unclear else (True, [_trigger(pack, gate, n, s) for n, s in standing.items()])


def _trigger(pack: Pack, gate: Gate, name: str, standing: Standing) -> Finding:
    return Finding(
        pack.id, gate.id, gate.ref, f"{name} is {standing.state}", "met", standing.why or "determined", standing.indexes
    )


def _facts_hold(state: State, request: Request, published: Published, gate: Gate) -> tuple[bool | None, list[Finding]]:
    """Whether all named facts are as the gate says; one that is not settles it, whatever else is unknown."""
    told = [_fact_holds(state, request, published, gate, condition) for condition in gate.when.facts]
    for holds, findings in told:
        if holds is False:
            return False, findings
    return (None if any(h is None for h, _ in told) else True), [f for _, findings in told for f in findings]


def _fact_holds(
    state: State, request: Request, published: Published, gate: Gate, condition: Condition
) -> tuple[bool | None, list[Finding]]:
    name, pack = condition.fact, published.pack
    if condition.comparator == "=":
        return _token_holds(request, published, gate, condition)
    stated = dict(request.facts).get(name)
    measured = recorded_compute(state, request.stream, name)
    sound = [f for f in measured if not f.back_recorded and tainted(state, f) is None]
    values = [v for v in (stated, *(f.body.ratio for f in sound[-1:])) if v is not None]
    indexes = tuple(f.index for f in sound[-1:])
    # History from before the ledger may trip the gate, and never shows that it does not apply.
    values += [f.body.ratio for f in measured if f.back_recorded and tainted(state, f) is None]
    doubted = [f.index for f in measured[-1:] if tainted(state, f) is not None]
    if not values or (stated is None and not sound):
        why = "tainted" if doubted else "back-recorded" if measured else "fact-unknown"
        return None, [
            Finding(pack.id, gate.id, gate.ref, f"{name} stated", "unknown", why, tuple(f.index for f in measured[-1:]))
        ]
    read = [v for v in values if exact(v) is not None]
    # Where the request and the record differ, either one that trips the gate is enough: a statement can't undo a record.
    trips = any(compare(v, condition.comparator, condition.value) for v in read)
    if doubted and not trips:
        return None, [Finding(pack.id, gate.id, gate.ref, f"{name} sound", "unknown", "tainted", tuple(doubted))]
    if len(read) < len(values) and not trips:
        return None, [Finding(pack.id, gate.id, gate.ref, f"{name} a decimal", "unknown", "fact-unreadable", indexes)]
    return trips, [Finding(pack.id, gate.id, gate.ref, f"{name} = {v}", "met", "fact", indexes) for v in read]


def _token_holds(
    request: Request, published: Published, gate: Gate, condition: Condition
) -> tuple[bool | None, list[Finding]]:
    name, pack = condition.fact, published.pack
    stated: tuple[str, ...] = request.jurisdictions
    if name != "jurisdiction":
        stated = tuple(v for k, v in request.facts if k == name)
    if not stated:
        return None, [Finding(pack.id, gate.id, gate.ref, f"{name} stated", "unknown", "fact-unknown")]
    return condition.value in stated, [
        Finding(pack.id, gate.id, gate.ref, f"{name} = {', '.join(stated)}", "met", "fact")
    ]


def _requirements(state: State, request: Request, as_of: AsOf, published: Published, gate: Gate) -> list[Finding]:
    pack = published.pack
    # A danger or a fact is known to be there. Where all is below, or the gate always applies, nothing yet shows a lack.
    known = bool(gate.when.any_of) or bool(gate.when.facts)
    findings: list[Finding] = []
    for name in gate.requires_sets:
        members = pack.safeguard_set(name).safeguards
        if not members:
            findings.append(Finding(pack.id, gate.id, gate.ref, name, "unmet", "standard-undefined"))
        findings += [safeguard_finding(state, request, as_of, published, gate, m, f"{name}/{m}") for m in members]
    findings += [safeguard_finding(state, request, as_of, published, gate, m, m) for m in gate.requires_safeguards]
    findings += [document_finding(state, request, published, gate, kind) for kind in gate.requires_documents]
    for name in gate.requires_metrics:
        findings += metric_findings(state, request, as_of, published, gate, name)
    if known:
        return [_sharpen(f) for f in findings]
    return findings


def _sharpen(finding: Finding) -> Finding:
    """Where the gate is known to apply, what nobody ever showed is not met."""
    if finding.state == "unknown" and finding.why in NEVER_SHOWN:
        return Finding(
            finding.pack, finding.clause, finding.ref, finding.requirement, "unmet", finding.why, finding.indexes
        )
    return finding
