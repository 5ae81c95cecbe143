"""`obligation.fulfilled`, `.tolled`, `.not-applicable`: what people say of a duty.

Opening and lateness are computed, not recorded.
A duty is a pack's obligation and what opened it: the entry `opened_by`, or the `period` of the calendar, by its first day
(`YYYY-MM-DD`). The stream spells it: `obligation/<pack id>/<obligation id>/<index or period>`, in lower case.
"""

from ledger.event import Body, event
from ledger.fields import Day, Digest, Evidences, Line, Name, Reference, Text, Time


@event("obligation.fulfilled", stream="obligation", roles=("responder",))
class Fulfilled(Body, frozen=True):
    """Done at `fulfilled_at`, with evidence by digest; exactly one of `opened_by` and `period`."""

    evidence: Evidences
    framework: Digest
    fulfilled_at: Time
    note: Text
    obligation: Name
    opened_by: Reference | None = None
    period: Day | None = None


@event("obligation.tolled", stream="obligation", roles=("responder",))
class Tolled(Body, frozen=True):
    """The clock stands still until `until`; `by` says who granted that. Exactly one of `opened_by` and `period`."""

    by: Line
    framework: Digest
    obligation: Name
    reason: Text
    until: Time
    opened_by: Reference | None = None
    period: Day | None = None


@event("obligation.not-applicable", stream="obligation", roles=("responder",))
class NotApplicable(Body, frozen=True):
    """The duty does not reach this case, and why; exactly one of `opened_by` and `period`."""

    framework: Digest
    obligation: Name
    reason: Text
    opened_by: Reference | None = None
    period: Day | None = None
