"""`break-glass.reviewed`: somebody looked at what was done under an exceptional grant (access.md §2)."""

from typing import Literal

from ledger.event import Body, event
from ledger.fields import Reference, References, Text


@event("break-glass.reviewed", stream="ledger", roles=("key-admin",), quorum=2)
class Reviewed(Body, frozen=True):
    """`grant` is a break-glass `role.granted`, `actions` the entries made under it; nobody reviews a grant of his own."""

    actions: References
    grant: Reference
    outcome: Literal["justified", "not-justified"]
    reason: Text
