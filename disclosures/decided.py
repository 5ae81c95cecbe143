"""Decisions as every view lists them: those that differ from the policy verdict first, each with its phase and flags."""

from typing import Any

from ledger.state import State
from ledger.strict import parse_uint
from policies.answer import AsOf
from policies.divergence import divergence_in, verdict_of
from policies.facts import Fact
from projections.carried_out import decisions_on
from projections.decision_life import decision_flags, decision_phase


def _ranked(state: State) -> list[tuple[tuple[bool, int], Fact]]:
    """Every decision with its place: those that differ from the policy verdict first, then in order of index."""
    decided = (fact for _, facts in state.scan("decision") for fact in facts)
    return sorted(((divergence_in(state, f) is None, f.index), f) for f in decided)


def decisions_of(state: State, as_of: AsOf) -> list[dict[str, Any]]:
    """Every decision as JSON: those that differ from the policy verdict first, then in order of index."""
    return [_decision(state, fact, as_of) for _, fact in _ranked(state)]


def newest_diverging(state: State, as_of: AsOf, limit: int) -> tuple[list[dict[str, Any]], int]:
    """Up to `limit` decisions that differ from the policy verdict, the newest first, as JSON; and how many are older."""
    found = [fact for (conforms, _), fact in _ranked(state) if not conforms]
    return [_decision(state, f, as_of) for f in found[::-1][:limit]], max(0, len(found) - limit)


def _decision(state: State, fact: Fact, as_of: AsOf) -> dict[str, Any]:
    return {
        "basis": fact.body.basis,
        "decision": fact.body.decision,
        "divergence": divergence_in(state, fact),
        "flags": list(decision_flags(state, fact, as_of)),
        "index": fact.index,
        "phase": decision_phase(state, fact, as_of),
        "request": fact.body.request,
        "stream": fact.stream,
        "verdict": verdict_of(state, fact),
    }


def divergences_of(state: State, stream: str) -> list[dict[str, Any]]:
    """The decisions on a model that differ from the policy verdict, and how, in order of index, as JSON."""
    found = ((fact.index, divergence_in(state, fact)) for fact in decisions_on(state, stream))
    return [{"divergence": said, "index": index} for index, said in found if said is not None]


def cursor_of(row: dict[str, Any]) -> str:
    """The row as the place after which a page begins: whether it diverges (0) or not (1), and its index."""
    return f"{'1' if row['divergence'] is None else '0'}-{row['index']}"


def decisions_page(state: State, as_of: AsOf, after: str | None, limit: int) -> tuple[list[dict[str, Any]], str | None]:
    """Up to `limit` decisions behind the row `after`, the diverging ones first; and after which row the next page begins."""
    found = _ranked(state)
    if after is not None:
        rank, _, index = after.partition("-")
        found = [row for row in found if row[0] > (rank == "1", parse_uint(index))]
    shown = [_decision(state, fact, as_of) for _, fact in found[:limit]]  # a verdict each: of those shown alone
    return shown, cursor_of(shown[-1]) if len(found) > limit else None
