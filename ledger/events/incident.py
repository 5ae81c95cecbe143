"""`incident.observed`, `.involvement-known`, `.classified`, `.report-filed`, `.resolved`: from the first sight to the end."""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.event import Body, event
from ledger.fields import UNSET, Digest, Line, Name, Names, Reference, Slots, StreamName, Text, Texts, Time, UnsetType


@event("incident.observed", stream="incident", roles=("responder",), withholdable=("summary",), slots=2)
class Observed(Body, frozen=True, rename={"sd": "_sd"}):
    """Opens an incident's stream; `models` are model streams, `first_at` to `last_at` when it happened."""

    first_at: Time
    jurisdictions: Names
    kind: Line
    models: Annotated[tuple[StreamName, ...], Meta(min_length=1, max_length=32)]
    sd: Slots
    surfaces: Names
    last_at: Time | None = None
    summary: Text | UnsetType = UNSET


@event("incident.involvement-known", stream="incident", roles=("responder",))
class InvolvementKnown(Body, frozen=True):
    """The models' part in it is known, or suspected: suspicion counts. Since when is the statement's own `known_at`."""

    basis: Text
    certainty: Literal["suspected", "likely", "confirmed"]
    incident: Reference


@event("incident.classified", stream="incident", roles=("responder",))
class Classified(Body, frozen=True):
    """What it is under one pack: a category that the pack declares, or, where none is named, not reportable under it.

    `believed_at` = when reasonable belief was reached, where that is earlier than this; `imminent_known_at` stands exactly
    where `imminent`.
    """

    framework: Digest
    imminent: bool
    incident: Reference
    reason: Text
    believed_at: Time | None = None
    category: Name | None = None
    imminent_known_at: Time | None = None
    recipient_authority: Line | None = None


@event("incident.report-filed", stream="incident", roles=("responder",))
class ReportFiled(Body, frozen=True):
    """A report by digest, complete or not: `fields_missing` are what the form asks for and nobody knew yet.

    `awareness_at` and `submitted_at` are recorded because some forms have no field for either.
    """

    awareness_at: Time
    digest: Digest
    fields_missing: Names
    framework: Digest
    incident: Reference
    kind: Literal["initial", "intermediate", "final", "amended"]
    recipient: Line
    submitted_at: Time
    obligation: Name | None = None


@event("incident.resolved", stream="incident", roles=("responder",), withholdable=("root_cause",), slots=2)
class Resolved(Body, frozen=True, rename={"sd": "_sd"}):
    """It is over, and `corrective` says in lines what was done; duties that it opened stay open until they are met."""

    corrective: Texts
    incident: Reference
    resolved_at: Time
    sd: Slots
    root_cause: Text | UnsetType = UNSET
