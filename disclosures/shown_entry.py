"""One shown entry: read strictly, what was disclosed put back, what stays hidden counted. No signature is checked here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct

from ledger.canonical import loads_canonical
from ledger.entry import Entry, leaf_hash, read_entry
from ledger.envelope import Envelope
from ledger.errors import Malformed, Unverified
from ledger.event import EventType
from ledger.events import key, ledger, model
from ledger.registry import BY_TOPIC
from ledger.statement import Statement, parse_statement, peek_type
from ledger.strict import parse_base64url
from ledger.withheld import FieldDisclosure, open_, parse_disclosure

MAX_DISCLOSURES = 4 << 20


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """An entry as a bundle shows it.

    `leaf` and `keyids` are hex; `body` is the statement's body with the disclosed fields put back and without `_sd`; `disclosed`
    the names of the members that this changed, sorted; `hidden` the digests in it that nothing opened, decoys among them.
    `open_members` are the members of the body as signed.
    `principals` are the owners of `keyids` as the shown entries tell, in the same order, each once.
    """

    index: int
    leaf: str
    raw: bytes
    entry: Entry
    envelope: Envelope
    statement: Statement[Any]
    principals: tuple[str, ...]
    body: Mapping[str, Any]
    open_members: frozenset[str]
    disclosed: tuple[str, ...]
    hidden: int

    @property
    def kind(self) -> EventType:
        """The event's type."""
        event: EventType = self.statement.predicate.body.event
        return event

    @property
    def type(self) -> str:
        """The event type's name, without its version."""
        return self.kind.name

    @property
    def stream(self) -> str:
        """The stream it stands in."""
        return self.statement.predicate.stream

    @property
    def version(self) -> int:
        """Its version in its stream."""
        return self.entry.version

    @property
    def previous(self) -> str:
        """The leaf hash of the version before it, empty for the first."""
        return self.entry.previous

    @property
    def recorded_at(self) -> str:
        """When the log recorded it."""
        return self.entry.recorded_at

    @property
    def occurred_at(self) -> str:
        """When it happened, as its signers say."""
        return self.statement.predicate.occurred_at

    @property
    def keyids(self) -> tuple[str, ...]:
        """The keys that signed, ascending."""
        return self.statement.predicate.signers


def read_shown_entry(index: int, raw: bytes, disclosed: bytes | None, owners: dict[str, str]) -> ShownEntry:
    """Read an entry and open what is disclosed of it. `owners` (key id → principal) grows by what the entry registers.

    Raises `Malformed` (`type-unknown`, `disclosure-form`, a format's rule), `Unverified` (`disclosure-…`).
    """
    entry, envelope = read_entry(raw)
    kind = BY_TOPIC.get(peek_type(envelope.payload))
    if kind is None:
        raise Malformed("event", "predicateType", "type-unknown")
    statement = parse_statement(envelope.payload, kind)
    body = statement.predicate.body
    owners.update(_owned(body))
    texts = () if disclosed is None else disclosure_lines(disclosed)
    sealed = loads_canonical(envelope.payload)["predicate"]["body"]
    opened = open_(sealed, texts)
    parsed = [parse_disclosure(text) for text in texts]
    changed = _changed(sealed, opened)
    _check_opened(statement, sealed, opened, changed, parsed)
    digests = sum(1 for value in (sealed, *(d.value for d in parsed)) for _ in _digests(value))
    principals = tuple(dict.fromkeys(owners[k] for k in statement.predicate.signers if k in owners))
    leaf = leaf_hash(raw).hex()
    signed = frozenset(sealed) - {"_sd"}
    hidden = digests - len(parsed)
    return ShownEntry(
        index, leaf, raw, entry, envelope, statement, principals, opened, signed, changed, hidden
    )  # fmt: skip


def check_disclosed(statement: Statement[Any], sealed: Mapping[str, Any], texts: Sequence[str]) -> None:
    """That these texts fit the sealed body of a statement, as a reader of a bundle will ask. Raises `Malformed`, `Unverified`."""
    opened = open_(sealed, texts)
    _check_opened(statement, sealed, opened, _changed(sealed, opened), [parse_disclosure(text) for text in texts])


def _changed(sealed: Mapping[str, Any], opened: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(name for name in opened if name not in sealed or opened[name] != sealed[name]))


def disclosure_lines(raw: bytes) -> tuple[str, ...]:
    """The field disclosures of one entry: a text a line, ascending, none twice. Raises `Malformed` `disclosure-form`."""
    lines = raw.split(b"\n")
    if len(raw) > MAX_DISCLOSURES or lines.pop() or not lines or not raw.isascii() or lines != sorted(set(lines)):
        raise Malformed("disclosure", "lines", "disclosure-form")
    return tuple(line.decode("ascii") for line in lines)


def _owned(body: Any) -> dict[str, str]:
    """Keys that an entry brings with their owners: of entry 0, of a registration, of a change of the root."""
    if isinstance(body, key.Registered):
        return {body.keyid: body.principal}
    carried = getattr(body, "keys", ())
    return {k.keyid: k.principal for k in carried if isinstance(k, ledger.FoundingKey) or hasattr(k, "principal")}


def _check_opened(
    statement: Statement[Any],
    sealed: Mapping[str, Any],
    opened: Mapping[str, Any],
    changed: tuple[str, ...],
    parsed: list[FieldDisclosure],
) -> None:
    """What was put back fits the type, and a model's subject is the very record that its stream is registered under."""
    body: Struct = statement.predicate.body
    kind: EventType = statement.predicate.body.event
    foreign = next((name for name in changed if name not in kind.withholdable and name not in sealed), None)
    if foreign is not None:
        raise Unverified("disclosure", "name", "disclosure-name")
    whole = {**opened, **({"_sd": sealed["_sd"]} if "_sd" in sealed else {})}
    try:
        msgspec.convert(whole, type(body), strict=True)
    except msgspec.ValidationError:
        raise Unverified("disclosure", "value", "disclosure-schema") from None
    if isinstance(body, model.Registered):
        for one in parsed:
            if one.name == "subject" and _record(one) != statement.subject[0].digest.sha256:
                raise Unverified("disclosure", "subject", "disclosure-subject")


def _record(one: FieldDisclosure) -> str:
    """The digest of the salted record: the disclosure's own bytes, which the statement's subject commits to."""
    return sha256(parse_base64url(one.text)).hexdigest()


def _digests(value: Any) -> Iterator[Any]:
    """Every digest of something withheld, or decoy, at any depth."""
    if isinstance(value, Mapping):
        yield from value.get("_sd", ())
        if "..." in value:
            yield value["..."]
        for member in value.values():
            yield from _digests(member)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _digests(item)
