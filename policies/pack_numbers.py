"""The numbers of two versions of a threshold, compared: a number that is dropped is the first thing that a reader must see."""

from collections.abc import Iterator

from policies.pack import Pack
from policies.pack_compare import ABSENT, Step, limit, said, softened, step
from policies.pack_gate import Statistic
from policies.pack_parts import Threshold

Numbers = dict[tuple[str, str], Statistic]
"""By metric, and by which step it belongs to: "" the number itself."""


def numbers(before: Pack, old: Threshold | None, after: Pack, new: Threshold | None) -> Iterator[tuple[str, Step]]:
    """Each number that either version names, by the step that it belongs to."""
    was, stands = _named(old), _named(new)
    for key in dict.fromkeys((*was, *stands)):
        (_, what), one, another = key, was.get(key), stands.get(key)
        if one is None and another is not None:
            yield what, step("added", ABSENT, _said(new, another))
        elif another is None and one is not None:
            yield what, step("vanished", _said(old, one), ABSENT)
        elif one is not None and another is not None and old is not None and new is not None:
            found = limit(one, another, accepts=_accepts(before, old) and _accepts(after, new))
            if found is not None:
                yield what, found
    if old is not None and new is not None and old.determination.metric == new.determination.metric:
        decides = softened(old.rule is None, new.rule is None)
        if decides is not None:
            yield "decides by rule", step(decides[0], old.rule is not None, new.rule is not None)


def _named(threshold: Threshold | None) -> Numbers:
    if threshold is None:
        return {}
    said_of = threshold.determination
    found: Numbers = {}
    if said_of.metric is not None and said_of.comparator is not None and said_of.value is not None:
        found[said_of.metric, ""] = Statistic(comparator=said_of.comparator, metric=said_of.metric, value=said_of.value)
    if said_of.metric is not None and said_of.upper is not None:
        found[said_of.metric, "upper end"] = Statistic(comparator="<=", metric=said_of.metric, value=said_of.upper)
    if said_of.confirm is not None:
        found[said_of.confirm.metric, "confirming"] = said_of.confirm
    return found | {(s.metric, "one of several"): s for s in said_of.any_of}


def _said(threshold: Threshold | None, number: Statistic) -> str:
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
