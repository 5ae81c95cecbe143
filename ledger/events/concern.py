"""`concern.raised`, `.assigned`, `.found`: a sealed stream. Digests only, and no reporter anywhere."""

from typing import Literal

from ledger.event import Body, event
from ledger.fields import Digest, Reference


@event("concern.raised", stream="concern", roles=("responder",))
class Raised(Body, frozen=True):
    """`digest` is over the sealed report, which stays outside the ledger; `framework` is the pack that it is about."""

    channel: Literal["anonymous", "named", "external"]
    digest: Digest
    framework: Digest | None = None


@event("concern.assigned", stream="concern", roles=("responder",))
class Assigned(Body, frozen=True):
    """Somebody looks into it; `digest` is over the sealed assignment."""

    concern: Reference
    digest: Digest


@event("concern.found", stream="concern", roles=("responder",))
class Found(Body, frozen=True):
    """What the inquiry found; `material` = with material risk, `digest` is over the sealed finding."""

    concern: Reference
    digest: Digest
    material: bool
    outcome: Literal["substantiated", "not-substantiated", "withdrawn"]
