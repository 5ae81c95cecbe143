"""Decisions as every view lists them: those that differ from the policy verdict first, each with its phase and flags."""

from typing import Any

from ledger.state import State
from ledger.strict import parse_uint
from policies.answer import AsOf
from policies.divergence import divergence_in, verdict_of
from policies.facts import Fact
from projections.carried_out import decisions_on
from projections.decision_life import decision_flags, decision_phase


def decisions_of(state: State, as_of: AsOf) -> list[dict[str, Any]]:
    """Every decision as JSON: those that differ from the policy verdict first, then in order of index."""
    decided = (_decision(state, fact, as_of) for _, facts in state.scan("decision") for fact in facts)
    return sorted(decided, key=_place)


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
    found = decisions_of(state, as_of)
    if after is not None:
        rank, _, index = after.partition("-")
        found = [row for row in found if _place(row) > (rank == "1", parse_uint(index))]
    shown = found[:limit]
    return shown, cursor_of(shown[-1]) if len(found) > limit else None


def _place(row: dict[str, Any]) -> tuple[bool, int]:
    return row["divergence"] is None, row["index"]
