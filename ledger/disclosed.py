"""What is disclosed of a statement, against its type: door and verifiers read it by this one function (spec/withheld.md §5).

RFC 9901 says where a field disclosure belongs. Our type says more: which members may be withheld, how many digests stand where,
what form a value has; and a model's name is the very record that its stream is registered under (formats.md §2).
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct

from ledger.errors import Unverified
from ledger.event import EventType
from ledger.events import model
from ledger.slots import slots_fault
from ledger.statement import Statement
from ledger.strict import parse_base64url
from ledger.withheld import Opened, open_body


def place_disclosed(sealed: Mapping[str, Any], texts: Iterable[str], kind: EventType) -> Opened:
    """A sealed body with what `texts` disclose, each where the type lets something be withheld.

    Raises as `open_body`, and `Unverified` with `disclosure-name` (nothing that this type withholds) or `disclosure-slots`.
    """
    opened = open_body(sealed, texts)
    for one in opened.placed:
        if not _may_be_hidden(kind, one.path):
            raise Unverified("disclosure", "name", "disclosure-name")
        if len(one.path) == 1 and slots_fault(kind, one.member, one.disclosure.value) is not None:
            raise Unverified("disclosure", one.member, "disclosure-slots")
    return opened


def open_disclosed(statement: Statement[Any], sealed: Mapping[str, Any], texts: Iterable[str]) -> Opened:
    """The same of a statement, whose body as plain JSON is `sealed`, and every value of the form that its type wants.

    Raises as `place_disclosed`, and `Unverified` with `disclosure-schema` or `disclosure-subject`.
    """
    opened = place_disclosed(sealed, texts, statement.predicate.body.event)
    if opened.placed:
        _check_schema(statement, sealed, opened)
    return opened


def _may_be_hidden(kind: EventType, path: tuple[str | int, ...]) -> bool:
    """Whether the type's field table lets withhold what stands at `path`."""
    match path:
        case (str(member),):
            return member in kind.withholdable
        case (str(member), int()):
            return any(e.field == member for e in kind.elements)
        case (str(member), str(name)):
            return any(m.field == member and name in m.names for m in kind.members)
        case _:
            return False


def _check_schema(statement: Statement[Any], sealed: Mapping[str, Any], opened: Opened) -> None:
    body: Struct = statement.predicate.body
    try:
        msgspec.convert({**opened.body, **{k: v for k, v in sealed.items() if k == "_sd"}}, type(body), strict=True)
    except msgspec.ValidationError:
        raise Unverified("disclosure", "value", "disclosure-schema") from None
    if isinstance(body, model.Registered):
        for one in opened.placed:
            record = sha256(parse_base64url(one.disclosure.text)).hexdigest()
            if one.path == ("subject",) and record != statement.subject[0].digest.sha256:
                raise Unverified("disclosure", "subject", "disclosure-subject")
