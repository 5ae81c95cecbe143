"""`exception.invoked`: a framework's own exception is used, and each of its conditions is shown."""

from typing import Annotated

from msgspec import Meta

from ledger.event import Body, event
from ledger.fields import Closed, Digest, Evidences, Hex32, Line, Name, Text, Time


class Shown(Closed, frozen=True):
    """A condition in the pack's own words, and the evidence that it holds."""

    condition: Line
    evidence: Evidences


@event("exception.invoked", stream="model", roles=("decider",), quorum=2)
class Invoked(Body, frozen=True):
    """`exception` is one that the pack declares, `shown` all of its conditions; `request` narrows it to one request."""

    exception: Name
    framework: Digest
    reason: Text
    shown: Annotated[tuple[Shown, ...], Meta(max_length=32)]
    request: Hex32 | None = None
    valid_until: Time | None = None
