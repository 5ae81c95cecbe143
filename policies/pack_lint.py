"""What packs are to one another: what a strict reading of one can't see (spec/framework-pack.md, Between packs).

`lint` looks at a set of packs together: what one names in another must be there. Pure: the door reads the files.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policies.pack import Pack


@dataclass(frozen=True, slots=True)
class Flaw:
    """A fault of a pack, at a clause; `place` is in the words that `pack_lines` turns into a line."""

    pack: str
    place: str
    rule: str


def lint(packs: Mapping[str, Pack]) -> tuple[Flaw, ...]:
    """Every flaw between these packs, by pack."""
    return tuple(flaw for pack in packs.values() for flaw in _flaws(pack, packs))


def _flaws(pack: Pack, packs: Mapping[str, Pack]) -> Iterator[Flaw]:
    yield from _named(pack, packs)
    yield from _neighbours(pack, packs)


def _named(pack: Pack, packs: Mapping[str, Pack]) -> Iterator[Flaw]:
    """A law, a code's scope, another's duty: each is in a pack that is there."""
    if pack.statutory is not None:
        law = packs.get(pack.statutory.law)
        if law is None or law.binds != "law":
            yield Flaw(pack.id, "statutory law", "lint-law")
    if pack.scope is not None:
        other = packs.get(pack.scope.pack)
        watched = None if other is None else other.threshold(pack.scope.threshold)
        if other is None or watched is None or any(other.rank(s) is None for s in pack.scope.state_in):
            yield Flaw(pack.id, "scope threshold", "lint-scope")
    for duty in pack.obligations:
        for name in duty.see:
            if name not in packs:
                yield Flaw(pack.id, f"obligations {duty.id} see", "lint-pack")
        if duty.after is not None:
            other = packs.get(duty.after.pack)
            if other is None or all(o.id != duty.after.obligation for o in other.obligations):
                yield Flaw(pack.id, f"obligations {duty.id} after", "lint-duty")
    if pack.base is not None and pack.base.id not in packs:
        yield Flaw(pack.id, "base id", "lint-pack")


def _neighbours(pack: Pack, packs: Mapping[str, Pack]) -> Iterator[Flaw]:
    """A successor says whom it supersedes, and begins where the other ends. One that isn't here may be unread: no flaw."""
    following = packs.get(pack.superseded_by or "")
    if following is not None:
        if following.supersedes not in (pack.id, None):
            yield Flaw(pack.id, "$.superseded_by", "lint-successor")
        if following.in_force_from != pack.in_force_until:
            yield Flaw(pack.id, "$.in_force_until", "lint-gap")
    before = packs.get(pack.supersedes or "")
    if before is not None and before.superseded_by != pack.id:
        yield Flaw(pack.id, "$.supersedes", "lint-successor")
