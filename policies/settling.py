"""What a determination is worth beside the number, and what has become of the evidence that it cites."""

from ledger.fields import Reference
from ledger.state import State
from policies.facts import Fact, Published, tainted

RELATED = frozenset({"helpful_only_of", "checkpoint_of"})
"""Relations through which an evaluation of one model may be evidence for another (domain.md §3)."""
CITED = ("evaluation", "attested", "submitted", "measured", "determined")


def relation_of(state: State, one: str, other: str) -> str | None:
    """The registered relation, either way round, that lets evidence about one model speak for the other."""
    for child, parent in ((one, other), (other, one)):
        fact: Fact | None = state.get("model", child)
        if fact is not None and fact.body.parent == parent and fact.body.relation in RELATED:
            return str(fact.body.relation)
    return None


def fallen_evidence(state: State, evidence: tuple[Reference, ...]) -> tuple[str, int] | None:
    """What has become of the evidence that a determination cites, and the entry that says so; `None` where all of it stands."""
    amended: tuple[str, int] | None = None
    for reference in evidence:
        key = str(reference.index)
        fact: Fact | None = next((f for t in CITED if (f := state.get(t, key)) is not None), None)
        compromised = None if fact is None else tainted(state, fact)
        if compromised is not None:
            return "tainted", compromised
        ended: int | None = state.get("ended", key) or state.get("retracted", key)
        if ended is not None:
            return "evidence-ended", ended
        degraded: tuple[Fact, ...] = state.get("degraded", key) or ()
        if degraded:
            return "evidence-ended", degraded[0].index
        for index in state.get("amended", key) or ():
            if not state.get("amendment", str(index)).only_encoding:
                amended = "evidence-amended", index
    return amended


def argues(state: State, published: Published, floor: Fact, fact: Fact) -> bool:
    """Whether `fact` says something more favourable than the number does, without what would entitle it to.

    A provisional state is settled by people who cite another evaluation than the screen, never by the screen run again. At a
    threshold that decides who is bound, people may say what the number cannot: that a presumption is rebutted.
    """
    pack, said = published.pack, fact.body
    mine, theirs = pack.rank(said.state), pack.rank(floor.body.state)
    if fact.index == floor.index or mine is None or theirs is None or mine >= theirs:
        return False
    token = pack.state(floor.body.state)
    if token is not None and token.provisional:
        return said.made == "rule" or fact.index < floor.index or not _settles(state, floor, said.evidence)
    if said.made == "rule":
        return False
    watched = pack.threshold(said.threshold)
    if watched is not None and watched.kind == "scope" and watched.rule is not None:
        return said.state in (watched.rule.holds, watched.rule.fails)
    return True


def _settles(state: State, floor: Fact, evidence: tuple[Reference, ...]) -> bool:
    """Whether some run cited is a successful one of another task than those that the provisional state rests on."""
    screens = {run.body.task for r in floor.body.evidence if (run := state.get("evaluation", str(r.index))) is not None}
    cited: list[Fact] = [f for r in evidence if (f := state.get("evaluation", str(r.index))) is not None]
    return any(f.body.task not in screens and f.body.status == "success" for f in cited)
