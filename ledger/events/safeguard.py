"""`safeguard.attested`, `safeguard.degraded` and `safeguard.withdrawn`."""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.event import Body, event
from ledger.fields import (
    UNSET,
    Closed,
    Digest,
    Evidences,
    Names,
    Reference,
    Slots,
    SomeNames,
    StreamName,
    Text,
    Time,
    UnsetType,
)


class Scope(Closed, frozen=True):
    """Where the claim holds. `subjects` are model streams; an empty list covers no surface, host or audience."""

    audiences: Names
    hosts: Names
    subjects: Annotated[tuple[StreamName, ...], Meta(min_length=1, max_length=32)]
    surfaces: Names


@event("safeguard.attested", stream="safeguard", roles=("attester",), withholdable=("detail",), slots=2)
class Attested(Body, frozen=True, rename={"sd": "_sd"}):
    """An attester claims that safeguards of a pack work, within a scope, from `valid_from` until `valid_until`.

    `vectors` are the harm vectors that the claim covers, where the pack asks for a claim per vector.
    """

    claim: Text
    evidence: Evidences
    framework: Digest
    independence: Literal["internal", "external", "government"]
    safeguards: SomeNames
    scope: Scope
    sd: Slots
    valid_from: Time
    valid_until: Time
    detail: Text | UnsetType = UNSET
    vectors: Names = ()


@event("safeguard.degraded", stream="safeguard", roles=("attester",))
class Degraded(Body, frozen=True):
    """Since `since` some safeguards of an attestation no longer work as attested, until a later attestation says that they do."""

    attestation: Reference
    reason: Text
    safeguards: SomeNames
    since: Time


@event("safeguard.withdrawn", stream="safeguard", roles=("attester",))
class Withdrawn(Body, frozen=True):
    """The attestation counts for nothing from here on."""

    attestation: Reference
    reason: Text
