"""`document.submitted`, `.confirmed`, `.published`: reports that a gate or a duty may ask for."""

from typing import Annotated

from msgspec import Meta

from ledger.event import Body, event
from ledger.fields import Closed, Digest, Line, Name, Reference, StreamName, Time


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


class Redaction(Closed, frozen=True, rename={"kind": "class"}):
    """One class of content that was left out, the ground that allows it, and why it is met here."""

    ground: Name
    justification: Line
    kind: Name


@event("document.published", stream="document", roles=("discloser",), quorum=2)
class Published(Body, frozen=True):
    """`digest` is over what was published, which redactions make another document than the one submitted."""

    audience: Name
    digest: Digest
    document: Reference
    place: Line
    redactions: Annotated[tuple[Redaction, ...], Meta(max_length=64)]
