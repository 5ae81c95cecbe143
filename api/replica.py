"""What a client knows of a ledger behind HTTP: the facts of some streams, folded here from the entries that it was handed.

It fills in what a person is about to sign: packs, requests, gate answers, references with leaf hashes computed here. It proves
nothing: a server that leaves entries out can mislead, which is why everything is shown before it is signed, and why the
ledger admits by its own state. `holdpoint verify` is what proves.
"""

from collections.abc import Callable, Iterable
from typing import Annotated
from urllib.parse import quote

import msgspec

from ledger.admit import fold_event
from ledger.entry import leaf_hash, parse_entry
from ledger.envelope import parse_envelope, statement_digest
from ledger.errors import Malformed
from ledger.event import Event
from ledger.fields import StreamName, Time, Version
from ledger.registry import BY_TOPIC
from ledger.state import State
from ledger.statement import parse_statement, peek_type
from ledger.trust import KeyLife
from policies.rules import RULES

PAGE = 1000


class Row(msgspec.Struct, frozen=True):
    """One entry of `GET /v1/entries`: the bytes of `entry` as they came; of a suppressed one they are `null`, and the rest is
    what the server says.
    """

    index: int
    entry: msgspec.Raw
    leaf: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    recorded_at: Time
    stream: StreamName
    stream_version: Version
    type: str

    @property
    def suppressed(self) -> bool:
        """Whether there is nothing to read."""
        return bytes(self.entry) == b"null"


class _Page(msgspec.Struct, frozen=True):
    entries: list[Row]


_pages = msgspec.json.Decoder(_Page)


def read_page(raw: bytes) -> list[Row]:
    """The rows of a page. Raises `Malformed`."""
    try:
        return _pages.decode(raw).entries
    except (msgspec.DecodeError, RecursionError):
        raise Malformed("answer", "entries", "schema") from None


def event_of(index: int, raw: bytes, state: State) -> Event:
    """An entry as an event, its signatures unchecked; `state` names the owners of keys. Raises `Malformed`."""
    entry = parse_entry(raw)
    envelope = parse_envelope(entry.envelope)
    body_type = BY_TOPIC.get(peek_type(envelope.payload))
    if body_type is None:
        raise Malformed("entry", "predicateType", "type-unknown")
    statement = parse_statement(envelope.payload, body_type)
    said = statement.predicate
    lives: list[KeyLife | None] = [state.get("key", k) for k in said.signers]
    return Event(
        index=index,
        leaf=leaf_hash(raw).hex(),
        recorded_at=entry.recorded_at,
        stream=said.stream,
        stream_version=entry.version,
        digest=statement_digest(envelope.payload),
        event_id=said.event_id,
        occurred_at=said.occurred_at,
        known_at=said.known_at,
        type=body_type.event,
        body=said.body,
        signers=said.signers,
        principals=tuple(dict.fromkeys(life.record.principal for life in lives if life is not None)),
        subject=statement.subject[0].digest.sha256,
        back_recorded=said.back_recorded,
        causes=said.causes,
    )


class Replica:
    """Streams that were fetched and folded, each up to where it was read last."""

    def __init__(self, get: Callable[[str], bytes]) -> None:
        self._get = get
        self._after: dict[str, int] = {}
        self.state = State()

    def catch_up(self, streams: Iterable[str]) -> State:
        """Fetch what is new in `streams`, after the trust stream, and fold it."""
        for stream in dict.fromkeys(("ledger", *streams)):
            while True:
                after = self._after.get(stream, -1)
                rows = read_page(self._get(f"/v1/entries?stream={quote(stream, safe='')}&after={after}&limit={PAGE}"))
                for row in rows:
                    if not row.suppressed:  # nothing that a person signs next rests on it
                        fold_event(self.state, event_of(row.index, bytes(row.entry), self.state), RULES)
                    self._after[stream] = row.index
                if len(rows) < PAGE:
                    break
        return self.state
