"""Gates on a number: the criterion's state, the scores that nobody may see, and runs repeated until one passes (domain.md §3)."""

from ledger.state import State
from policies.answer import AsOf, Finding, FindingState, Request
from policies.determinations import standing_determination
from policies.facts import Fact, Published
from policies.framework import Gate


def metric_findings(
    state: State, request: Request, as_of: AsOf, published: Published, gate: Gate, name: str
) -> list[Finding]:
    """Is threshold `name` within its criterion; and, where it is, by no more runs than were announced?"""
    pack = published.pack
    standing = standing_determination(state, request.stream, published, name, as_of)

    def finding(verdict: FindingState, why: str, indexes: tuple[int, ...], of: str = "within its criterion") -> Finding:
        return Finding(pack.id, gate.id, gate.ref, f"{name} {of}", verdict, why, indexes)

    if standing.state is None:
        hidden = _withheld_scores(state, request.stream, published, name)
        if standing.why == "determination-missing" and hidden:
            return [finding("unknown", "score-withheld", hidden)]
        return [finding(standing.finding_state, standing.why, standing.indexes)]
    if pack.rank(standing.state) != 0:
        return [finding("unmet", "criterion-missed", standing.indexes)]
    repeated = _repeated_runs(state, request.stream, published, name)
    more = [finding("unknown", "repeated-runs", repeated, "in the runs announced")] if repeated else []
    return [finding("met", "determined", standing.indexes), *more]


def _runs(state: State, stream: str, published: Published, name: str) -> list[tuple[Fact, tuple[int, ...]]]:
    """Each pre-registration for this threshold, with the indexes of its runs, failed ones too."""
    promised: tuple[int, ...] = state.get("promised", f"{stream}|{published.digest}|{name}") or ()
    return [(state.get("prereg", str(i)), state.get("runs", str(i)) or ()) for i in promised]


def _withheld_scores(state: State, stream: str, published: Published, name: str) -> tuple[int, ...]:
    runs = [i for _, indexes in _runs(state, stream, published, name) for i in indexes]
    return tuple(i for i in runs if not isinstance(state.get("evaluation", str(i)).body.scores, tuple))


def _repeated_runs(state: State, stream: str, published: Published, name: str) -> tuple[int, ...]:
    return tuple(i for p, runs in _runs(state, stream, published, name) if len(runs) > p.body.max_runs for i in runs)
