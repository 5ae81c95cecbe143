"""The statement that a person or service signs: in-toto Statement v1 whose predicate type names one event (formats.md §2).

Server-owned facts (index, recorded time, admitted role) are never in it, and a statement that carries them is refused,
because every object is closed.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from ledger.canonical import decode_canonical, dumps, encode, loads_canonical
from ledger.errors import Malformed
from ledger.fields import Count, EventId, Evidence, Hex32, Origin, Reference, StreamName, Time
from ledger.strict import format_base64url

B = TypeVar("B")
TYPE = "https://in-toto.io/Statement/v1"
SD_ALG = "sha-256"
MAX_PAYLOAD = 49_152


class _Digest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, gc=False):
    sha256: Hex32


class Subject(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, gc=False):
    """The one subject; its name tells nothing."""

    digest: _Digest
    name: Literal["_"]


class Predicate(
    Struct, Generic[B], frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, gc=False
):
    """What is said, to which ledger, by which keys. `founding` is empty in entry 0 alone."""

    sd_alg: Literal["sha-256"] = msgspec.field(name="_sd_alg")
    body: B
    event_id: EventId
    founding: Annotated[str, Meta(pattern=r"\A([0-9a-f]{64})?\Z")]
    ledger: Origin
    occurred_at: Time
    signers: Annotated[tuple[Hex32, ...], Meta(min_length=1, max_length=24)]
    stream: StreamName
    back_recorded: bool = False
    causes: Annotated[tuple[Reference, ...], Meta(max_length=32)] = ()
    evidence: Annotated[tuple[Evidence, ...], Meta(max_length=32)] = ()
    expected_version: Count | None = None
    known_at: Time | None = None


class Statement(Struct, Generic[B], frozen=True, forbid_unknown_fields=True, kw_only=True, gc=False):
    """An in-toto Statement v1 with exactly one subject."""

    type_: Literal["https://in-toto.io/Statement/v1"] = msgspec.field(name="_type")
    predicate: Predicate[B]
    predicate_type: str = msgspec.field(name="predicateType")
    subject: Annotated[tuple[Subject, ...], Meta(min_length=1, max_length=1)]


class _Peek(Struct, frozen=True, gc=False):
    predicateType: str  # noqa: N815  # the member's name in in-toto


_peek = msgspec.json.Decoder(_Peek)


def peek_type(payload: bytes) -> str:
    """The predicate type, before the strict reading that it selects. Raises `Malformed`."""
    if len(payload) > MAX_PAYLOAD:
        raise Malformed("statement", "payload", "too-large")
    try:
        return _peek.decode(payload).predicateType
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        loads_canonical(payload)  # a defect of the text is named before one of the schema
        raise Malformed("statement", "predicateType", "schema") from None


def _typed(body_type: Any) -> Any:
    return Statement[body_type]


def parse_statement(payload: bytes, body_type: type[B]) -> Statement[B]:
    """Read a statement whose body is `body_type`; canonical, closed, signers ascending and distinct."""
    statement: Statement[B] = decode_canonical(payload, _typed(body_type), max_bytes=MAX_PAYLOAD)
    signers = statement.predicate.signers
    if len(signers) > 1 and tuple(sorted(set(signers))) != signers:
        raise Malformed("statement", "signers", "signers-order")
    return statement


def format_statement(
    *,
    body: Mapping[str, Any] | Struct,
    event_id: str,
    founding: str,
    ledger: str,
    occurred_at: str,
    signers: Sequence[str],
    stream: str,
    subject: str,
    predicate_type: str,
    **optional: Any,
) -> bytes:
    """Canonical bytes of a statement. `optional`: known_at, causes, evidence, expected_version, back_recorded."""
    predicate: dict[str, Any] = {
        "_sd_alg": SD_ALG,
        "body": body,
        "event_id": event_id,
        "founding": founding,
        "ledger": ledger,
        "occurred_at": occurred_at,
        "signers": list(signers),
        "stream": stream,
    }
    # `expected_version` 0 is said, though 0 == False: a stream that must not exist yet.
    predicate.update({k: v for k, v in optional.items() if v is not None and v is not False and v != ()})
    document = {
        "_type": TYPE,
        "predicate": predicate,
        "predicateType": predicate_type,
        "subject": [{"digest": {"sha256": subject}, "name": "_"}],
    }
    # What the rules derive is of our domain by its type, and read back before it gets a place; what people write is walked.
    payload = encode(document) if isinstance(body, Struct) else dumps(msgspec.to_builtins(document))
    if len(payload) > MAX_PAYLOAD:
        raise Malformed("statement", "payload", "too-large")
    return payload


def stream_subject(stream: str) -> str:
    """Outside model streams, the subject is SHA-256 of the stream's name (hex)."""
    return sha256(stream.encode()).hexdigest()


def model_subject(salt: bytes, name: str, weights: str) -> str:
    """SHA-256 of the salted record JCS([salt,"subject",{"name":…,"weights":…}]): the only commitment to both (hex)."""
    return sha256(subject_record(salt, name, weights)).hexdigest()


def subject_record(salt: bytes, name: str, weights: str) -> bytes:
    """The salted record itself; whoever is handed it can bind name and weights to the stream."""
    return dumps([format_base64url(salt), "subject", {"name": name, "weights": weights}])
