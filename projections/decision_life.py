"""`decision_life`: from the request to the end of what was decided on it, each step with its entries, and whose move is next.

requested → recommended → gate evaluated → approved or refused → decided → bodies informed → carried out → reversed, superseded
or lapsed. Computed from the state at a position; a role counts as it did at its event's index, because admission looked then.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from ledger.state import State
from ledger.strict import shift
from policies.answer import AsOf, PolicyVerdict
from policies.binding import binding_packs
from policies.clear import clear
from policies.decide import request_of, verdict_on
from policies.divergence import PERMITTING, divergence_in, verdict_of
from policies.facts import Fact, tainted
from policies.quorum import APPROVAL_DAYS, Tally, tally
from policies.recommend import recommendations
from policies.verbs import Reversal
from projections.carried_out import decisions_on, relying, stood, superseding
from projections.decision_steps import (
    Seen,
    Step,
    approved_step,
    gate_step,
    informed_step,
    recommended_step,
    seen_in,
    steps_beside,
    told_of,
)
from projections.next_moves import Move, decided_moves, undecided_moves

Phase: TypeAlias = Literal[
    "requested", "recommended", "approved", "refused", "decided", "carried-out", "reversed", "superseded", "lapsed"
]
ENDS_A_REQUEST: Final = frozenset({"approvals-expired", "never-decided", "packs-changed"})
"""Flags of a request that nobody decided in time; only other packs make it undecidable."""


@dataclass(frozen=True, slots=True)
class Life:
    """One request's life. `flags` are stable codes, the gravest first; `decision` is the newest decision's index.

    `verdict` is what the decision cites, else today's; `clearance` what holds today of a permission that has not ended.
    """

    request: str
    index: int
    stream: str
    action: str
    phase: Phase
    divergence: str | None
    flags: tuple[str, ...]
    decision: int | None
    verdict: str
    clearance: str | None
    basis: str | None
    conditions: tuple[str, ...]
    steps: tuple[Step, ...]
    moves: tuple[Move, ...]


End: TypeAlias = tuple[Phase, tuple[Seen, ...]]
"""What ended a decision, and the entry that did."""


def request_named(state: State, name: str) -> Fact | None:
    """The request of that statement digest, or the one that the decision, or the request, at that index is about."""
    found: Fact | None = state.get("request", name)
    if found is not None or not name.isdigit():
        return found
    for _, facts in state.scan("decision"):
        for made in facts:
            if str(made.index) == name:
                name = made.body.request
    return next((f for _, f in state.scan("request") if name in (str(f.index), f.digest)), None)


def life_of(state: State, request: Fact, as_of: AsOf) -> Life:
    """The life of `request` as of a position and time."""
    at = as_of.time
    verdict = verdict_on(state, request, as_of)
    said: list[Fact] = [state.get("approval", d) for d in state.get("approvals", request.digest) or ()]
    count = tally(state, request, verdict, [f for f in said if f.body.event.name == "approval.given"], at)
    all_made = [f for f in decisions_on(state, request.stream) if f.body.request == request.digest]
    made = all_made[-1] if all_made else None
    begun = () if made is None else relying(state, made)
    end = None if made is None else _end(state, made, at)
    waiting = undecided_moves(state, request, verdict, count, as_of)
    steps = (
        Step("requested", "done", (seen_in(request),)),
        recommended_step(state, request, verdict),
        gate_step(state, request, made),
        approved_step(state, request, made, said, count, waiting),
        Step("decided", "done" if all_made else "open", tuple(seen_in(f, f.body.decision) for f in all_made)),
        informed_step(state, request, made, verdict, begun),
        Step(
            "carried-out", "done" if begun else "open" if _permits(made) else "none", tuple(seen_in(f) for f in begun)
        ),
        Step("ended", "none") if end is None else Step("ended", "against", end[1], end[0]),
        *steps_beside(state, request, at),
    )
    flags = tuple(dict.fromkeys(_flags(state, request, made, verdict, count, begun, at)))
    phase = _phase(made, steps, count, waiting, end)
    if phase != "refused" and ENDS_A_REQUEST & set(flags):
        phase = "lapsed"
    clearance = None
    if made is not None:
        clearance = clear(state, verdict, request_of(request), as_of) if _permits(made) and end is None else None
        waiting = decided_moves(
            state, request, made, verdict, clearance, as_of, ended=end is not None, begun=bool(begun)
        )
    return Life(
        request=request.digest,
        index=request.index,
        stream=request.stream,
        action=request.body.action,
        phase=phase,
        divergence=None if made is None else divergence_in(state, made),
        flags=flags,
        decision=None if made is None else made.index,
        verdict=verdict.answer.value if made is None else verdict_of(state, made),
        clearance=None if clearance is None else clearance.answer.value,
        basis=None if made is None else made.body.basis,
        conditions=_conditions(state, request, made, count),
        steps=steps,
        moves=waiting,
    )


def decision_phase(state: State, made: Fact, as_of: AsOf) -> Phase:
    """The phase of one decision, whatever else was decided on its request."""
    end = _end(state, made, as_of.time)
    if end is not None:
        return end[0]
    return "carried-out" if relying(state, made) else "decided"


def decision_flags(state: State, made: Fact, as_of: AsOf) -> tuple[str, ...]:
    """The flags of one decision. A verdict is asked for only where something was carried out on it."""
    request: Fact | None = state.get("request", made.body.request)
    if request is None:
        return ()
    nobody = Tally(frozenset(), frozenset(), (), ())
    begun = relying(state, made)
    verdict = verdict_on(state, request, as_of) if begun else None
    return tuple(dict.fromkeys(_flags(state, request, made, verdict, nobody, begun, as_of.time)))


def _permits(made: Fact | None) -> bool:
    return made is not None and made.body.decision in PERMITTING


# -- after the decision ------------------------------------------------------------------------------------------------


def _end(state: State, made: Fact, at: str) -> End | None:
    """What ended a decision, in a word, and the entry; the clock needs none."""
    over = superseding(state, made)
    if over:
        reversal: Reversal | None = state.get("reversed", str(made.index))
        if reversal is not None:
            by = next(f for f in over if f.index == reversal.index)
            return "reversed", (seen_in(by, f"{by.body.decision}, by {reversal.role} ({reversal.pack})"),)
        return "superseded", (seen_in(over[-1], over[-1].body.decision),)
    if made.body.valid_until is not None and at > made.body.valid_until:
        return "lapsed", ()
    return None


def _phase(
    made: Fact | None,
    steps: tuple[Step, ...],
    count: Tally,
    waiting: tuple[Move, ...],
    end: tuple[Phase, tuple[Seen, ...]] | None,
) -> Phase:
    states = {s.name: s.state for s in steps}
    if made is None:
        if states["approved"] == "against":
            return "refused"
        if count.standing and not any(m.what == "approve" for m in waiting):
            return "approved"
        return "recommended" if states["recommended"] == "done" else "requested"
    if end is not None:
        return end[0]
    return "carried-out" if states["carried-out"] == "done" else "decided"


def _flags(
    state: State, request: Fact, made: Fact | None, verdict: PolicyVerdict | None, count: Tally, begun: tuple[Fact, ...],
    at: str,
) -> Iterator[str]:  # fmt: skip
    """Stable codes of what a reader must not miss, the gravest first."""
    if made is None:
        if {p.digest for p in binding_packs(state, at)} != set(request.body.packs):
            yield "packs-changed"
        if count.ended and not count.standing:
            yield "approvals-expired"
        if at > shift(request.recorded_at, days=APPROVAL_DAYS) and not count.standing:
            yield "never-decided"
        return
    if divergence_in(state, made) is not None:
        yield "diverges"
    if any(not stood(state, made, f) for f in begun):
        yield "carried-out-without-standing-decision"
    if any(tainted(state, f) is not None for f in (request, made, *count.standing)):
        yield "tainted"
    if made.back_recorded:
        yield "back-recorded"
    if made.body.without_recommendation:
        yield "without-recommendation"
    advice = {f.body.recommendation in PERMITTING for f in recommendations(state, request) if f.index < made.index}
    if advice and (made.body.decision in PERMITTING) not in advice:
        yield "against-recommendation"
    first = min((f.index for f in begun), default=None)
    told = {f.body.body for f in told_of(state, request, made) if first is None or f.index < first}
    if verdict is not None and first is not None and any(role not in told for _, role in verdict.inform_before):
        yield "informed-late"


def _conditions(state: State, request: Fact, made: Fact | None, count: Tally) -> tuple[str, ...]:
    """Conditions of the decision, the request and the approvals: those that the decision names, else those in force."""
    named = () if made is None else tuple(f for d in made.body.approvals if (f := state.get("approval", d)) is not None)
    given = (c for f in (count.standing if made is None else named) for c in f.body.conditions)
    return tuple(dict.fromkeys((*(() if made is None else made.body.conditions), *request.body.conditions, *given)))
