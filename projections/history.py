"""`history`: what happened in a stream, in order. Rows are only ever added: key "stream|stream version".

`says` holds open fields that place the event for a reader. A member that may be withheld never enters a view, even where a
submitter left it open (domain.md §8.10): the entry itself has it.
"""

from collections.abc import Sequence
from typing import Any, Final

from ledger.errors import Fault
from ledger.event import Body, Event
from ledger.events import (
    action,
    approval,
    body,
    decision,
    deployment,
    document,
    evaluation,
    framework,
    gate,
    interim,
    key,
    ledger,
    model,
    principal,
    role,
    safeguard,
    threshold,
    token,
)
from ledger.fields import Reference
from projections.projection import Change, Look, Projection, Rank, Row, as_json, ordinal

SAYS: Final[dict[type[Body], tuple[str, ...]]] = {
    action.Requested: ("action", "audience", "surfaces", "hosts", "jurisdictions"),
    approval.Given: ("action", "request", "verb", "valid_until"),
    approval.Refused: ("action", "request", "verb"),
    approval.Withdrawn: ("approval", "request"),
    body.Informed: ("body", "of"),
    decision.Made: ("decision", "basis", "request", "gate", "supersedes", "valid_until"),
    deployment.Started: ("action", "audience", "decision"),
    document.Confirmed: ("document", "role", "verb"),
    document.Submitted: ("kind", "version", "covers", "digest"),
    evaluation.Amended: ("amends", "log_sha256", "only_encoding"),
    evaluation.Invalidated: ("evaluation",),
    evaluation.Preregistered: ("threshold", "task", "metric", "comparator", "value"),
    evaluation.Recorded: ("task", "run", "status", "tool", "log_sha256", "preregistration"),
    framework.Adopted: ("id", "digest", "effective", "supersedes"),
    framework.Published: ("id", "digest"),
    gate.Evaluated: ("action", "answer", "reasons", "request"),
    interim.Approved: ("gate", "stands_in_for", "valid_until"),
    key.Registered: ("keyid", "principal", "use"),
    key.Revoked: ("keyid", "reason", "compromised_since_index"),
    ledger.Founded: ("origin", "root_threshold", "development"),
    model.ComputeReached: ("of", "ratio", "fact"),
    model.Referenced: ("index", "type"),
    model.Registered: ("kind", "parent", "relation"),
    principal.Registered: ("id", "kind", "unit"),
    role.Granted: ("principal", "role", "pack_role", "streams", "actions", "valid_until", "break_glass"),
    role.Revoked: ("principal", "role", "pack_role"),
    safeguard.Attested: ("safeguards", "scope", "independence", "valid_from", "valid_until"),
    safeguard.Withdrawn: ("attestation",),
    threshold.Determined: ("threshold", "state", "made", "precautionary", "covered_by", "subjects", "framework"),
    token.Issued: ("id", "audience", "expires_at"),
    token.Revoked: ("id",),
}
"""Total over the registry: `tests/projections` compares the two."""


_SCALARS: Final = frozenset({str, int, bool, type(None)})


def _plain(value: Any) -> Any:
    if type(value) in _SCALARS:
        return value
    return value.index if isinstance(value, Reference) else as_json(value)


def _changes(_look: Look, event: Event) -> Sequence[Change]:
    said = event.body
    names = SAYS.get(type(said))
    if names is None:
        raise Fault("event-type-unknown", "failed", f"history does not know {event.name}", "use a newer release")
    value = {
        "back_recorded": event.back_recorded,
        "causes": [c.index for c in event.causes],
        "digest": event.digest,
        "event_id": event.event_id,
        "index": event.index,
        "known_at": event.known_at,
        "leaf": event.leaf,
        "occurred_at": event.occurred_at,
        "principals": list(event.principals),
        "recorded_at": event.recorded_at,
        "says": {n: _plain(getattr(said, n)) for n in names},
        "signers": list(event.signers),
        "stream": event.stream,
        "stream_version": event.stream_version,
        "type": event.name,
    }
    return ((f"{event.stream}|{ordinal(event.stream_version)}", Row(Rank.LISTED, value)),)


HISTORY: Final = Projection("history", 1, _changes)
