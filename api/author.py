"""Write a statement: fill in audience and identity, withhold fields, sign (formats.md §2, §8).

Randomness and clock enter here, at the door, as arguments of the pure rooms.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import msgspec

from ledger.canonical import dumps, place_of
from ledger.envelope import Envelope, format_envelope, sign_envelope, statement_digest
from ledger.errors import Malformed
from ledger.event import Body
from ledger.events import model
from ledger.keys import Signer
from ledger.registry import BY_TOPIC
from ledger.sealing import seal
from ledger.statement import Statement, format_statement, model_subject, parse_statement, peek_type, stream_subject
from ledger.strict import format_uuid7, micros

DEFAULT_WITHHELD = frozenset(
    ["audience_detail", "confidence", "detail", "evaluator", "findings.*", "model_as_named", "name", "rationale", "reason",
     "root_cause", "subject", "summary"]
)  # fmt: skip
"""Hidden wherever a type allows: a model's name (as its logs have it too) and weights, rationales, findings, who evaluated."""


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
    """A statement before it is signed: its bytes, identity and digest, and the field disclosures to keep.

    `withheld` are the paths that were hidden: `FIELD`, `FIELD.*`, …
    """

    payload: bytes
    event_id: str
    disclosures: tuple[str, ...]
    withheld: tuple[str, ...] = ()

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
    withhold: Iterable[str] = (),
    defaults: frozenset[str] = DEFAULT_WITHHELD,
    event_id: str | None = None,
    subject_salt: bytes | None = None,
    **optional: Any,
) -> Draft:
    """Fill in audience and identity, and withhold fields; signed by nobody yet.

    `withhold` are paths that the author names, beyond those of `defaults` that the type allows and the body has: one that may
    not be withheld is refused (`Malformed`, `ledger.sealing.seal`), never left open in silence.

    `subject_salt` is the salt of the model record that `subject` commits to: hidden under it, the field disclosure *is* that
    record, and handing it over binds name and weights to the stream (formats.md §2). Without either, a registration gets both.
    """
    kind = body_type.event
    shown: dict[str, Any] = dict(body)
    disclosures: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    if body.get("made") != "rule":
        own = [p for p in kind.paths if p in defaults and p.partition(".")[0] in shown]
        named = tuple(dict.fromkeys((*own, *withhold)))
        _check_hidden(body_type, shown, named)
        if body_type is model.Registered and "subject" in shown and "subject" in named and subject is None:
            subject_salt = next(salts())
            subject = model_subject(subject_salt, shown["subject"]["name"], shown["subject"]["weights"])
        fresh = salts() if subject_salt is None else chain((subject_salt,), salts())
        sealed = seal(shown, kind, named, fresh)
        shown, disclosures = sealed.body, sealed.disclosures
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
    return Draft(payload, identity, disclosures, named)


def _check_hidden(body_type: type[Body], body: Mapping[str, Any], named: Iterable[str]) -> None:
    """Raises `Malformed` `schema` where a value that is about to be hidden is not of its field's form: once it is a digest,
    nobody sees that, until it is disclosed and refused.
    """
    fields = {path.partition(".")[0] for path in named}
    try:
        msgspec.convert({**body, **({"_sd": []} if body_type.event.slots else {})}, body_type, strict=True)
    except msgspec.ValidationError as err:
        place = place_of(err).removeprefix("$.")
        if re.split(r"[.\[]", place)[0] in fields:
            raise Malformed("schema", f"$.predicate.body.{place}", "schema") from None


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
