"""Admission without the rules of the event's own type, which may rest on entries that a reader does not have."""

from dataclasses import dataclass

from ledger.event import Derived, Event
from ledger.reasons import Refused
from ledger.state import State


@dataclass(slots=True)
class TrustOnly:
    """`ledger.admit.Rules` that ask and fold nothing: who signed, and whether he might, is checked before these."""

    version: str

    def refusal(self, _state: State, _event: Event) -> Refused | None:
        """None: keys, roles, quorums, place and references were checked already."""
        return None

    def fold(self, _state: State, _event: Event) -> None:
        """Nothing: what an event amounts to is folded by whoever knows what it rests on."""

    def derive(self, _state: State, _event: Event) -> tuple[Derived, ...]:
        """Nothing: what is derived is an entry of its own."""
        return ()
