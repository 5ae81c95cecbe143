"""What one pack asks less, more or otherwise than another: for who reads a new version of a framework. Pure.

Clauses are paired by id. What vanished comes first, gates before numbers before thresholds; then what is weaker, changed,
stronger, added. A way out (an exception, a fallback) that is new makes its framework weaker. References alone are no change.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from policies.pack import Pack
from policies.pack_compare import ABSENT, Kind, Step, step
from policies.pack_numbers import numbers
from policies.pack_tables import LISTED, PARTS, WHOLE, Part, Reading
from policies.pack_words import sourced_words

KINDS: tuple[Kind, ...] = ("vanished", "weaker", "changed", "stronger", "added")
WORSE = frozenset({"vanished", "weaker"})


@dataclass(frozen=True, slots=True)
class Change:
    """One line: `what` of clause `id` in `part` stood as `before`, and stands as `after`, both for people.

    `sourced_*` say how well either side is known (primary, secondary, presumed), `None` where the clause is absent.
    """

    kind: Kind
    part: str
    id: str
    what: str
    before: str
    after: str
    ref_before: str | None = None
    ref_after: str | None = None
    sourced_before: str | None = None
    sourced_after: str | None = None


@dataclass(frozen=True, slots=True)
class _Side:
    """A clause in one of the two packs."""

    pack: Pack
    clause: Any

    def ref(self) -> str | None:
        found: str | None = getattr(self.clause, "ref", None)
        return found

    def sourced(self) -> str | None:
        return None if self.clause is None else sourced_words(self.pack, self.clause)


def diff_packs(before: Pack, after: Pack) -> tuple[Change, ...]:
    """Every difference, the worst first. Nothing is left out because it is presumed: its line says so."""
    found = [*_clauses(before, after), *_numbers(before, after), *_whole(before, after)]
    places = {p: n for n, p in enumerate(("gates", "numbers", *(p.name for p in PARTS if p.name != "gates"), "pack"))}
    return tuple(sorted(found, key=lambda c: (KINDS.index(c.kind), places[c.part])))


def counts(changes: tuple[Change, ...]) -> dict[Kind, int]:
    """How many of each kind, the worst first."""
    told = Counter(c.kind for c in changes)
    return {kind: told[kind] for kind in KINDS}


def is_weaker(changes: tuple[Change, ...]) -> bool:
    """Whether anything vanished or grew weaker."""
    return any(c.kind in WORSE for c in changes)


def _clauses(before: Pack, after: Pack) -> Iterator[Change]:
    for part in PARTS:
        old = {c.id: c for c in getattr(before, part.name)}
        new = {c.id: c for c in getattr(after, part.name)}
        for name in dict.fromkeys((*old, *new)):
            sides = _Side(before, old.get(name)), _Side(after, new.get(name))
            for what, found in _clause(part, old.get(name), new.get(name)):
                yield _change(part.name, name, what, found, *sides)


def _clause(part: Part, old: Any, new: Any) -> Iterator[tuple[str, Step]]:
    """How one clause differs; whole where it stands on one side only."""
    if old is None:
        yield "", step(part.gained, ABSENT, part.says(new))
    elif new is None:
        yield "", step(part.lost, part.says(old), ABSENT)
    else:
        yield from _fields(part.fields, old, new)
        for reading in part.readings:
            yield from reading(old, new)


def _fields(fields: Any, old: Any, new: Any) -> Iterator[tuple[str, Step]]:
    for name, rule in fields.items():
        found = rule(getattr(old, name), getattr(new, name))
        if found is not None:
            yield name.replace("_", " "), found


def _numbers(before: Pack, after: Pack) -> Iterator[Change]:
    old = {t.id: t for t in before.thresholds}
    new = {t.id: t for t in after.thresholds}
    for name in dict.fromkeys((*old, *new)):
        sides = _Side(before, old.get(name)), _Side(after, new.get(name))
        for what, found in numbers(before, old.get(name), after, new.get(name)):
            yield _change("numbers", name, what, found, *sides)


def _whole(before: Pack, after: Pack) -> Iterator[Change]:
    """What stands once in a pack."""
    sides = _Side(before, before.source), _Side(after, after.source)
    for what, found in _fields(WHOLE, before, after):
        yield _change("pack", after.id, what, found, *sides)
    for name, fields in LISTED.items():
        old, new = getattr(before, name), getattr(after, name)
        if old is None or new is None:
            sides_said = (ABSENT if old is None else old), (ABSENT if new is None else new)
            one_sided = step("vanished" if new is None else "added", *sides_said)
            steps: Reading = iter(() if old is new else (("", one_sided),))
        else:
            steps = _fields(fields, old, new)
        for what, told in steps:
            named = _Side(before, old), _Side(after, new)
            yield _change("pack", after.id, f"{name.replace('_', ' ')} {what}".strip(), told, *named)


def _change(part: str, name: str, what: str, found: Step, old: _Side, new: _Side) -> Change:
    kind, before, after = found
    return Change(kind, part, name, what, before, after, old.ref(), new.ref(), old.sourced(), new.sourced())


def line(change: Change) -> str:
    """The line for people: kind, clause with its reference, what, both sides; a side that is not primary says so."""
    ref = change.ref_after or change.ref_before
    one = {p.name: p.one for p in PARTS}.get(change.part, change.part.removesuffix("s"))
    named = (change.kind, one, *(() if change.part == "pack" else (change.id,)), change.what)
    sides = [
        text if sourced in (None, "primary") else f"{text} [{sourced}]"
        for text, sourced in ((change.before, change.sourced_before), (change.after, change.sourced_after))
    ]
    return f"{' '.join(w for w in named if w)}{f' ({ref})' if ref else ''}: {' → '.join(sides)}"
