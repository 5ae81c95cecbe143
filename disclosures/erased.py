"""What exists no more, and what the ledger does not hold: said per event type and field, never per digest (spec/bundle.md §4).

An erasure of a listed stream's fields is shown in every bundle, whatever the profile: it names that stream, types and fields, and
no value. Builder and verifier compute these classes by the same functions from the same entries.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from disclosures.parts import RedactionClass
from disclosures.profile import Profile
from ledger.event import Body
from ledger.events.disclosure import Erased

LEDGER = "ledger"


@dataclass(frozen=True, slots=True)
class Seen:
    """A shown entry: its place, its body, its open members, and those that were opened."""

    index: int
    stream: str
    body: Body
    open_members: AbstractSet[str]
    disclosed: AbstractSet[str]


def erased_classes(seen: Iterable[Seen]) -> list[RedactionClass]:
    """A class for each event type of each shown erasure: its signed ground, and that its retention had passed."""
    return [
        RedactionClass(
            character="erased",
            count=0,
            ground=one.body.ground,
            id=f"erased-{one.index}-{n}",
            justification=f"Entry {one.index} erased it once its retention had passed; its digests stand, and every proof holds.",
            kind="erased",
            retained_until=None,
            what=_listed(kind.type, kind.fields),
        )
        for one in seen
        if isinstance(one.body, Erased)
        for n, kind in enumerate(one.body.classes)
    ]


def unheld_classes(profile: Profile, seen: Iterable[Seen]) -> list[RedactionClass]:
    """A class for each event type of which the profile lets out a member that some shown entry neither states nor opens, and
    that no shown erasure explains: it was never sent to the ledger, or its author left it out, which no digest tells apart.
    """
    entries = list(seen)
    gone = [one.body for one in entries if isinstance(one.body, Erased)]
    missing: dict[str, set[str]] = {}
    for one in entries:
        names = set(_unheld(profile, one, gone))
        if names:
            missing.setdefault(one.body.event.name, set()).update(names)
    return [
        RedactionClass(
            character="not held",
            count=0,
            ground="the ledger holds no text of it",
            id=f"unheld-{name.replace('.', '-')}",
            justification="The profile lets it out. Of some entry it was never sent, or its author left it out.",
            kind="unheld",
            retained_until=None,
            what=_listed(name, sorted(fields)),
        )
        for name, fields in sorted(missing.items())
    ]


def _unheld(profile: Profile, one: Seen, gone: Iterable[Erased]) -> Iterator[str]:
    allowed = profile.allowed(one.body.event.name)
    if allowed is None or not one.body.event.hideable or one.stream == LEDGER:
        return
    for name in allowed.disclose:
        if name not in one.open_members and name not in one.disclosed and not is_erased(one, name, gone):
            yield name


def erased_of(profile: Profile, seen: Iterable[Seen]) -> Iterator[tuple[int, str, str]]:
    """Index, event type and member of what the profile hands over of a shown entry, and a shown erasure has taken."""
    entries = list(seen)
    gone = [one.body for one in entries if isinstance(one.body, Erased)]
    for one in entries:
        allowed = profile.allowed(one.body.event.name)
        for name in () if allowed is None or one.stream == LEDGER else allowed.disclose:
            if name not in one.open_members and name not in one.disclosed and is_erased(one, name, gone):
                yield one.index, one.body.event.name, name


def is_erased(one: Seen, name: str, gone: Iterable[Erased]) -> bool:
    """Whether one of these erasures names the member `name` of an entry."""
    return any(
        said.stream == one.stream
        and said.first <= one.index <= said.last
        and any(kind.type == one.body.event.name and name in kind.fields for kind in said.classes)
        for said in gone
    )


def _listed(event_type: str, fields: Iterable[str]) -> str:
    return f"{event_type}: {', '.join(fields)}"
