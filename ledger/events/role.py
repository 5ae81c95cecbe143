"""`role.granted` and `role.revoked`: who may say what (access.md §2)."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from ledger.event import Body, event
from ledger.fields import Closed, Name, Names, StreamName, Time

Role: TypeAlias = Literal[
    "evaluator", "attester", "assessor", "deployer", "approver", "decider", "responder",
    "discloser", "framework-admin", "key-admin", "engine", "auditor",
]  # fmt: skip


class PackRole(Closed, frozen=True):
    """A role that a pack names, by pack id (which carries the version); the pack's title stays inside the pack."""

    pack: Name
    role: Name


@event("role.granted", stream="ledger", roles=("key-admin",), quorum=2)
class Granted(Body, frozen=True):
    """Scope = stream prefixes and actions; an empty `actions` means the role has no action to scope, never all."""

    principal: Name
    role: Role
    streams: Annotated[tuple[StreamName, ...], Meta(min_length=1, max_length=32)]
    actions: Names = ()
    break_glass: bool = False
    pack_role: PackRole | None = None
    valid_until: Time | None = None


@event("role.revoked", stream="ledger", roles=("key-admin",), quorum=2)
class Revoked(Body, frozen=True):
    """Ends the grant of `role` (and of `pack_role`, where given) to `principal` from the next index."""

    principal: Name
    role: Role
    pack_role: PackRole | None = None
