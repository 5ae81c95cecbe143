"""An entry's bytes → the event that folds see. No signature is checked here: admission did, and the auditor does again.

Who owns a key follows from entry 0 and `key.registered` alone, and never changes: so a reader that starts in the middle
is given those entries first (`owners`), and a key known early does no harm.
"""

from dataclasses import dataclass, field

from ledger.entry import leaf_hash, read_entry
from ledger.envelope import statement_digest
from ledger.errors import Malformed
from ledger.event import Event
from ledger.events import key, ledger, root
from ledger.registry import BY_TOPIC
from ledger.statement import parse_statement, peek_type


@dataclass(slots=True)
class Decoder:
    """Decodes entries in order. `owners`: key id → principal, learned from what passes."""

    owners: dict[str, str] = field(default_factory=dict)

    def decode(self, index: int, raw: bytes) -> Event:
        """Entry number `index` as an event. Raises `Malformed`: `event-type-unknown`, `key-unknown`, or a format's rule."""
        entry, envelope = read_entry(raw)
        payload = envelope.payload
        body_type = BY_TOPIC.get(peek_type(payload))
        if body_type is None:
            raise Malformed("event", "predicateType", "event-type-unknown")
        statement = parse_statement(payload, body_type)
        predicate = statement.predicate
        body = predicate.body
        if isinstance(body, ledger.Founded | root.Rotated):
            self.owners.update((k.keyid, k.principal) for k in body.keys)
        elif isinstance(body, key.Registered):
            self.owners[body.keyid] = body.principal
        try:
            principals = tuple(dict.fromkeys(self.owners[k] for k in predicate.signers))
        except KeyError:
            raise Malformed("event", "signers", "key-unknown") from None
        return Event(
            index=index,
            leaf=leaf_hash(raw).hex(),
            recorded_at=entry.recorded_at,
            stream=predicate.stream,
            stream_version=entry.version,
            digest=statement_digest(payload),
            event_id=predicate.event_id,
            occurred_at=predicate.occurred_at,
            known_at=predicate.known_at,
            type=body_type.event,
            body=body,
            signers=predicate.signers,
            principals=principals,
            subject=statement.subject[0].digest.sha256,
            back_recorded=predicate.back_recorded,
            causes=predicate.causes,
        )
