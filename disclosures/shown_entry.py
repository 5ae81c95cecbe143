"""One shown entry: read strictly, what was disclosed put back, what stays hidden counted. No signature is checked here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ledger.canonical import loads_canonical
from ledger.disclosed import open_disclosed
from ledger.entry import Entry, leaf_hash, read_entry
from ledger.envelope import Envelope
from ledger.errors import Malformed
from ledger.event import EventType
from ledger.events import key, ledger
from ledger.registry import BY_TOPIC
from ledger.slots import open_members, slots_refusal
from ledger.statement import Statement, parse_statement, peek_type
from ledger.withheld import Opened, Placed

MAX_DISCLOSURES = 4 << 20
CODES = {"reserved-name": "disclosure-name", "salt-length": "disclosure-salt"}


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """An entry as a bundle shows it.

    `leaf` and `keyids` are hex; `body` is the statement's body with the disclosed fields put back and without `_sd`; `disclosed`
    the members of the body that this changed, whole or inside, sorted; `placed` the field disclosures, and where each belongs;
    `hidden` the digests that nothing opened, decoys among them; `open_members` the members that show something as signed.
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
    placed: tuple[Placed, ...]

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
    opened = _opened(statement, sealed, texts)
    wrong = slots_refusal(body)
    if wrong is not None:
        raise Malformed("event", wrong.detail, wrong.reason.value)
    changed = tuple(sorted({one.member for one in opened.placed}))
    principals = tuple(dict.fromkeys(owners[k] for k in statement.predicate.signers if k in owners))
    leaf = leaf_hash(raw).hex()
    signed = open_members(kind.event, sealed)
    return ShownEntry(
        index, leaf, raw, entry, envelope, statement, principals, opened.body, signed, changed, opened.hidden, opened.placed
    )  # fmt: skip


def _opened(statement: Statement[Any], sealed: Mapping[str, Any], texts: Iterable[str]) -> Opened:
    """What is disclosed, put back; a text that is none is named by the bundle's own codes (spec/bundle.md §7)."""
    try:
        return open_disclosed(statement, sealed, texts)
    except Malformed as err:
        own = err.code if err.code.startswith("disclosure-") else CODES.get(err.code, "disclosure-form")
        raise Malformed("disclosure", err.place, own) from err


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
