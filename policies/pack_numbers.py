"""The numbers of two versions of a threshold, compared: a number that is dropped is the first thing that a reader must see."""

from collections.abc import Iterator

from policies.pack import Pack
from policies.pack_compare import NONE, Step, limit, said, softened, step
from policies.pack_gate import Statistic
from policies.pack_parts import Threshold


def numbers(before: Pack, old: Threshold | None, after: Pack, new: Threshold | None) -> Iterator[tuple[str, Step]]:
    """Each number that either version names, by what is measured and where."""
    was, stands = _named(old), _named(new)
    for name in dict.fromkeys((*was, *stands)):
        one, another = was.get(name), stands.get(name)
        if one is None and another is not None:
            yield name, step("added", NONE, _said(after, new, another))
        elif another is None and one is not None:
            yield name, step("vanished", _said(before, old, one), NONE)
        elif one is not None and another is not None and old is not None and new is not None:
            found = limit(one, another, accepts=_accepts(before, old) and _accepts(after, new))
            if found is not None:
                yield name, found
    if old is not None and new is not None and old.determination.metric == new.determination.metric:
        decides = softened(old.rule is None, new.rule is None)
        if decides is not None:
            yield "decides by rule", step(decides[0], old.rule is not None, new.rule is not None)


def _named(threshold: Threshold | None) -> dict[str, Statistic]:
    """Every number that a threshold names, by its metric, and by the step that it belongs to."""
    if threshold is None:
        return {}
    said_of = threshold.determination
    found = {}
    if said_of.metric is not None and said_of.comparator is not None and said_of.value is not None:
        found[said_of.metric] = Statistic(comparator=said_of.comparator, metric=said_of.metric, value=said_of.value)
    if said_of.confirm is not None:
        found[f"{said_of.confirm.metric}, confirming"] = said_of.confirm
    return found | {f"{s.metric}, one of several": s for s in said_of.any_of}


def _said(pack: Pack, threshold: Threshold | None, number: Statistic) -> str:
    """A number, and what it settles where it decides by rule."""
    rule = None if threshold is None else threshold.rule
    if rule is None or rule.metric != number.metric:
        return said(number)
    return f"{said(number)} decides: {rule.holds}, else {rule.fails}"


def _accepts(pack: Pack, threshold: Threshold) -> bool:
    """Whether all is well where the number holds; else it triggers something."""
    if threshold.rule is not None:
        return pack.favourable(threshold.rule.holds)
    return threshold.kind == "criterion"
