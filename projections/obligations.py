"""`obligations`: duties, incidents and what they rest on. Where a duty stands is read from rows at an asked clock, never stored.

Rows: "duty|pack|obligation|index", "calendar|pack|obligation" and "incident|stream" (`Rank.LISTED`), and for the fold and its
readers what `policies.duty_fold` names. The fold is the one that the rules' state uses, so that both answer alike.
"""

from collections.abc import Sequence
from typing import Final

from ledger.errors import Fault
from ledger.event import Event
from ledger.registry import BODIES
from policies.duty_fold import duty_changes, duty_reads
from policies.duty_rows import Value
from projections.projection import Change, Look, Projection, Rank, Row

LISTED: Final = ("calendar|", "duty|", "incident|")
_KNOWN: Final = frozenset(BODIES)
"""What `policies.duty_fold` is total over: a clause of a pack may name any event type of the registry."""


def _changes(look: Look, event: Event) -> Sequence[Change]:
    if type(event.body) not in _KNOWN:
        raise Fault("event-type-unknown", "failed", f"obligations does not know {event.name}", "use a newer release")

    def value(key: str) -> Value | None:
        row = look(key)
        return None if row is None else row.value

    return [
        (key, Row(Rank.LISTED if key.startswith(LISTED) else Rank.LOOKUP, row))
        for key, row in duty_changes(value, event)
    ]


OBLIGATIONS: Final = Projection("obligations", 1, _changes, duty_reads)
