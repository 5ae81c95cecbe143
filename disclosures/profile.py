"""A profile: which event types and fields may leave, on what ground the rest is withheld, what may be claimed (spec/profile.md).

An allow-list, read as strictly as a framework pack: what it does not name can't leave. A signed statement can't be shown in part,
so an entry with one open field that is not allowed is withheld whole; withheld fields leave one by one.
"""

import tomllib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from disclosures.parts import ClassName
from ledger.canonical import dumps
from ledger.errors import Malformed
from ledger.event import Body
from ledger.fields import Closed, Line, Name, Text
from ledger.registry import BODIES, BY_NAME
from policies.calendar import MONTHS, add_months

ClaimKind = Literal["decision", "incident", "status"]
ALL = "*"
RESERVED = ("erased-", "unheld-")
"""Classes that the entries themselves give: no profile describes one."""
FieldNames = Annotated[tuple[Annotated[str, Meta(pattern=r"\A(\*|[a-z_]{1,60})\Z")], ...], Meta(max_length=64)]


class Shows(Closed, frozen=True):
    """Entries of `type` are shown if every open field of theirs is in `fields` or `disclose`; of what they withhold, `disclose`.

    `*` = all that the type never withholds: a member that may be withheld, whole or inside, is named, or keeps the entry here
    where it stands open. `disclose` lets out what is withheld of a member, and all that is withheld inside it.
    """

    fields: FieldNames
    type: Name
    disclose: FieldNames = ()


class Retention(Closed, frozen=True):
    """How long at the least what is withheld is kept: `amount` calendar months or years."""

    amount: Annotated[int, Meta(ge=1, le=1200)]
    unit: Literal["month", "year"]


class Withholds(Closed, frozen=True):
    """Why something is withheld: event types (`of`: names, `family.*`, or `*`), or fields (`type.field`, or `*`); `retention`
    where its source sets a period.
    """

    character: Line
    ground: Line
    id: ClassName
    justification: Text
    kind: Literal["event", "field"]
    of: Annotated[tuple[Annotated[str, Meta(max_length=120)], ...], Meta(min_length=1, max_length=128)]
    what: Line
    retention: Retention | None = None

    def retained_until(self, as_of: str) -> str | None:
        """The retention counted from `as_of`: the same day and clock, or the last day of the month where that day does not
        exist. `None` where no source sets a period.
        """
        if self.retention is None:
            return None
        return add_months(as_of, self.retention.amount * MONTHS[self.retention.unit])


class Profile(Closed, frozen=True):
    """`source` cites the clause or practice that asks for this disclosure, in our words."""

    audience: Line
    claims: Annotated[tuple[ClaimKind, ...], Meta(max_length=8)]
    id: Name
    schema: Literal["holdpoint.profile/1"]
    shows: Annotated[tuple[Shows, ...], Meta(min_length=1, max_length=128)]
    source: Text
    title: Line
    withholds: Annotated[tuple[Withholds, ...], Meta(min_length=1, max_length=128)]

    def allowed(self, event_type: str) -> Shows | None:
        """What may be shown of a type, or `None`."""
        return next((s for s in self.shows if s.type == event_type), None)

    def shows_entry(self, event_type: str, members: Iterable[str]) -> bool:
        """Whether an entry of this type may be shown whose body shows something in `members` (`ledger.slots.open_members`)."""
        allowed = self.allowed(event_type)
        if allowed is None:
            return False
        seen, named = set(members), {*allowed.fields, *allowed.disclose}
        if ALL not in allowed.fields:
            return seen <= named
        # What a type lets its author withhold is not let out because this author left it open (T33).
        return seen.isdisjoint(_withheld(BY_NAME[event_type]) - named)

    def class_of(self, event_type: str) -> Withholds:
        """The class under which an entry of this type is withheld. Every profile has one for every type."""
        family = event_type.partition(".")[0] + ".*"
        return next(
            w for pattern in (event_type, family, ALL) for w in self.withholds if w.kind == "event" and pattern in w.of
        )

    def field_class(self, event_type: str, name: str) -> Withholds | None:
        """The class under which a withheld field stays withheld."""
        wanted = (f"{event_type}.{name}", ALL)
        return next((w for pattern in wanted for w in self.withholds if w.kind == "field" and pattern in w.of), None)


def load_profile(text: str, name: str) -> Profile:
    """Read a profile's TOML. Raises `Malformed`, whose place begins with `name`."""
    try:
        return parse_profile(tomllib.loads(text))
    except tomllib.TOMLDecodeError as err:
        raise Malformed("profile", f"{name}: {err}", "profile-toml") from None
    except Malformed as err:
        raise Malformed("profile", f"{name}: {err.place}", err.rule) from None


def parse_profile(value: Any) -> Profile:
    """Read a profile's object: closed, and every type and field that it names exists. Raises `Malformed`."""
    try:
        profile = msgspec.convert(value, Profile, strict=True)
    except msgspec.ValidationError as err:
        raise Malformed("profile", str(err), "profile-form") from None
    for place, rule in _faults(profile):
        raise Malformed("profile", place, rule)
    if dumps(profile_object(profile)) != dumps(value):
        raise Malformed("profile", "$", "profile-form")
    return profile


def profile_object(profile: Profile) -> dict[str, Any]:
    """The JSON object that travels in `request.json`."""
    value: dict[str, Any] = msgspec.to_builtins(profile)
    return value


def open_fields(body: type[Body]) -> set[str]:
    """The members of a type that stand in the open."""
    return {f.encode_name for f in msgspec.structs.fields(body)} - {"_sd"} - _withheld(body)


def _withheld(body: type[Body]) -> set[str]:
    names: Mapping[str, str] = {f.name: f.encode_name for f in msgspec.structs.fields(body)}
    return {names.get(n, n) for n in body.event.hideable}


def _faults(profile: Profile) -> Iterable[tuple[str, str]]:
    for n, shows in enumerate(profile.shows):
        place = f"shows[{n}] {shows.type}"
        body = BY_NAME.get(shows.type)
        if body is None:
            yield place, "profile-type"
            return
        if set(shows.fields) - {ALL} - open_fields(body) - _withheld(body):
            yield f"{place} fields", "profile-field"
        if set(shows.disclose) - _withheld(body):
            yield f"{place} disclose", "profile-field"
    if len({s.type for s in profile.shows}) != len(profile.shows):
        yield "shows", "profile-twice"
    if len({w.id for w in profile.withholds}) != len(profile.withholds):
        yield "withholds", "profile-twice"
    if any(w.id.startswith(RESERVED) for w in profile.withholds):
        yield "withholds id", "profile-form"
    families = {b.event.name.partition(".")[0] + ".*" for b in BODIES}
    fields = {f"{b.event.name}.{name}" for b in BODIES for name in _withheld(b)}
    for n, w in enumerate(profile.withholds):
        known = fields if w.kind == "field" else {*BY_NAME, *families}
        if set(w.of) - known - {ALL}:
            yield f"withholds[{n}] of", "profile-field" if w.kind == "field" else "profile-type"
    if not any(w.kind == "event" and ALL in w.of for w in profile.withholds):
        yield "withholds", "profile-class-missing"
    for shows in profile.shows:
        for name in sorted(_withheld(BY_NAME[shows.type]) - set(shows.disclose)):
            if profile.field_class(shows.type, name) is None:
                yield f"{shows.type}.{name}", "profile-class-missing"
