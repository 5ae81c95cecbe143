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
    break_glass,
    concern,
    decision,
    deployment,
    disclosure,
    document,
    entry,
    evaluation,
    exception,
    framework,
    gate,
    incident,
    index,
    interim,
    key,
    ledger,
    log,
    model,
    obligation,
    principal,
    reassessment,
    recommendation,
    replay,
    role,
    root,
    rules,
    safeguard,
    threshold,
    token,
    training,
)
from ledger.fields import Reference
from projections.projection import Change, Look, Projection, Rank, Row, as_json, ordinal

SAYS: Final[dict[type[Body], tuple[str, ...]]] = {
    action.Requested: ("action", "audience", "surfaces", "hosts", "jurisdictions", "planned_for"),
    approval.Given: ("action", "request", "verb", "valid_until"),
    approval.Refused: ("action", "request", "verb"),
    approval.Withdrawn: ("approval", "request"),
    body.Informed: ("body", "of"),
    break_glass.Reviewed: ("grant", "outcome", "reason", "actions"),
    concern.Assigned: ("concern", "digest"),
    concern.Found: ("concern", "outcome", "material", "digest"),
    concern.Raised: ("channel", "framework", "digest"),
    decision.Made: ("decision", "basis", "request", "gate", "supersedes", "valid_until"),
    deployment.Changed: ("deployment", "state", "audience", "surfaces", "hosts", "decision", "reason"),
    deployment.Ended: ("deployment", "decision", "reason"),
    deployment.Started: ("action", "audience", "decision"),
    disclosure.Erased: ("stream", "first", "last", "classes", "ground"),
    disclosure.Made: ("recipient", "profile", "first", "last", "checkpoint", "bundle_digest"),
    document.Confirmed: ("document", "role", "verb"),
    document.Published: ("document", "digest", "audience", "place", "redactions"),
    document.Submitted: ("kind", "version", "covers", "digest"),
    evaluation.Amended: ("amends", "log_sha256", "only_encoding"),
    evaluation.Invalidated: ("evaluation",),
    evaluation.Preregistered: ("threshold", "task", "metric", "comparator", "value"),
    evaluation.Recorded: ("task", "run", "status", "tool", "log_sha256", "preregistration"),
    exception.Invoked: ("exception", "framework", "request", "shown", "reason", "valid_until"),
    framework.Adopted: ("id", "digest", "effective", "supersedes"),
    framework.Interpreted: ("id", "digest", "clause", "reading", "role"),
    framework.Published: ("id", "digest"),
    framework.ScopeDetermined: ("id", "digest", "applies", "binds_as", "effective", "reason"),
    framework.SourceDrifted: ("id", "digest", "expected", "found", "place", "seen_at"),
    gate.Evaluated: ("action", "answer", "reasons", "request"),
    incident.Classified: (
        "incident",
        "framework",
        "category",
        "imminent",
        "imminent_known_at",
        "believed_at",
        "recipient_authority",
        "reason",
    ),
    incident.InvolvementKnown: ("incident", "certainty", "basis"),
    incident.Observed: ("kind", "models", "first_at", "last_at", "surfaces", "jurisdictions"),
    incident.ReportFiled: (
        "incident",
        "framework",
        "kind",
        "recipient",
        "obligation",
        "awareness_at",
        "submitted_at",
        "fields_missing",
        "digest",
    ),
    incident.Resolved: ("incident", "resolved_at", "corrective"),
    entry.Suppressed: ("index", "type", "stream", "version", "ground"),
    ledger.Frozen: ("reason",),
    ledger.Restored: ("size", "root", "reason"),
    log.Rotated: ("vkeys", "last_good_size"),
    root.Rotated: ("root_threshold",),
    rules.Adopted: ("rules",),
    index.Committed: ("size", "streams", "root"),
    interim.Approved: ("gate", "stands_in_for", "valid_until"),
    key.Registered: ("keyid", "principal", "use"),
    key.Revoked: ("keyid", "reason", "compromised_since_index"),
    ledger.Founded: ("origin", "root_threshold", "development"),
    model.ComputeReached: ("of", "ratio", "fact"),
    model.Referenced: ("index", "type"),
    model.Registered: ("kind", "parent", "relation"),
    obligation.Fulfilled: ("obligation", "framework", "opened_by", "period", "fulfilled_at", "evidence", "note"),
    obligation.NotApplicable: ("obligation", "framework", "opened_by", "period", "reason"),
    obligation.Tolled: ("obligation", "framework", "opened_by", "period", "until", "by", "reason"),
    principal.Registered: ("id", "kind", "unit"),
    reassessment.Triggered: ("cause", "framework", "thresholds", "role", "reason", "evidence"),
    recommendation.Issued: ("recommendation", "request", "role", "framework", "conditions"),
    replay.Performed: ("verdict", "size", "root", "tool", "rules", "claims_digest", "note"),
    role.Granted: ("principal", "role", "pack_role", "streams", "actions", "valid_until", "break_glass"),
    role.Revoked: ("principal", "role", "pack_role"),
    safeguard.Attested: ("safeguards", "scope", "independence", "valid_from", "valid_until", "vectors"),
    safeguard.Degraded: ("attestation", "safeguards", "since", "reason"),
    safeguard.Withdrawn: ("attestation",),
    threshold.Determined: (
        "threshold",
        "state",
        "made",
        "precautionary",
        "covered_by",
        "subjects",
        "framework",
        "vectors",
    ),
    threshold.Retracted: ("determination", "because", "threshold", "framework"),
    token.Issued: ("id", "audience", "expires_at"),
    token.Revoked: ("id",),
    training.Ended: ("started", "outcome", "reason"),
    training.Paused: ("because", "reason"),
    training.Resumed: ("paused", "decision"),
    training.Started: ("purpose", "compute_planned", "decision"),
}
"""Total over the registry: `tests/projections` compares the two."""


_SCALARS: Final = frozenset({str, int, bool, type(None)})


def _plain(value: Any) -> Any:
    if type(value) in _SCALARS:
        return value
    if isinstance(value, tuple):
        return [_plain(member) for member in value]
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
