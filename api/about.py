"""Questions about a model, or about frameworks, each answered by one function: for a command here, and for a route there."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from api.citing import Citing
from api.difference import difference_of
from api.positions import parse_at
from api.standings import safeguards_of, thresholds_of, timeline_of
from api.why import why_of
from api.wiring import Ledger, View
from disclosures.alerts import break_glass_of
from ledger.errors import Fault, Malformed
from policies.answer import AsOf, Request
from policies.binding import binding_packs, gated_actions

Query: TypeAlias = Mapping[str, str]
LISTS: Final = {"safeguards": "index", "thresholds": "key", "timeline": "index"}
"""Questions whose answer is a list → the member that orders it, and that a page is asked for after."""


def position(as_of: AsOf) -> dict[str, Any]:
    """A position, as JSON."""
    return {"size": as_of.size, "time": as_of.time}


def stated(view: View) -> dict[str, Any]:
    """What every answer about a position begins with: the position, and the exceptional grants that nobody has reviewed."""
    return {"as_of": position(view.as_of), "break_glass": break_glass_of(view.state)}


def _thresholds(_ledger: Ledger, view: View, stream: str, _query: Query) -> dict[str, Any]:
    return {"thresholds": thresholds_of(view.state, stream, view.as_of)}


def _safeguards(_ledger: Ledger, view: View, stream: str, _query: Query) -> dict[str, Any]:
    return {"safeguards": safeguards_of(view.state, stream, view.as_of)}


def _timeline(_ledger: Ledger, view: View, _stream: str, _query: Query) -> dict[str, Any]:
    binding = [p.digest for p in binding_packs(view.state, view.time)]
    return {"binding": binding, "timeline": timeline_of(view.state, view.as_of)}


def _why(ledger: Ledger, view: View, stream: str, query: Query) -> dict[str, Any]:
    cite = Citing(ledger.desk, view.state)
    asked = [query["action"]] if query.get("action") else gated_actions(view.state, view.time)
    return {"actions": [why_of(view.state, Request(stream, a), view.as_of, cite) for a in asked]}


def _diff(ledger: Ledger, view: View, stream: str, query: Query) -> dict[str, Any]:
    """`view` is the later position; `from` the earlier one."""
    if "from" not in query:
        raise Malformed("position", "from", "missing")
    old = ledger.view(parse_at(query["from"])).as_of
    if old.size > view.size or old.time > view.time:
        raise Fault(
            "positions-reversed", "failed", "the first position lies after the second", "name the earlier one first"
        )
    cite = Citing(ledger.desk, view.state)
    return {"changes": difference_of(view.state, stream, old, view.as_of, cite), "from": position(old)}


QUESTIONS: Final[dict[str, Callable[[Ledger, View, str, Query], dict[str, Any]]]] = {
    "diff": _diff,
    "safeguards": _safeguards,
    "thresholds": _thresholds,
    "timeline": _timeline,
    "why": _why,
}


def about(ledger: Ledger, view: View, question: str, stream: str, query: Query) -> dict[str, Any] | None:
    """The answer as JSON, with its position; `None` where no such model is known. `view` is not the appender's own state."""
    if question != "timeline" and view.state.get("subject", stream) is None:
        return None
    return {**stated(view), **QUESTIONS[question](ledger, view, stream, query)}
