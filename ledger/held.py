"""The field disclosures that come with a statement: each is one that its digests reference, and belongs to a member of the body.

The member is what profiles and erasures name: a disclosure below another one, or an element of an open array, belongs to the
member that it stands in. A statement may come without some of them, or all: its submitter keeps what is not sent.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.errors import Malformed
from ledger.event import Body
from ledger.withheld import FieldDisclosure, parse_disclosure


@dataclass(frozen=True, slots=True)
class HeldField:
    """A field disclosure's text, its digest, and the member of the body that it opens or stands in."""

    text: str
    digest: str
    field: str


def held_fields(body: Mapping[str, Any], texts: Sequence[str], kind: type[Body]) -> tuple[HeldField, ...]:
    """The disclosures `texts` of a statement with this sealed body, each with its member, in the order of the texts.

    Raises `Malformed`: `disclosure-duplicate`; `disclosure-orphan` where no digest references one; `disclosure-name` where it
    opens a member that the type never withholds.
    """
    parsed = {d.digest: d for d in map(parse_disclosure, texts)}
    if len(parsed) != len(texts):
        raise Malformed("submission", "disclosures", "disclosure-duplicate")
    found: dict[str, str] = {}
    for member, value in body.items():
        if member == "_sd":
            for digest in value:
                if digest in parsed:
                    _claim(found, parsed, digest, parsed[digest].name or "")
        else:
            for digest in _digests(value):
                _claim(found, parsed, digest, member)
    if len(found) != len(parsed):
        raise Malformed("submission", "disclosures", "disclosure-orphan")
    if any(name not in kind.event.withholdable and name not in body for name in found.values()):
        raise Malformed("submission", "disclosures", "disclosure-name")
    return tuple(HeldField(d.text, d.digest, found[d.digest]) for d in parsed.values())


def _claim(found: dict[str, str], parsed: Mapping[str, FieldDisclosure], digest: str, member: str) -> None:
    """`digest` belongs to `member`, and so does all that stands inside what it opens; chains may be long, so no recursion."""
    waiting = [digest]
    while waiting:
        one = waiting.pop()
        if one in parsed and one not in found:
            found[one] = member
            waiting += _digests(parsed[one].value)


def _digests(value: Any) -> Iterator[str]:
    """Every digest of something withheld, at any depth."""
    if isinstance(value, Mapping):
        listed = (*value.get("_sd", ()), *((value["..."],) if "..." in value else ()))
        yield from (d for d in listed if isinstance(d, str))
        for member in value.values():
            yield from _digests(member)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _digests(item)
