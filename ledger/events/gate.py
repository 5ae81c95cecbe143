"""`gate.evaluated`: the policy verdict, recorded by the engine in the same batch as what changed it."""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.event import Body, event
from ledger.fields import Closed, Digest, Hex32, Index, Line, Name, Time


class AsOf(Closed, frozen=True):
    """The position and time that an answer holds for: entries 0…size−1 at `time`."""

    size: Index
    time: Time


class RecordedFinding(Closed, frozen=True):
    """One evaluated requirement, its clause, and the indexes of the entries it rests on."""

    clause: Name
    indexes: Annotated[tuple[Index, ...], Meta(max_length=64)]
    pack: Name
    requirement: Line
    state: Literal["met", "unmet", "unknown", "expired", "out-of-scope"]


@event("gate.evaluated", stream="model", roles=("engine",), derived=True)
class Evaluated(Body, frozen=True):
    """`request` is the statement digest of the request; `verdict_digest` is over answer, reasons and findings."""

    action: Name
    answer: Literal["permit", "permit_with_conditions", "deny", "undetermined"]
    as_of: AsOf
    findings: Annotated[tuple[RecordedFinding, ...], Meta(max_length=400)]
    packs: Annotated[tuple[Digest, ...], Meta(max_length=32)]
    reasons: Annotated[tuple[Line, ...], Meta(max_length=64)]
    request: Hex32
    verdict_digest: Hex32
