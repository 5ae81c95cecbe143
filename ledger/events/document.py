"""`document.submitted` and `document.confirmed`: reports that a gate may ask for."""

from typing import Annotated

from msgspec import Meta

from ledger.event import Body, event
from ledger.fields import Digest, Line, Name, Reference, StreamName, Time


@event("document.submitted", stream="document", roles=("assessor",))
class Submitted(Body, frozen=True):
    """A report by digest; `covers` are model streams, `coverage_date` the day up to which it speaks."""

    coverage_date: Time
    covers: Annotated[tuple[StreamName, ...], Meta(min_length=1, max_length=32)]
    digest: Digest
    kind: Name
    version: Line


@event("document.confirmed", stream="document", roles=("approver",))
class Confirmed(Body, frozen=True):
    """A role of the pack confirms exactly these bytes."""

    digest: Digest
    document: Reference
    role: Name
    verb: Name
