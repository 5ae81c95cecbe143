"""The closed list of facts, one sorted line each, by hand: the set of facts is protocol. No discovery."""

from typing import Final

from ledger.event import Body
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

BODIES: Final[tuple[type[Body], ...]] = (
    action.Requested,
    approval.Given,
    approval.Refused,
    approval.Withdrawn,
    body.Informed,
    decision.Made,
    deployment.Started,
    document.Confirmed,
    document.Submitted,
    evaluation.Amended,
    evaluation.Invalidated,
    evaluation.Preregistered,
    evaluation.Recorded,
    framework.Adopted,
    framework.Published,
    gate.Evaluated,
    interim.Approved,
    key.Registered,
    key.Revoked,
    ledger.Founded,
    model.ComputeReached,
    model.Referenced,
    model.Registered,
    principal.Registered,
    role.Granted,
    role.Revoked,
    safeguard.Attested,
    safeguard.Withdrawn,
    threshold.Determined,
    token.Issued,
    token.Revoked,
)

BY_TOPIC: Final[dict[str, type[Body]]] = {b.event.topic: b for b in BODIES}
"""`predicateType` → body class; an unknown topic is refused at admission and is `ERROR` in a replay."""
BY_NAME: Final[dict[str, type[Body]]] = {b.event.name: b for b in BODIES}
