"""Gates on a number: the criterion's state, the scores that nobody may see, and runs repeated until one passes (domain.md §3)."""

from ledger.events.evaluation import metrics_of
from ledger.state import State
from policies.answer import Finding, FindingState
from policies.asked import Asked
from policies.facts import Fact, Published
from policies.results import result_findings


def metric_findings(asked: Asked, name: str) -> list[Finding]:
    """Is threshold `name` within its criterion; and, where it is, by no more runs than were announced?"""
    state, stream, published = asked.state, asked.request.stream, asked.published
    standing = asked.standing(name)

    def finding(verdict: FindingState, why: str, indexes: tuple[int, ...], of: str = "within its criterion") -> Finding:
        return asked.finding(f"{name} {of}", verdict, why, indexes)

    if standing.state is None:
        if standing.why == "determination-missing":
            return [finding("unknown", *_why_undecided(state, stream, published, name))]
        return [finding(standing.finding_state, standing.why, standing.indexes)]
    if published.pack.rank(standing.state) != 0:
        return [finding("unmet", "criterion-missed", standing.indexes)]
    repeated = _repeated_runs(state, stream, published, name)
    more = [finding("unknown", "repeated-runs", repeated, "in the runs announced")] if repeated else []
    again = _announced_again(state, stream, published, name)
    if again:
        more.append(finding("met", "announced-again", again, "by the run announced first"))
    early = _early_runs(state, standing.indexes)
    if early:
        more.append(finding("met", "run-before-preregistration", early, "run after it was announced, as the log says"))
    return [finding("met", "determined", standing.indexes), *more, *result_findings(asked, name, standing)]


def _runs(state: State, stream: str, published: Published, name: str) -> list[tuple[Fact, tuple[int, ...]]]:
    """Each pre-registration for this threshold, with the indexes of its runs, failed ones too."""
    promised: tuple[int, ...] = state.get("promised", f"{stream}|{published.digest}|{name}") or ()
    return [(state.get("prereg", str(i)), state.get("runs", str(i)) or ()) for i in promised]


def _why_undecided(state: State, stream: str, published: Published, name: str) -> tuple[str, tuple[int, ...]]:
    """Why no number decides: scores that nobody may see, a run that can't be favourable, or none yet (T30)."""
    promised = _runs(state, stream, published, name)
    runs: list[Fact] = [state.get("evaluation", str(i)) for _, indexes in promised for i in indexes]
    hidden = tuple(f.index for f in runs if metrics_of(f.body.scores) is None)
    if hidden:
        return "score-withheld", hidden
    if runs:
        newest = max(runs, key=lambda f: f.index)
        return f"run-{newest.body.preregistration.outcome}", (newest.index,)
    if promised:
        return "evidence-pending", tuple(p.index for p, _ in promised)
    return "determination-missing", ()


def _announced_again(state: State, stream: str, published: Published, name: str) -> tuple[int, ...]:
    """All runs, where more than one announcement has some: who announces until one passes is seen doing it."""
    used = [runs for _, runs in _runs(state, stream, published, name) if runs]
    return tuple(i for runs in used for i in runs) if len(used) > 1 else ()


def _early_runs(state: State, indexes: tuple[int, ...]) -> tuple[int, ...]:
    """Runs whose log says that they started before their pre-registration was recorded. The tool's clock is a claim, so this
    is shown and decides nothing (docs/adr/0004).
    """
    found: list[int] = []
    for index in indexes:
        run: Fact | None = state.get("evaluation", str(index))
        if run is None or run.body.preregistration is None or run.body.started_at is None:
            continue
        promised: Fact = state.get("prereg", str(run.body.preregistration.entry.index))
        if run.body.started_at < promised.recorded_at:
            found.append(index)
    return tuple(found)


def _repeated_runs(state: State, stream: str, published: Published, name: str) -> tuple[int, ...]:
    return tuple(i for p, runs in _runs(state, stream, published, name) if len(runs) > p.body.max_runs for i in runs)
