"""The steps of a decision's life, each with its entries: recommended, gate, approved, informed, what stands beside."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ledger.state import State
from policies.answer import PolicyVerdict
from policies.divergence import verdict_of
from policies.facts import Fact, tainted
from policies.quorum import Tally, veto_of
from policies.recommend import recommendations, unadvised
from projections.next_moves import Move

StepState: TypeAlias = Literal["done", "open", "none", "against"]


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry that a step rests on; `note` in plain words."""

    index: int
    event: str
    principals: tuple[str, ...]
    recorded_at: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """`done`, still `open`, `none` = nobody asks for it, `against` = it was refused, or ended what was decided."""

    name: str
    state: StepState
    seen: tuple[Seen, ...] = ()
    note: str = ""


def seen_in(fact: Fact, note: str = "") -> Seen:
    """A fact as an entry that a step rests on."""
    return Seen(fact.index, fact.body.event.name, fact.principals, fact.recorded_at, note)


def recommended_step(state: State, request: Fact, verdict: PolicyVerdict) -> Step:
    """What was recommended, and which role has not yet."""
    issued = recommendations(state, request)
    seen = tuple(seen_in(f, f"{f.body.role}: {f.body.recommendation}") for f in issued)
    missing = unadvised(state, request, verdict)
    if missing:
        return Step("recommended", "open", seen, f"not yet by {', '.join(r for _, r in missing)}")
    return Step("recommended", "done" if seen else "none", seen)


def gate_step(state: State, request: Fact, made: Fact | None) -> Step:
    """The newest gate answer, and the verdict that the decision cites."""
    newest: Fact | None = state.get("gate", request.digest)
    if newest is None:
        return Step("gate", "open")
    cited = "" if made is None else f"the decision cites index {made.body.gate.index}: {verdict_of(state, made)}"
    return Step("gate", "done", (seen_in(newest, newest.body.answer),), cited)


def approved_step(
    state: State, request: Fact, made: Fact | None, said: Iterable[Fact], count: Tally, waiting: tuple[Move, ...]
) -> Step:
    """Before the decision, what stands now; after it, what it was decided on, whatever has ended since."""
    ended = {f.digest for f in count.ended}
    seen = tuple(seen_in(f, _vote(state, f, ended)) for f in said)
    if made is not None:
        return Step("approved", "done" if made.body.approvals else "none", seen)
    if veto_of(state, request) is not None:
        return Step("approved", "against", seen, "refused")
    open_ = [m for m in waiting if m.what == "approve"]
    short = "; ".join(f"{m.role} ({m.pack})" if m.pack else m.note for m in open_)
    return Step("approved", "open" if open_ else "done", seen, short)


def _vote(state: State, fact: Fact, ended: set[str]) -> str:
    withdrawn: int | None = state.get("approval_ended", fact.digest)
    over = f", withdrawn at index {withdrawn}" if withdrawn is not None else ", ended" if fact.digest in ended else ""
    return f"{fact.body.verb}{over}"


def informed_step(
    state: State, request: Fact, made: Fact | None, verdict: PolicyVerdict, begun: tuple[Fact, ...]
) -> Step:
    """Which bodies were told, which were told after the action, and which were not yet."""
    told = told_of(state, request, made)
    first = min((f.index for f in begun), default=None)
    seen = tuple(
        seen_in(f, f.body.body + (", after the action" if first is not None and f.index > first else "")) for f in told
    )
    missing = [role for _, role in verdict.inform_before if role not in {f.body.body for f in told}]
    if missing:
        return Step("informed", "open", seen, f"not yet {', '.join(missing)}")
    return Step("informed", "done" if seen else "none", seen)


def told_of(state: State, request: Fact, made: Fact | None) -> list[Fact]:
    """What says that a body was informed of the request or the decision, in order; not what a compromised key signed."""
    digests = [request.digest] + ([] if made is None else [made.digest])
    found = [f for d in digests for f in state.get("informed", d) or () if tainted(state, f) is None]
    return sorted(found, key=lambda f: f.index)


def steps_beside(state: State, request: Fact, at: str) -> Iterator[Step]:
    """What stands in, or is excepted, for a request like this: shown where there is any."""
    interim = [f for f in state.get("interim", request.stream) or () if f.body.framework in request.body.packs]
    if interim:
        yield Step(
            "interim measures", "done", tuple(seen_in(f, f"{f.body.gate}, until {f.body.valid_until}") for f in interim)
        )
    excepted = [
        f
        for f in state.get("exception", request.stream) or ()
        if f.body.framework in request.body.packs and f.body.request in (None, request.digest)
    ]
    if excepted:
        over = {f.index for f in excepted if f.body.valid_until is not None and at > f.body.valid_until}
        seen = tuple(seen_in(f, f.body.exception + (", ended" if f.index in over else "")) for f in excepted)
        yield Step("exceptions", "done", seen)
