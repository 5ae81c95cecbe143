"""Answers of a whole log's state as of earlier positions, and those of a fresh replay that ends there."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from api.founding import ACTIONS
from ledger.event import Event
from ledger.events import action
from ledger.replay import Problem, Replay
from ledger.state import State
from ledger.tile import WIDTH, parse_bundle, tile_path
from policies.answer import AsOf, Request
from policies.clear import clear
from policies.duties import duties_of
from policies.evaluate import evaluate
from policies.incidents import incidents_of
from policies.lapse import valid_until
from policies.rules import RULES
from projections.decision_life import life_of


def entries_in(export: Path, size: int) -> list[bytes]:
    """The entries of an export, in order."""
    found: list[bytes] = []
    while len(found) < size:
        width = min(WIDTH, size - len(found))
        found += parse_bundle((export / tile_path(None, len(found) // WIDTH, width)).read_bytes(), width)
    return found


def replayed(entries: Iterable[bytes]) -> Iterator[tuple[Replay, list[Event]]]:
    """A state folded from nothing, after each entry behind which a state stands: none does between a cause and what it derives.

    Signatures are the auditor's subject, not this one's.
    """
    replay = Replay(RULES, lambda *_: True)
    events: list[Event] = []
    for raw in entries:
        event = replay.step(raw)
        assert not isinstance(event, Problem), event
        events.append(event)
        if not replay.owed:
            yield replay, events


def answers(state: State, events: Sequence[Event], as_of: AsOf) -> dict[str, Any]:
    """Gate, status, duties, incidents' duties and decisions' lives that `state` gives, by question."""
    said: dict[str, Any] = {"duties": duties_of(state, as_of.time), "incidents": [*incidents_of(state, as_of.time)]}
    for event in events:
        match event.name:
            case "model.registered":
                for doing in ACTIONS:
                    asked = Request(event.stream, doing)
                    verdict = evaluate(state, asked, as_of)
                    said[f"{event.stream} {doing}"] = verdict, clear(state, verdict, asked, as_of)
                said[f"{event.stream} holds until"] = valid_until(state, event.stream, as_of)
            case "action.requested":
                assert isinstance(event.body, action.Requested)
                request = state.get("request", event.digest)
                said[f"life of {event.index}"] = life_of(state, request, as_of)
    return said
