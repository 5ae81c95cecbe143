"""A decision's life as an answer: the steps with their entries, and each next move with the command that makes it."""

from typing import Any

import msgspec

from api.unblock import asked_words, holdpoint, line_of, scope_words
from auditor.explain import visible
from disclosures.alerts import break_glass_of
from ledger.state import State
from policies.answer import AsOf
from policies.decide import request_of
from policies.facts import Fact
from projections.decision_life import Life, life_of, request_named
from projections.next_moves import Move

MARKS = {"done": "x", "open": " ", "none": "-", "against": "!"}
FLAGS = {
    "against-recommendation": "decided otherwise than recommended",
    "approvals-expired": "every approval of it has ended",
    "back-recorded": "history from before the ledger: it clears nothing",
    "carried-out-without-standing-decision": "carried out while this decision did not stand for it",
    "diverges": "it differs from the policy verdict",
    "informed-late": "carried out before all were told who must know first",
    "never-decided": "nobody decided on it within 30 days",
    "packs-changed": "other packs bind since: ask again",
    "tainted": "signed with a key that was compromised",
    "without-recommendation": "taken without a recommendation that the pack asks for",
}


def life_answer(state: State, ref: str, as_of: AsOf, *, people: bool) -> dict[str, Any] | None:
    """The life of the request or decision that `ref` names, as JSON; holders are left out where the asker may not know them."""
    request = request_named(state, ref)
    if request is None:
        return None
    life = life_of(state, request, as_of)
    value: dict[str, Any] = msgspec.to_builtins(life)
    for shown, move in zip(value["moves"], life.moves, strict=True):
        shown["command"] = command_of(request, life, move)
        if not people:
            shown["holders"] = []
    return {
        "as_of": {"size": as_of.size, "time": as_of.time},
        "break_glass": break_glass_of(state),
        **value,
        "carried_out": [s.index for step in life.steps if step.name == "carried-out" for s in step.seen],
    }


def command_of(request: Fact, life: Life, move: Move) -> str:
    """The command line that makes a move: by the first who could, else by the ledger's own role."""
    named = ("--request", request.digest)
    usual = {"recommend": "assessor", "approve": "approver", "withdraw": "approver", "decide": "decider"}
    who = next(iter(move.holders), usual.get(move.what, "deployer"))
    more: dict[str, tuple[str, ...]] = {
        "request": _again(request),
        "inform": (move.role, *named),
        "carry-out": (*_place(life, request), *(() if life.decision is None else ("--decision", str(life.decision)))),
    }
    if move.what == "evidence":
        return holdpoint("gate", *named)
    return line_of(move.what, request.stream, request.body.action, who, *more.get(move.what, named))


def _again(request: Fact) -> tuple[str, ...]:
    """All that the request said: what is left out would be asked for more widely than it was."""
    said = request.body
    more = [w for condition in said.conditions for w in ("--condition", condition)]
    more += [w for entry in said.evidence for w in ("--evidence", str(entry.index))]
    planned = () if said.planned_for is None else ("--planned-for", said.planned_for)
    return (*asked_words(request_of(request)), *more, *planned)


def _place(life: Life, request: Fact) -> tuple[str, ...]:
    training = life.action in ("train", "continue_development")
    return () if training else tuple(scope_words(request_of(request)))


def life_text(said: dict[str, Any], where: str = "") -> str:
    """The life as a screen: what must not be missed first, then the steps, then whose move it is."""
    lines: list[str] = []
    if said["divergence"] is not None:
        lines.append(f"DIVERGENCE: {said['divergence']}")
    lines += [f"NOTE: {FLAGS.get(flag, flag)}" for flag in said["flags"] if flag != "diverges"]
    lines.append(f"{said['action']} of {said['stream']}: {said['phase'].upper()}")
    lines.append(f"  request {said['request']}, as of size {said['as_of']['size']}, {said['as_of']['time']}")
    if said["decision"] is not None:
        lines.append(
            f"  decision at index {said['decision']}, basis {said['basis']}; the verdict was {said['verdict']}"
        )
    if said["clearance"] is not None:
        lines.append(f"  clearance now: {said['clearance']}")
    lines += [f"  condition: {condition}" for condition in said["conditions"]]
    for step in said["steps"]:
        note = f": {step['note']}" if step["note"] else ""
        lines.append(f"  [{MARKS[step['state']]}] {step['name']}{note}")
        for seen in step["seen"]:
            by = ", ".join(seen["principals"])
            what = f" ({seen['note']})" if seen["note"] else ""
            lines.append(f"      {seen['index']:>6}  {seen['recorded_at']}  {seen['event']} by {by}{what}")
    if not said["moves"]:
        lines.append("  nothing is missing")
    for move in said["moves"]:
        pack = f" ({move['pack']})" if move["pack"] else ""
        whose = f": {move['role']}{pack}" if move["role"] else ""
        held = f", held by {', '.join(move['holders'])}" if move["holders"] else ""
        note = f"; {move['note']}" if move["note"] else ""
        lines += [f"  next: {move['what']}{whose}{held}{note}", f"    {move['command']}{where}"]
    return "\n".join(visible(line) for line in lines)
