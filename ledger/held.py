"""The field disclosures that come with a statement, each with the member of the body that it opens or stands in.

The member is what profiles and erasures name: a disclosure below another one, or an element of an open array, belongs to the
member that it stands in. A statement may come without some of them, or all: its submitter keeps what is not sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.disclosed import place_disclosed
from ledger.errors import Malformed, Unverified
from ledger.event import Body
from ledger.withheld import Opened


@dataclass(frozen=True, slots=True)
class HeldField:
    """A field disclosure's text, its digest, and the member of the body that it opens or stands in."""

    text: str
    digest: str
    field: str


def held_of(opened: Opened) -> tuple[HeldField, ...]:
    """What was opened, parents before children."""
    return tuple(HeldField(p.disclosure.text, p.disclosure.digest, p.member) for p in opened.placed)


def held_fields(body: Mapping[str, Any], texts: Sequence[str], kind: type[Body]) -> tuple[HeldField, ...]:
    """The disclosures `texts` of a statement with this sealed body, each with its member, parents before children.

    Raises `Malformed` with the code of `ledger.disclosed.place_disclosed`: `disclosure-orphan`, `disclosure-name`, …
    """
    try:
        return held_of(place_disclosed(body, texts, kind.event))
    except Unverified as err:
        raise Malformed("submission", "disclosures", err.code) from err
