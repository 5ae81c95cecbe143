"""Rows of `model_status`: how they begin, and how an entry that names several models stands in each of them."""

from collections.abc import Sequence
from typing import Any

from ledger.event import Event
from projections.projection import Change, Look, Rank, Row, as_json, must, ordinal


def place(event: Event) -> dict[str, Any]:
    """Where a row comes from; `signers` so that a reader can join the taint of compromised keys."""
    return {
        "back_recorded": event.back_recorded,
        "index": event.index,
        "recorded_at": event.recorded_at,
        "signers": list(event.signers),
    }


def members(said: Any, *names: str) -> dict[str, Any]:
    """Some members of a body, as a row holds them."""
    return {n: as_json(getattr(said, n)) for n in names}


def detail(name: str, value: dict[str, Any]) -> Change:
    """A row that belongs to another one."""
    return name, Row(Rank.DETAIL, value)


def standing_in(streams: Sequence[str], noun: str, index: int, value: dict[str, Any]) -> Sequence[Change]:
    """A row for each model that an entry names, and which rows those are, for whoever marks them later."""
    names = [f"{s}|{noun}|{ordinal(index)}" for s in dict.fromkeys(streams)]
    return [*(detail(n, value) for n in names), (f"of|{index}", Row(Rank.LOOKUP, {"rows": names}))]


def marked(look: Look, index: int, **more: Any) -> Sequence[Change]:
    """The rows that entry `index` stands in, with some members replaced."""
    return [detail(n, {**must(look, n), **more}) for n in must(look, f"of|{index}")["rows"]]


def grown(look: Look, index: int, member: str, value: dict[str, Any]) -> Sequence[Change]:
    """The rows that entry `index` stands in, with `value` added to a list of theirs."""
    names = must(look, f"of|{index}")["rows"]
    return [detail(n, {**(row := must(look, n)), member: [*row[member], value]}) for n in names]
