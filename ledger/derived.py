"""Derived entries (formats.md §4): payloads fully determined by what precedes them, so that a replay can compare bytes.

`event_id` = UUIDv7 of the recorded millisecond and the first bits of SHA-256(cause's statement digest ‖ predicate type ‖
ordinal as four big-endian bytes); `occurred_at` = the cause's recorded time; `causes` = the cause; the signer is the
engine's newest live key (`ledger.trust.engine_key`). Payloads are compared, never signatures.
"""

from collections.abc import Callable
from hashlib import sha256

from ledger.admit import Admitted, Rules, Submission, fold_event, place_event
from ledger.envelope import Envelope, format_envelope, statement_digest
from ledger.errors import Fault
from ledger.event import Derived, Event
from ledger.fields import Reference
from ledger.registry import BY_TOPIC
from ledger.state import State
from ledger.statement import format_statement, parse_statement, peek_type
from ledger.strict import format_uuid7, micros, unhex
from ledger.trust import KeyLife, engine_key

Seal = Callable[[bytes, str], Envelope]
"""(payload, engine key id) → the envelope that carries it."""


def derived_id(cause: Event, topic: str, ordinal: int) -> str:
    """The event id of the `ordinal`-th entry (from 0) that `cause` derives."""
    seed = sha256(unhex(cause.digest) + topic.encode() + ordinal.to_bytes(4, "big")).digest()
    return format_uuid7(micros(cause.recorded_at) // 1000, seed[:10])


def sealing_key(state: State, cause: Event) -> KeyLife:
    """The engine's key for what `cause` derives. `admit` refuses a cause that would find none (`engine-missing`)."""
    engine = engine_key(state, cause.recorded_at)
    if engine is None:
        raise Fault("engine-key-missing", "failed", "no live engine key is registered", "register one (docs/how-to)")
    return engine


def derived_payload(state: State, cause: Event, ordinal: int, derived: Derived) -> bytes:
    """The statement of a derived entry. Raises `Fault` where the log knows no live engine key."""
    engine = sealing_key(state, cause)
    body = derived.body
    return format_statement(
        body=body,
        event_id=derived_id(cause, body.event.topic, ordinal),
        founding=state.get("meta", "founding"),
        ledger=state.get("meta", "origin"),
        occurred_at=cause.recorded_at,
        signers=(engine.record.keyid,),
        stream=derived.stream,
        subject=derived.subject,
        predicate_type=body.event.topic,
        causes=(Reference(index=cause.index, leaf=cause.leaf),),
    )


def follow(state: State, cause: Event, rules: Rules, seal: Seal) -> list[Admitted]:
    """Derive, place and fold all that must follow `cause`, in order. `state` is the one after `cause`."""
    placed: list[Admitted] = []
    for ordinal, derived in enumerate(rules.derive(state, cause)):
        payload = derived_payload(state, cause, ordinal, derived)
        engine = sealing_key(state, cause)
        envelope = seal(payload, engine.record.keyid)
        admitted = place_sealed(state, cause.index + 1 + ordinal, cause.recorded_at, envelope, engine)
        fold_event(state, admitted.event, rules)
        placed.append(admitted)
    return placed


def place_sealed(state: State, index: int, recorded_at: str, envelope: Envelope, engine: KeyLife) -> Admitted:
    """Give what the engine sealed its place at `index`."""
    statement = parse_statement(envelope.payload, BY_TOPIC[peek_type(envelope.payload)])
    submission = Submission(
        format_envelope(envelope), statement_digest(envelope.payload), statement, statement.predicate.body
    )
    return place_event(state, index, recorded_at, submission, (engine.record.principal,))
