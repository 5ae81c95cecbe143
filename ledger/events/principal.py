"""`principal.registered`: a person, a service or a body enters (access.md §1)."""

from typing import Literal

from ledger.event import Body, event
from ledger.fields import UNSET, Line, Name, Slots, UnsetType


@event("principal.registered", stream="ledger", roles=("key-admin",), quorum=2, withholdable=("name",), slots=2)
class Registered(Body, frozen=True, rename={"sd": "_sd"}):
    """`id` is a role-like name, never a person's; `operates` marks who has the machine or the database."""

    id: Name
    kind: Literal["person", "service", "body"]
    sd: Slots
    unit: Name
    name: Line | UnsetType = UNSET
    operates: bool = False
