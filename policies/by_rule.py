"""What a number decides, where a pack lets it: determinations by rule in the batch of their cause, and their retractions.

A favourable state needs all that speaks for it: a complete, successful, unedited run that was announced; for compute, no higher
number beside it. An unfavourable one needs only the number.
"""

from ledger.event import Derived, Event
from ledger.events import evaluation, model, threshold
from ledger.fields import Reference
from ledger.state import State
from policies.binding import binding_packs, versions
from policies.facts import Fact, Published
from policies.numbers import TRAINING, compare, exact
from policies.pack_parts import Threshold


def determined_by_rule(state: State, event: Event) -> tuple[Derived, ...]:
    """The determinations that follow from a result against its pre-registration, or from recorded compute."""
    match event.body:
        case evaluation.Recorded():
            return _by_result(state, event, event.body)
        case model.Registered() as said if said.training_ops is not None:
            # What the parent's training took is not in this number: it can show too much, and never that it is little.
            return _by_compute(state, event, TRAINING, said.training_ops, whole=said.parent is None)
        case model.ComputeReached() as said if said.fact is not None:
            return _by_compute(state, event, said.fact, said.ratio, whole=True)
        case _:
            return ()


def _by_result(state: State, event: Event, said: evaluation.Recorded) -> tuple[Derived, ...]:
    scores = evaluation.metrics_of(said.scores)
    if said.preregistration is None or scores is None:
        return ()
    promised: Fact = state.get("prereg", str(said.preregistration.entry.index))
    published: Published = state.get("published", promised.body.framework)
    watched = published.pack.threshold(promised.body.threshold)
    values = [s for s in scores if (s.scorer, s.name) == (promised.body.scorer, promised.body.metric)]
    if watched is None or len(values) != 1:
        return ()
    whole = said.preregistration.outcome == "matches" and not event.back_recorded
    return _determination(event, published, watched, values[0].value, whole=whole)


def _by_compute(state: State, event: Event, metric: str, value: str, *, whole: bool) -> tuple[Derived, ...]:
    """Thresholds that decide who is bound, of the packs in question: those that bind now, and the newest text of each law, so
    that a law not yet in force is judged already. A lower number takes nothing back while a higher one stands."""
    laws = (versions(state, name)[-1] for name in state.get("packs", "laws") or ())
    packs = {p.digest: p for p in (*binding_packs(state, event.recorded_at), *laws)}
    found: list[Derived] = []
    for published in sorted(packs.values(), key=lambda p: p.index):
        for watched in published.pack.thresholds:
            if watched.kind != "scope" or watched.rule is None or watched.rule.metric != metric:
                continue
            key = f"{event.stream}|{published.digest}|{watched.id}"
            known: tuple[Fact, ...] = state.get("determination", key) or ()
            higher = any(f.body.made == "rule" and published.pack.rank(f.body.state) != 0 for f in known)
            allowed = whole and not higher and not event.back_recorded
            found += _determination(event, published, watched, value, whole=allowed)
    return tuple(found)


def _determination(
    event: Event, published: Published, watched: Threshold, value: str, *, whole: bool
) -> tuple[Derived, ...]:  # fmt: skip
    """The state that the number shows; a favourable one only where `whole`."""
    rule = watched.rule
    if rule is None or exact(value) is None:
        return ()
    token = rule.holds if compare(value, rule.comparator, rule.value) else rule.fails
    if published.pack.rank(token) == 0 and not whole:
        return ()
    body = threshold.Determined(
        evidence=(Reference(index=event.index, leaf=event.leaf),),
        framework=published.digest,
        made="rule",
        precautionary=False,
        review_by=None,
        state=token,
        subjects=(event.stream,),
        threshold=watched.id,
    )
    return (Derived(body, event.stream, event.subject),)


def retracted_by_rule(state: State, event: Event) -> tuple[Derived, ...]:
    """A result that is amended or invalidated takes what was determined by rule on it along, once."""
    said = event.body
    match said:
        case evaluation.Invalidated():
            result = said.evaluation
        case evaluation.Amended() if not said.only_encoding:
            result = said.amends
        case _:
            return ()
    because = Reference(index=event.index, leaf=event.leaf)
    ruled: list[Fact] = [state.get("determined", str(i)) for i in state.get("ruled", str(result.index)) or ()]
    return tuple(
        Derived(
            threshold.Retracted(
                because=because,
                determination=Reference(index=fact.index, leaf=fact.leaf),
                framework=fact.body.framework,
                threshold=fact.body.threshold,
            ),
            event.stream,
            event.subject,
        )
        for fact in ruled
        if state.get("retracted", str(fact.index)) is None
    )
