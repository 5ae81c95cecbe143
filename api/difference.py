"""What changed for a model between two positions, and which entries did it; or the clock alone.

Nothing is guessed: what holds at A is compared with what holds at B, and each difference is followed, by halving through the
states between them at the clock of B, to the entries at which it came about. What differs at A itself between the two clocks is
the clock's.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from api.standings import safeguards_of, thresholds_of
from ledger.state import State
from policies.answer import AsOf, Request
from policies.binding import gated_actions
from policies.clear import clear
from policies.duties import duties_of
from policies.evaluate import evaluate
from policies.facts import Fact

Key: TypeAlias = tuple[str, ...]
Picture: TypeAlias = dict[Key, Any]
"""What holds: kind and name → a JSON value."""
CLOCK = "clock"


def picture_of(state: State, stream: str, as_of: AsOf) -> Picture:
    """Answers, findings, conditions, determinations, attestations and decisions that hold for a model."""
    found: Picture = {}
    for action in gated_actions(state, as_of.time):
        _answer(state, Request(stream, action), as_of, found)
    for row in thresholds_of(state, stream, as_of):
        found["threshold", row["pack"], row["threshold"]] = {
            "indexes": row["indexes"], "reassess": [c["index"] for c in row["reassess"]], "state": row["state"],
            "why": row["why"],
        }  # fmt: skip
    for row in safeguards_of(state, stream, as_of):
        found["attestation", f"{row['stream']}#{row['index']}"] = {"standing": row["standing"], "state": row["state"]}
    made: tuple[Fact, ...] = state.get("decision", stream) or ()
    over = {f.body.supersedes.index: f.index for f in made if f.body.supersedes is not None}
    for fact in made:
        lapsed = fact.body.valid_until is not None and as_of.time > fact.body.valid_until
        found["decision", str(fact.index)] = {
            "decision": fact.body.decision, "lapsed": lapsed, "superseded_by": over.get(fact.index),
        }  # fmt: skip
    return found


def duties_of_model(state: State, stream: str, as_of: AsOf) -> Picture:
    """The duties that concern a model, and where each stands. Apart from the rest: counting duties takes longer."""
    return {
        ("duty", d.pack, d.obligation, d.key): {
            "applies": d.applies, "due_latest": d.due_latest, "due_strict": d.due_strict, "state": d.state,
        }
        for d in duties_of(state, as_of.time)
        if stream in d.models
    }  # fmt: skip


def _answer(state: State, request: Request, as_of: AsOf, found: Picture) -> None:
    verdict = evaluate(state, request, as_of)
    clearance = clear(state, verdict, request, as_of)
    found["answer", request.action] = {
        "clearance": clearance.answer.value, "decision": clearance.decision, "divergence": clearance.divergence,
        "reasons": list(clearance.reasons), "verdict": verdict.answer.value, "verdict_reasons": list(verdict.reasons),
    }  # fmt: skip
    for condition in clearance.conditions:
        found["condition", request.action, condition] = {"holds": True}
    for f in verdict.findings:
        key = ("finding", request.action, f.pack, f.clause, f.requirement)
        said = {"indexes": list(f.indexes), "state": f.state, "why": f.why}
        found[key] = [*found.get(key, []), said]


def difference_of(
    state: State, stream: str, before: AsOf, after: AsOf, cite: Callable[[int], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Each thing that holds otherwise at `after` than at `before`, with the entries between them that did it, or `clock`.

    `before` is not later than `after`, in size and time.
    """
    found = (_changes(state, stream, before, after, cite, drawn) for drawn in (picture_of, duties_of_model))
    return [change for changes in found for change in changes]


def _changes(
    state: State, stream: str, before: AsOf, after: AsOf, cite: Callable[[int], dict[str, Any]],
    drawn: Callable[[State, str, AsOf], Picture],
) -> list[dict[str, Any]]:  # fmt: skip
    pictures: dict[int, Picture] = {}

    def at(size: int) -> Picture:
        """What holds after `size` entries, at the clock of `after`."""
        if size not in pictures:
            pictures[size] = drawn(state.at(size), stream, AsOf(size, after.time, after.verified))
        return pictures[size]

    old, new = drawn(state.at(before.size), stream, before), at(after.size)
    causes: dict[Key, list[int]] = {}
    _follow(at, before.size, after.size, differing(at(before.size), new), causes)
    by_clock = set(differing(old, at(before.size)))
    return [
        {
            "after": new.get(key),
            "before": old.get(key),
            "causes": [*([CLOCK] if key in by_clock else []), *(cite(i) for i in causes.get(key, []))],
            "kind": key[0],
            "name": list(key[1:]),
        }
        for key in differing(old, new)
    ]


def differing(one: Picture, other: Picture) -> list[Key]:
    """Keys whose values differ, sorted; what is there on one side alone differs."""
    return sorted(k for k in one.keys() | other.keys() if one.get(k) != other.get(k))


def _follow(
    at: Callable[[int], Picture], low: int, high: int, keys: Iterable[Key], causes: dict[Key, list[int]]
) -> None:
    """Halve until single entries are left: entry `low` is the cause of what differs between sizes `low` and `low` + 1."""
    keys = list(keys)
    if not keys or low == high:
        return
    if high - low == 1:
        for key in keys:
            causes.setdefault(key, []).append(low)
        return
    middle = (low + high) // 2
    for start, stop in ((low, middle), (middle, high)):
        _follow(at, start, stop, [k for k in keys if at(start).get(k) != at(stop).get(k)], causes)
