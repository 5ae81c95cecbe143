"""What every view, answer and export says first: exceptional grants that nobody has reviewed (access.md §2)."""

from collections.abc import Iterable, Mapping
from typing import Any

from ledger.state import State
from ledger.trust import open_break_glass
from projections.carried_out import without_decision


def break_glass_of(state: State) -> list[dict[str, Any]]:
    """Each break-glass grant without a review, whether it has ended or not, in order of index, as JSON."""
    return [
        {
            "granted_by": sorted(glass.granted_by),
            "index": index,
            "principal": glass.principal,
            "role": glass.role,
            "valid_until": glass.valid_until,
        }
        for index, glass in open_break_glass(state)
    ]


def alert_lines(found: Iterable[Mapping[str, Any]]) -> list[str]:
    """The same in words, one line each."""
    return [
        f"BREAK-GLASS, not reviewed: entry {g['index']} gave {g['principal']} the role {g['role']} until {g['valid_until']}, "
        f"by {', '.join(g['granted_by'])}"
        for g in found
    ]


def undecided_operations(state: State) -> list[dict[str, Any]]:
    """What was begun on any model while no decision stood for it, in order of index, as JSON."""
    found = [f for stream, _ in state.scan("model") for f in without_decision(state, stream)]
    return [
        {"event": f.body.event.name, "index": f.index, "stream": f.stream} for f in sorted(found, key=lambda f: f.index)
    ]
