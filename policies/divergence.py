"""Where a decision differs from the policy verdict that it was made against, in words; a law that is touched says so first.

In California a large developer answers for failing to comply with its own published framework (22757.15(a)). So where a law's own
pack withholds, or the pack of a framework that a statute makes binding, the verdict names the law and is recorded with the reason
`statutory:LAW: CLAUSES`: a decision that permits against it is a statutory matter, and not only one of the lab's own word.
"""

from collections.abc import Iterable
from typing import Final

from ledger.state import State
from policies.answer import Answer
from policies.facts import Fact
from policies.pack import Pack

POSITIVE: Final = frozenset({Answer.PERMIT, Answer.PERMIT_WITH_CONDITIONS})
PERMITTING: Final = frozenset({"permit", "restrict"})
UNRECORDED: Final = "undetermined"
"""The verdict where the cited gate answer is not known."""
STATUTORY: Final = "statutory:"


def law_behind(pack: Pack, refs: Iterable[str]) -> str | None:
    """The law that is touched where `pack` withholds, and its clauses; where the pack is a law, the clauses at `refs`."""
    if pack.statutory is not None:
        return f"{pack.statutory.law}: {', '.join(pack.statutory.clauses)}, by {pack.id}"
    if pack.binds == "law":
        return f"{pack.id}: {', '.join(dict.fromkeys(refs))}"
    return None


def laws_in(reasons: Iterable[str]) -> tuple[str, ...]:
    """What laws the reasons of a recorded verdict name: `LAW: CLAUSES`."""
    return tuple(r.removeprefix(STATUTORY) for r in reasons if r.startswith(STATUTORY))


def divergence_of(decision: str, verdict: str, laws: Iterable[str] = ()) -> str | None:
    """How a decision differs from the verdict it was made against; `None` where it doesn't. `laws` as in `laws_in`."""
    permits = decision in PERMITTING
    if permits == (verdict in POSITIVE):
        return None
    differs = f"the decision is {decision}, the policy verdict was {verdict}"
    touched = "; ".join(laws) if permits else ""
    return f"statutory ({touched}): {differs}" if touched else differs


def divergence_in(state: State, made: Fact) -> str | None:
    """The divergence of a recorded decision."""
    cited = str(made.body.gate.index)
    return divergence_of(made.body.decision, verdict_of(state, made), state.get("gate_laws", cited) or ())


def verdict_of(state: State, made: Fact) -> str:
    """The verdict that a recorded decision cites."""
    found: str | None = state.get("gate_at", str(made.body.gate.index))
    return found or UNRECORDED
