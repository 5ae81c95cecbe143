"""What state a threshold stands in for a model: the newest sound determination, what rules it out, what makes it stale."""

from dataclasses import dataclass, replace

from ledger.fields import Reference
from ledger.state import State
from policies.answer import AsOf, FindingState
from policies.facts import Fact, Published, tainted
from policies.settling import argues, fallen_evidence, relation_of
from policies.stale import grown, reassessed, registered_far, staleness

Weak = tuple[FindingState, str, tuple[int, ...]]
FALLEN = frozenset({"tainted", "evidence-ended", "evidence-amended"})


@dataclass(frozen=True, slots=True)
class Standing:
    """`state` is a token of the pack, or `None` with the reason why none stands."""

    state: str | None
    why: str
    indexes: tuple[int, ...] = ()
    finding_state: FindingState = "unknown"
    doubt: tuple[str, tuple[int, ...]] | None = None
    """Why the question stays open although a state stands: a newer determination fell, as `why` and indexes."""
    fact: Fact | None = None
    """The determination that says so, where a state stands."""
    weak: Weak | None = None
    """Why an unfavourable state warns, and clears no gate that asks for a worse one: its evidence fell, or it grew stale."""


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
        if broad.state == out.state and broad.fact is not None:
            called = reassessed(state, stream, published, broad.fact, name)
            if called:
                return Standing(None, "reassessment-due", (*broad.indexes, *called), "expired")
            return Standing(out.state, f"ruled-out-by:{other.id}", broad.indexes, fact=broad.fact)
    return own


def _own(state: State, stream: str, published: Published, name: str, as_of: AsOf) -> Standing:
    """The newest determination stands. One whose key or evidence fell leaves the question open, and never hands it back to an
    older favourable one: only an older unfavourable one still counts behind it, and the question stays open beside it."""
    found: tuple[Fact, ...] = state.get("determination", f"{stream}|{published.digest}|{name}") or ()
    floor = _floor(state, stream, published, found, as_of)
    fallen: Standing | None = None
    for fact in reversed(found):
        if fact.back_recorded:
            continue  # history from before the ledger never clears (domain.md §1.1)
        if floor is not None and argues(state, published, floor, fact):
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


def _floor(
    state: State, stream: str, published: Published, found: tuple[Fact, ...], as_of: AsOf
) -> Fact | None:  # fmt: skip
    """The determination by rule that nothing more favourable is said against: the newest whose run stands, if it is
    unfavourable; else the newest provisional one, which a later run of the same screen does not settle."""
    pack, settled = published.pack, False
    for fact in reversed(found):
        if fact.body.made != "rule" or fact.back_recorded:
            continue
        token = pack.state(fact.body.state)
        if (settled and (token is None or not token.provisional)) or (
            _judge(state, stream, published, fact, as_of).why in FALLEN
        ):
            continue
        if token is None or token.rank != 0:
            return fact
        settled = True
    return None


def _judge(state: State, stream: str, published: Published, fact: Fact, as_of: AsOf) -> Standing:
    said = fact.body
    cited = (fact.index, *(e.index for e in said.evidence))
    compromised = tainted(state, fact)
    if compromised is not None:
        return Standing(None, "tainted", (*cited, compromised))
    favourable = published.pack.rank(said.state) == 0
    fallen = fallen_evidence(state, said.evidence)
    retracted: int | None = state.get("retracted", str(fact.index))
    if retracted is not None:
        why, because = fallen or ("evidence-ended", retracted)
        return Standing(None, why, tuple(dict.fromkeys((*cited, because, retracted))))
    # A number is nothing without its run. People's judgement that a danger is there stands without the evidence it cites.
    if fallen is not None and (favourable or said.made == "rule"):
        return Standing(None, fallen[0], (*cited, fallen[1]))
    stale = staleness(state, stream, published, fact, as_of)
    if not favourable:
        # It triggers what it triggers until somebody says otherwise; a gate for a worse state is not passed on it.
        weak: Weak | None = None if stale is None else ("expired", stale[0], (*cited, *stale[1]))
        if fallen is not None:
            weak = "unknown", fallen[0], (*cited, fallen[1])
        return Standing(said.state, "determined", cited, fact=fact, weak=weak)
    if stale is not None:
        return Standing(None, stale[0], (*cited, *stale[1]), "expired")
    if said.covered_by is not None:
        return _covered(state, stream, published, fact, as_of)
    relatives = _relatives(state, stream, said.evidence)
    if not relatives:
        return Standing(said.state, "determined", cited, fact=fact)
    far = tuple(i for of in relatives for i in registered_far(state, stream, published.pack.reassess, of))
    if far:
        return Standing(None, "determination-compute", (*cited, *far), "expired")
    relation = next(iter(relatives.values()))
    return Standing(said.state, f"determined-on-relative:{relation}", cited, fact=fact)


def _relatives(state: State, stream: str, evidence: tuple[Reference, ...]) -> dict[str, str]:
    """The other models whose runs speak for this one, each with the registered relation through which they do."""
    runs: list[Fact] = [f for r in evidence if (f := state.get("evaluation", str(r.index))) is not None]
    others = dict.fromkeys(run.stream for run in runs if run.stream != stream)
    return {other: relation for other in others if (relation := relation_of(state, other, stream)) is not None}


def _covered(state: State, stream: str, published: Published, fact: Fact, as_of: AsOf) -> Standing:
    """The determination of an earlier model stands for this one, as long as it stands for its own (RSP 2.2 section 3.1)."""
    said, pack = fact.body, published.pack
    earlier: Fact | None = state.get("determined", str(said.covered_by.index))
    if earlier is None or earlier.body.covered_by is not None:
        return Standing(None, "covering-unknown", (fact.index,))
    cited = (fact.index, earlier.index)
    judged = _judge(state, earlier.stream, published, earlier, as_of)
    if judged.state is None:
        return Standing(None, judged.why, (*cited, *judged.indexes[1:]), judged.finding_state)
    others: tuple[Fact, ...] = state.get("determination", f"{earlier.stream}|{published.digest}|{said.threshold}") or ()
    worse = [f.index for f in others if f.index > earlier.index and pack.rank(f.body.state) != 0]
    if pack.rank(judged.state) != 0 or worse:
        return Standing(None, "covering-worsened", (*cited, *worse))
    far = (*registered_far(state, stream, pack.reassess, earlier.stream), *grown(state, stream, pack.reassess))
    if far:
        return Standing(None, "determination-compute", (*cited, *far), "expired")
    return Standing(said.state, "covered", cited, fact=fact)
