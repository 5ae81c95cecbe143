"""`document.submitted`, `.confirmed`, `.published`: reports that a gate or a duty may ask for."""

from typing import Annotated

from msgspec import Meta

from ledger.event import Body, Elements, event
from ledger.fields import Closed, Digest, HiddenElement, Line, Name, Reference, StreamName, Text, Time


@event("document.submitted", stream="document", roles=("assessor",), elements=(Elements("findings", 16),))
class Submitted(Body, frozen=True):
    """A report by digest; `covers` are model streams, `coverage_date` the day up to which it speaks.

    `findings` are its own in words, for those who are not handed the whole of it: each may be withheld by itself.
    """

    coverage_date: Time
    covers: Annotated[tuple[StreamName, ...], Meta(min_length=1, max_length=32)]
    digest: Digest
    kind: Name
    version: Line
    findings: Annotated[tuple[Text | HiddenElement, ...], Meta(max_length=16)] = ()


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
