"""What state a threshold stands in for a model: the newest sound determination, what rules it out, what makes it stale."""

from dataclasses import dataclass

from ledger.state import State
from ledger.strict import decimal_value
from policies.answer import AsOf, FindingState
from policies.calendar import add_months
from policies.facts import Fact, Published, tainted


@dataclass(frozen=True, slots=True)
class Standing:
    """`state` is a token of the pack, or `None` with the reason why none stands."""

    state: str | None
    why: str
    indexes: tuple[int, ...] = ()
    finding_state: FindingState = "unknown"


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
    found: tuple[Fact, ...] = state.get("determination", f"{stream}|{published.digest}|{name}") or ()
    last: Standing | None = None
    for fact in reversed(found):
        if fact.back_recorded:
            continue  # history from before the ledger never clears (domain.md §1.1)
        sound = _judge(state, stream, published, fact, as_of)
        if sound.state is not None:
            return sound
        last = last or sound
        if sound.why not in ("tainted", "evidence-ended"):
            return sound
    return last or Standing(None, "determination-missing")


def _judge(state: State, stream: str, published: Published, fact: Fact, as_of: AsOf) -> Standing:
    said = fact.body
    since = tainted(state, fact)
    if since is not None:
        return Standing(None, "tainted", (fact.index,))
    if said.made == "rule" and any(state.get("ended", str(e.index)) is not None for e in said.evidence):
        return Standing(None, "evidence-ended", (fact.index,))
    if published.pack.rank(said.state) != 0:
        return Standing(said.state, "determined", (fact.index,))
    stale = _stale(state, stream, published, fact, as_of)
    if stale is not None:
        return Standing(None, stale, (fact.index,), "expired")
    if said.covered_by is not None:
        return Standing(said.state, "covered", (fact.index, said.covered_by.index))
    return Standing(said.state, "determined", (fact.index,))


def _stale(state: State, stream: str, published: Published, fact: Fact, as_of: AsOf) -> str | None:
    """Only a favourable determination grows stale: time never softens an unfavourable one."""
    said, rules = fact.body, published.pack.reassess
    made = fact.recorded_at
    if said.covered_by is not None:
        covered: str | None = state.get("determined_at", str(said.covered_by.index))
        made = min(made, covered) if covered is not None else made
    if said.review_by is not None and as_of.time > said.review_by:
        return "determination-review-due"
    if rules is None:
        return None
    if rules.max_age_months is not None and as_of.time > add_months(made, rules.max_age_months):
        return "determination-stale"
    if rules.compute_fact is not None and rules.compute_ratio is not None:
        compute = newest_compute(state, stream, rules.compute_fact)
        if (
            compute is not None
            and compute.index > fact.index
            and decimal_value(compute.body.ratio) >= decimal_value(rules.compute_ratio)
        ):
            return "determination-compute"
    return None
