"""`rules.adopted`: the rules version in force from the next index on (formats.md §4)."""

from ledger.event import Body, event
from ledger.fields import RulesVersion


@event("rules.adopted", stream="ledger", roles=(), root_quorum=True)
class Adopted(Body, frozen=True):
    """Schemas, constants, admission, derivation and evaluation from the next index on; a greater number than the one in force.

    The entry itself is judged under the old version, and nothing that was admitted is judged again. An auditor who does not know
    the version says `ERROR` (`rules-unknown`) from there on.
    """

    rules: RulesVersion
