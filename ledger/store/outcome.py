"""What an appender answers: appended with its proof, refused, or a fault. All three are values for the door."""

from dataclasses import dataclass, field
from typing import TypeAlias

from ledger.errors import LedgerError
from ledger.event import Event
from ledger.reasons import Refused
from ledger.receipt import format_receipt


@dataclass(frozen=True, slots=True)
class Appended:
    """Durable, indexed, in the tree, under `note`. `proof` is the inclusion path; `derived` what followed in the batch.

    `replay`: the same statement stood earlier in the same batch.
    """

    event: Event
    entry: bytes
    size: int
    proof: tuple[bytes, ...]
    note: str
    replay: bool = False
    derived: tuple[Event, ...] = field(default=())

    def receipt(self) -> str:
        """The c2sp.org/tlog-proof text."""
        return format_receipt(self.event.index, self.proof, self.note)


@dataclass(frozen=True, slots=True)
class Known:
    """The same statement was appended before, at `index`: answer with its first receipt."""

    index: int


Outcome: TypeAlias = Appended | Known | Refused | LedgerError
