"""What state a threshold stands in for a model: the newest sound determination, what rules it out, what makes it stale."""

from dataclasses import dataclass
from fractions import Fraction

from ledger.errors import Malformed
from ledger.state import State
from ledger.strict import decimal_value
from policies.answer import AsOf, FindingState
from policies.calendar import add_months
from policies.facts import Fact, Published, tainted
from policies.pack import Reassess

FALLEN = frozenset({"tainted", "evidence-ended"})


@dataclass(frozen=True, slots=True)
class Standing:
    """`state` is a token of the pack, or `None` with the reason why none stands."""

    state: str | None
    why: str
    indexes: tuple[int, ...] = ()
    finding_state: FindingState = "unknown"


def exact(text: str) -> Fraction | None:
    """A stated or measured number, or `None` where it is no canonical decimal (words, or minus zero)."""
    try:
        return decimal_value(text)
    except Malformed:
        return None


def newest_compute(state: State, stream: str, fact: str) -> Fact | None:
    """The newest recorded compute fact of that name that no compromised key signed."""
    facts: tuple[Fact, ...] = state.get("compute", f"{stream}|{fact}") or ()
    return next((f for f in reversed(facts) if tainted(state, f) is None), None)


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
    older favourable one: only an older unfavourable one still counts behind it."""
    found: tuple[Fact, ...] = state.get("determination", f"{stream}|{published.digest}|{name}") or ()
    fallen: Standing | None = None
    for fact in reversed(found):
        if fact.back_recorded:
            continue  # history from before the ledger never clears (domain.md §1.1)
        judged = _judge(state, stream, published, fact, as_of)
        if judged.why in FALLEN:
            fallen = fallen or judged
        elif fallen is not None and (judged.state is None or published.pack.rank(judged.state) == 0):
            return fallen
        else:
            return judged
    return fallen or Standing(None, "determination-missing")


def _judge(state: State, stream: str, published: Published, fact: Fact, as_of: AsOf) -> Standing:
    said = fact.body
    cited = (fact.index, *(e.index for e in said.evidence)) if said.made == "rule" else (fact.index,)
    if tainted(state, fact) is not None:
        return Standing(None, "tainted", cited)
    evidence: list[Fact] = [e for i in cited[1:] if (e := state.get("evaluation", str(i))) is not None]
    if any(state.get("ended", str(i)) is not None for i in cited[1:]):
        return Standing(None, "evidence-ended", cited)
    if any(tainted(state, e) is not None for e in evidence):
        return Standing(None, "tainted", cited)
    if published.pack.rank(said.state) != 0:
        return Standing(said.state, "determined", cited)
    stale = _stale(state, stream, published, fact, as_of)
    if stale is not None:
        return Standing(None, stale, cited, "expired")
    if said.covered_by is not None:
        return _covered(state, stream, published, fact, as_of)
    return Standing(said.state, "determined", cited)


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
        compute = newest_compute(state, stream, pack.reassess.compute_fact)
        far = (grown is not None and grown.of == earlier.stream and _reaches(grown.ratio, pack.reassess)) or (
            compute is not None and _reaches(compute.body.ratio, pack.reassess)
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
    if rules.max_age_months is not None and as_of.time > add_months(fact.recorded_at, rules.max_age_months):
        return "determination-stale"
    if rules.compute_fact is not None:
        compute = newest_compute(state, stream, rules.compute_fact)
        if compute is not None and compute.index > fact.index and _reaches(compute.body.ratio, rules):
            return "determination-compute"
    return None
