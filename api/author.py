"""Write a statement: fill in audience and identity, withhold fields, sign (formats.md §2, §8).

Randomness and clock enter here, at the door, as arguments of the pure rooms.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from ledger.canonical import dumps
from ledger.envelope import Envelope, format_envelope, sign_envelope, statement_digest
from ledger.errors import Malformed
from ledger.event import Body
from ledger.events import model
from ledger.keys import Signer
from ledger.registry import BY_TOPIC
from ledger.statement import Statement, format_statement, model_subject, parse_statement, peek_type, stream_subject
from ledger.strict import format_uuid7, micros
from ledger.withheld import seal

DEFAULT_WITHHELD = frozenset(
    ["audience_detail", "confidence", "detail", "evaluator", "name", "rationale", "reason", "root_cause", "subject", "summary"]
)  # fmt: skip
"""Hidden unless the author says otherwise: a model's name and weights, rationales, who evaluated."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Which ledger a statement is for: its origin, and the leaf hash of entry 0 (hex; empty in entry 0 alone)."""

    origin: str
    founding: str


@dataclass(frozen=True, slots=True)
class Written:
    """A signed envelope, its identity, and the field disclosures that go with it."""

    envelope: Envelope
    event_id: str
    digest: str
    disclosures: tuple[str, ...]

    def wire(self) -> bytes:
        """The bare, normalised envelope."""
        return format_envelope(self.envelope)

    def sent(self) -> bytes:
        """What is posted: the bare envelope, or the envelope with its field disclosures."""
        if not self.disclosures:
            return self.wire()
        return b'{"disclosures":%s,"envelope":%s}' % (dumps(list(self.disclosures)), self.wire())


@dataclass(frozen=True, slots=True)
class Draft:
    """A statement before it is signed: its bytes, identity and digest, and the field disclosures to keep."""

    payload: bytes
    event_id: str
    disclosures: tuple[str, ...]

    @property
    def digest(self) -> str:
        """The statement digest, known before anyone signs."""
        return statement_digest(self.payload)

    def sign(self, signers: Sequence[Signer]) -> Written:
        """Sign by every one of `signers`; they are the statement's own list."""
        return Written(sign_envelope(self.payload, tuple(signers)), self.event_id, self.digest, self.disclosures)


def salts() -> Iterator[bytes]:
    """Fresh 16-byte salts from the operating system, one per field, never derived and never reused."""
    while True:
        yield os.urandom(16)


def new_event_id(at: str) -> str:
    """A UUIDv7 of time `at`."""
    return format_uuid7(micros(at) // 1000, os.urandom(10))


def statement_of(payload: bytes) -> Statement[Any]:
    """The statement in `payload`, read strictly by its type. Raises `Malformed`."""
    kind = BY_TOPIC.get(peek_type(payload))
    if kind is None:
        raise Malformed("statement", "predicateType", "type-unknown")
    return parse_statement(payload, kind)


def written_of(envelope: Envelope) -> Written:
    """A signed envelope as read from a file; its field disclosures lie where they were kept when it was written."""
    statement = statement_of(envelope.payload)
    return Written(envelope, statement.predicate.event_id, statement_digest(envelope.payload), ())


def draft_of(
    body_type: type[Body],
    body: Mapping[str, Any],
    audience: Audience,
    stream: str,
    keyids: Sequence[str],
    at: str,
    *,
    subject: str | None = None,
    withhold: frozenset[str] = DEFAULT_WITHHELD,
    event_id: str | None = None,
    subject_salt: bytes | None = None,
    **optional: Any,
) -> Draft:
    """Fill in audience and identity, and withhold fields; signed by nobody yet.

    `subject_salt` is the salt of the model record that `subject` commits to: hidden under it, the field disclosure *is* that
    record, and handing it over binds name and weights to the stream (formats.md §2). Made here where it is not given.
    """
    kind = body_type.event
    if body_type is model.Registered and "subject" in withhold & set(body) and subject is None:
        subject_salt = os.urandom(16)
        subject = model_subject(subject_salt, body["subject"]["name"], body["subject"]["weights"])
    shown: dict[str, Any] = dict(body)
    disclosures: tuple[str, ...] = ()
    if kind.slots and body.get("made") != "rule":
        hidden = frozenset(kind.withholdable) & withhold & frozenset(shown)
        fresh = salts() if subject_salt is None else chain((subject_salt,), salts())
        shown, disclosures = seal(shown, hidden, kind.slots, fresh)
    identity = event_id or new_event_id(at)
    payload = format_statement(
        body=shown,
        event_id=identity,
        founding=audience.founding,
        ledger=audience.origin,
        occurred_at=optional.pop("occurred_at", None) or at,
        signers=tuple(sorted(keyids)),
        stream=stream,
        subject=subject or stream_subject(stream),
        predicate_type=kind.topic,
        **optional,
    )
    return Draft(payload, identity, disclosures)


def write(
    body_type: type[Body],
    body: Mapping[str, Any],
    audience: Audience,
    stream: str,
    signers: Sequence[Signer],
    at: str,
    **options: Any,
) -> Written:
    """Fill in, withhold and sign. `options` as in `draft_of`."""
    return draft_of(body_type, body, audience, stream, [s.keyid for s in signers], at, **options).sign(signers)


def reference(index: int, leaf: str) -> dict[str, Any]:
    """A reference as a JSON object."""
    return {"index": index, "leaf": leaf}
