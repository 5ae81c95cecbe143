"""What state a threshold stands in for a model: the newest sound determination, what rules it out, what makes it stale."""

from dataclasses import dataclass, replace

from ledger.fields import Reference
from ledger.state import State
from ledger.strict import decimal_value
from policies.answer import AsOf, FindingState
from policies.calendar import add_months
from policies.facts import Fact, Published, tainted
from policies.numbers import exact
from policies.pack_parts import Reassess

FALLEN = frozenset({"tainted", "evidence-ended", "evidence-amended"})
RELATED = frozenset({"helpful_only_of", "checkpoint_of"})
"""Relations through which an evaluation of one model may be evidence for another (domain.md §3)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """`state` is a token of the pack, or `None` with the reason why none stands."""

    state: str | None
    why: str
    indexes: tuple[int, ...] = ()
    finding_state: FindingState = "unknown"
    doubt: tuple[str, tuple[int, ...]] | None = None
    """Why the question stays open although a state stands: a newer determination fell, as `why` and indexes."""


def recorded_compute(state: State, stream: str, fact: str) -> tuple[Fact, ...]:
    """Recorded compute facts of that name, oldest first; also tainted and back-recorded ones."""
    return state.get("compute", f"{stream}|{fact}") or ()


def relation_of(state: State, one: str, other: str) -> str | None:
    """The registered relation, either way round, that lets evidence about one model speak for the other."""
    for child, parent in ((one, other), (other, one)):
        fact: Fact | None = state.get("model", child)
        if fact is not None and fact.body.parent == parent and fact.body.relation in RELATED:
            return str(fact.body.relation)
    return None


def standing_determination(state: State, stream: str, published: Published, name: str, as_of: AsOf) -> Standing:
    """The state of threshold `name` for the model in `stream`."""
    own = _own(state, stream, published, name, as_of)
    if own.state is not None or own.why != "determination-missing":
        return own
    for other in published.pack.thresholds:
        out = other.rules_out
        if out is None or name not in out.thresholds:
            continue
        broad = _own(state, stream, published, other.id, as_of)
        if broad.state == out.state:
            return Standing(out.state, f"ruled-out-by:{other.id}", broad.indexes)
    return own


def _own(state: State, stream: str, published: Published, name: str, as_of: AsOf) -> Standing:
    """The newest determination stands. One whose key or evidence fell leaves the question open, and never hands it back to an
    older favourable one: only an older unfavourable one still counts behind it, and the question stays open beside it."""
    found: tuple[Fact, ...] = state.get("determination", f"{stream}|{published.digest}|{name}") or ()
    failed = _failed_number(state, stream, published, found, as_of)
    fallen: Standing | None = None
    for fact in reversed(found):
        if fact.back_recorded:
            continue  # history from before the ledger never clears (domain.md §1.1)
        if failed is not None and fact.body.made == "role" and published.pack.rank(fact.body.state) == 0:
            continue  # people don't argue a number away; a new run, or none that stands, makes room for them
        judged = _judge(state, stream, published, fact, as_of)
        if judged.why in FALLEN:
            fallen = fallen or judged
        elif fallen is None:
            return judged
        elif judged.state is None or published.pack.rank(judged.state) == 0:
            return fallen
        else:
            return replace(judged, doubt=(fallen.why, fallen.indexes))
    return fallen or Standing(None, "determination-missing")


def _failed_number(
    state: State, stream: str, published: Published, found: tuple[Fact, ...], as_of: AsOf
) -> Fact | None:
    """The newest determination by rule, if it is unfavourable and its run still stands."""
    ruled = next((f for f in reversed(found) if f.body.made == "rule" and not f.back_recorded), None)
    if ruled is None or published.pack.rank(ruled.body.state) == 0:
        return None
    return None if _judge(state, stream, published, ruled, as_of).state is None else ruled


def _judge(state: State, stream: str, published: Published, fact: Fact, as_of: AsOf) -> Standing:
    said = fact.body
    cited = (fact.index, *(e.index for e in said.evidence))
    compromised = tainted(state, fact)
    if compromised is not None:
        return Standing(None, "tainted", (*cited, compromised))
    favourable = published.pack.rank(said.state) == 0
    fallen = _fallen_evidence(state, said.evidence)
    # A number is nothing without its run. People's judgement that a danger is there stands without the evidence it cites.
    if fallen is not None and (favourable or said.made == "rule"):
        return Standing(None, fallen[0], (*cited, fallen[1]))
    if not favourable:
        return Standing(said.state, "determined", cited)
    stale = _stale(state, stream, published, fact, as_of)
    if stale is not None:
        return Standing(None, stale, cited, "expired")
    if said.covered_by is not None:
        return _covered(state, stream, published, fact, as_of)
    return Standing(said.state, _relative(state, fact) or "determined", cited)


def _fallen_evidence(state: State, evidence: tuple[Reference, ...]) -> tuple[str, int] | None:
    """What has become of the evidence that a determination cites, and the entry that says so; `None` where all of it stands."""
    amended: tuple[str, int] | None = None
    for reference in evidence:
        key = str(reference.index)
        fact: Fact | None = state.get("evaluation", key) or state.get("attested", key) or state.get("submitted", key)
        compromised = None if fact is None else tainted(state, fact)
        if compromised is not None:
            return "tainted", compromised
        ended: int | None = state.get("ended", key)
        if ended is not None:
            return "evidence-ended", ended
        for index in state.get("amended", key) or ():
            if not state.get("amendment", str(index)).only_encoding:
                amended = "evidence-amended", index
    return amended


def _relative(state: State, fact: Fact) -> str | None:
    """The relation through which evidence of another model speaks for this one: findings say so."""
    for reference in fact.body.evidence:
        run: Fact | None = state.get("evaluation", str(reference.index))
        if run is not None and run.stream not in fact.body.subjects:
            related = (relation_of(state, run.stream, s) for s in fact.body.subjects)
            return f"determined-on-relative:{next((r for r in related if r is not None), 'none')}"
    return None


def _covered(state: State, stream: str, published: Published, fact: Fact, as_of: AsOf) -> Standing:
    """The determination of an earlier model stands for this one, as long as it stands for its own (RSP 2.2 section 3.1)."""
    said, pack = fact.body, published.pack
    earlier: Fact | None = state.get("determined", str(said.covered_by.index))
    if earlier is None or earlier.body.covered_by is not None:
        return Standing(None, "covering-unknown", (fact.index,))
    cited = (fact.index, earlier.index)
    judged = _judge(state, earlier.stream, published, earlier, as_of)
    if judged.state is None:
        return Standing(None, judged.why, cited, judged.finding_state)
    others: tuple[Fact, ...] = state.get("determination", f"{earlier.stream}|{published.digest}|{said.threshold}") or ()
    worse = [f.index for f in others if f.index > earlier.index and pack.rank(f.body.state) != 0]
    if pack.rank(judged.state) != 0 or worse:
        return Standing(None, "covering-worsened", (*cited, *worse))
    if pack.reassess is not None and pack.reassess.compute_fact is not None:
        registered: Fact | None = state.get("model", stream)
        grown = None if registered is None else registered.body.effective_compute
        measured = recorded_compute(state, stream, pack.reassess.compute_fact)
        far = (grown is not None and grown.of == earlier.stream and _reaches(grown.ratio, pack.reassess)) or any(
            tainted(state, c) is not None or _reaches(c.body.ratio, pack.reassess) for c in measured
        )
        if far:
            return Standing(None, "determination-compute", cited, "expired")
    return Standing(said.state, "covered", cited)


def _reaches(ratio: str, rules: Reassess) -> bool:
    """Whether a compute ratio makes a determination stale; one that can't be read does."""
    value = exact(ratio)
    return rules.compute_ratio is not None and (value is None or value >= decimal_value(rules.compute_ratio))


def _stale(state: State, stream: str, published: Published, fact: Fact, as_of: AsOf) -> str | None:
    """Only a favourable determination grows stale: time never softens an unfavourable one."""
    said, rules = fact.body, published.pack.reassess
    if said.review_by is not None and as_of.time > said.review_by:
        return "determination-review-due"
    if rules is None:
        return None
    made = min(
        fact.recorded_at, fact.occurred_at or fact.recorded_at
    )  # recording a judgement late does not make it young
    if rules.max_age_months is not None and as_of.time > add_months(made, rules.max_age_months):
        return "determination-stale"
    if rules.compute_fact is not None:
        # A tainted measurement may hide growth: a favourable answer does not outlive it.
        later = [c for c in recorded_compute(state, stream, rules.compute_fact) if c.index > fact.index]
        if any(tainted(state, c) is not None or _reaches(c.body.ratio, rules) for c in later):
            return "determination-compute"
    return None
