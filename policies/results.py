"""What lowers a result: what the record of a run says against it, beside the determination that rests on it (domain.md §3).

Most of it informs whoever decides. It stands in the way only where the pack lets a number decide, and people determined it
favourably: then a favourable result needs a complete, successful, unedited run, as it would by rule.
"""

from policies.answer import Finding
from policies.asked import Asked
from policies.determinations import Standing
from policies.facts import Fact

DECISIVE = frozenset({"run-partial", "run-not-successful", "run-edited"})


def result_findings(asked: Asked, name: str, standing: Standing) -> list[Finding]:
    """One finding per reason, naming the runs."""
    if standing.fact is None:
        return []
    runs = _runs(asked, standing.fact)
    against: dict[str, list[Fact]] = {}
    for run in runs:
        for why in lowered(run):
            against.setdefault(why, []).append(run)
    watched = asked.pack.threshold(name)
    numbered = watched is not None and watched.rule is not None
    by_people = standing.fact.body.made == "role" and asked.pack.rank(standing.state or "") == 0
    return [
        asked.finding(
            f"{name} by {_told(why, found)}",
            "unknown" if numbered and by_people and why in DECISIVE else "met",
            why,
            tuple(run.index for run in found),
        )
        for why, found in against.items()
    ]


def _runs(asked: Asked, fact: Fact) -> list[Fact]:
    """The runs that a determination rests on: its own, and those of the earlier one that covers it."""
    earlier: Fact | None = None
    if fact.body.covered_by is not None:
        earlier = asked.state.get("determined", str(fact.body.covered_by.index))
    cited = (*fact.body.evidence, *(() if earlier is None else earlier.body.evidence))
    runs = (asked.state.get("evaluation", key) for key in dict.fromkeys(str(r.index) for r in cited))
    return [run for run in runs if run is not None]


def lowered(run: Fact) -> tuple[str, ...]:
    """What an `evaluation.recorded` says against itself."""
    said = run.body
    declared, ran = said.dataset.samples_declared, said.dataset.samples_run
    revision = said.revision
    found = {
        "not-preregistered": said.preregistration is None,
        "run-partial": declared is not None and ran is not None and ran < declared,
        "run-not-successful": said.status != "success",
        "run-edited": bool(said.edits_detected),
        "revision-dirty": revision is not None and revision.dirty is True,
        "revision-unknown": revision is None or revision.commit is None,
        "run-warned": bool(said.warnings),
    }
    return tuple(why for why, holds in found.items() if holds)


def _told(why: str, runs: list[Fact]) -> str:
    """The runs, in words; how much of the data a partial one saw."""
    if why != "run-partial":
        return ", ".join(f"the run at {run.index}" for run in runs[:8])
    return ", ".join(
        f"the run at {run.index} ({run.body.dataset.samples_run} of {run.body.dataset.samples_declared} samples)"
        for run in runs[:8]
    )
