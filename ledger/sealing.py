"""Seal a body: hide what its author names, and fill up with decoys, so that no count tells anything (spec/withheld.md §3, §4).

What a type lets withhold stands in its field table (`EventType.withholdable`, `.elements`, `.members`). What is named and can't
be withheld is refused, never left open in silence: an author who believes that it is hidden would hand it out.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ledger.errors import Malformed
from ledger.event import Elements, EventType
from ledger.slots import is_hidden
from ledger.strict import parse_uint
from ledger.withheld import decoy, hide, hide_element

PATH = re.compile(r"([a-z_]{1,60})(?:\.(\*|[A-Za-z0-9._:/@-]{1,120}))?")
NUMBER = re.compile(r"0|[1-9][0-9]{0,3}")
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A body with digests in the place of what is withheld, and the texts of the field disclosures, parents before children."""

    body: dict[str, Any]
    disclosures: tuple[str, ...]


def seal(body: Body, kind: EventType, names: Iterable[str], salts: Iterator[bytes]) -> Sealed:
    """Hide what `names` say of `body`, an object without digests: `FIELD` whole, `FIELD.N`, `FIELD.NAME` or `FIELD.*` inside it.

    A field named whole *and* inside is hidden recursively. A field that the body lacks leaks nothing and may be named; an array
    named by its elements is then filled with decoys, so that not even its being empty shows. Raises `Malformed`:
    `not-withholdable`, `element-unknown` (nothing of the array is named so), `elements-many` (beyond the cap of the type).
    """
    wanted = [_split(name, kind) for name in dict.fromkeys(names)]
    whole = {field for field, part in wanted if part is None}
    shown: dict[str, Any] = dict(body)
    inner: list[str] = []
    outer: list[str] = []
    for elements in kind.elements:
        parts = [part for field, part in wanted if field == elements.field and part is not None]
        if parts and (elements.field in shown or elements.field not in whole):
            value = shown.get(elements.field, ())
            if not isinstance(value, list | tuple):
                raise Malformed(kind.name, elements.field, "schema")
            chosen = {n for part in parts for n in _numbers(part, elements.field, value)}
            shown[elements.field] = _seal_elements(value, chosen, elements, salts, inner)
    for members in kind.members:
        if isinstance(shown.get(members.field), Mapping):
            hidden = {part for field, part in wanted if field == members.field and part is not None}
            shown[members.field] = _seal_members(shown[members.field], hidden, members.slots, salts, inner)
    if kind.slots:
        shown = _seal_members(shown, whole, kind.slots, salts, outer)
    return Sealed(shown, (*outer, *inner))


def _split(name: str, kind: EventType) -> tuple[str, str | None]:
    """A path as the field and what is named inside it. Raises `Malformed` `not-withholdable`, which says what the type allows."""
    match = PATH.fullmatch(name)
    field, inside = match.groups() if match is not None else (None, None)
    allowed = (
        field in kind.withholdable
        if inside is None
        else field in [e.field for e in kind.elements]
        or inside in [n for m in kind.members if m.field == field for n in m.names]
    )
    if match is None or not allowed:
        said = name if match is not None else "what is named"
        listed = ", ".join(kind.paths) or "nothing"
        raise Malformed(kind.name, f"{said}; of this type may be withheld: {listed}", "not-withholdable")
    return str(field), inside


def _numbers(part: str, field: str, value: Any) -> Iterator[int]:
    """The places of an array that a path names: `*` all, a number one, a name every element whose own `name` it is.

    An array that is empty or not there has nothing that could be named wrongly; any other name of nothing is refused.
    """
    found = [n for n, one in enumerate(value) if part == "*" or (isinstance(one, Mapping) and one.get("name") == part)]
    if not found and NUMBER.fullmatch(part) is not None and parse_uint(part) < len(value):
        found = [parse_uint(part)]
    if not found and len(value) and part != "*":
        raise Malformed(
            "withhold", f"{field}.{part}: {field} has {len(value)} elements, none of them this", "element-unknown"
        )
    yield from found


def _seal_elements(
    value: Any, chosen: set[int], elements: Elements, salts: Iterator[bytes], texts: list[str]
) -> list[Any]:
    """The array at its cap: decoys stand at random places, so that a disclosed element does not tell how many lie before it."""
    if any(is_hidden(one) for one in value):
        raise Malformed("body", elements.field, "reserved-name")
    many, cap = len(value), elements.cap
    if many > cap:
        detail = f"{elements.field} has {many} elements; more than {cap} are withheld only with the field whole"
        raise Malformed("withhold", detail, "elements-many")
    seed = next(salts)
    order = sorted(range(cap), key=lambda n: sha256(seed + bytes([n])).digest())
    sealed: list[Any] = [{"...": decoy(next(salts))} for _ in range(cap)]
    for n, (place, one) in enumerate(zip(sorted(order[:many]), value, strict=True)):
        sealed[place] = one
        if n in chosen:
            made = hide_element(one, next(salts))
            texts.append(made.text)
            sealed[place] = {"...": made.digest}
    return sealed


def _seal_members(
    value: Body, hidden: set[str], slots: int, salts: Iterator[bytes], texts: list[str]
) -> dict[str, Any]:
    """The object with its `_sd`, filled. Raises `Malformed` `sd-slots` where it has one already, or too many are named."""
    made = [hide(name, value[name], next(salts)) for name in sorted(hidden & value.keys())]
    if len(made) > slots or "_sd" in value:
        raise Malformed("body", "_sd", "sd-slots")
    digests = [d.digest for d in made]
    digests += [decoy(next(salts)) for _ in range(slots - len(made))]
    texts += [d.text for d in made]
    return {**{k: v for k, v in value.items() if k not in hidden}, "_sd": sorted(digests)}
