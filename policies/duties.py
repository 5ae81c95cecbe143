"""Where each duty stands at an asked clock: pure, over rows, so that the state and the view answer alike (spec/obligations.md).

Nothing here is recorded: lateness follows from what people recorded and from the clock that somebody asks for.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from ledger.state import State
from policies.clocks import Tainted
from policies.duty import Duty
from policies.duty_judge import DutyJudge
from policies.duty_rows import Look, Value
from policies.facts import taint
from policies.incident_fold import incident_key
from policies.pack_duties import Obligation

TABLE: Final = "duty"
"""The table of `State` that holds the rows."""


def duties_at(look: Look, rows: Iterable[tuple[str, Value]], at: str, tainted: Tainted) -> list[Duty]:
    """Every duty of these rows (`duty|…` and `calendar|…`) at clock `at`, in the order of lists."""
    found = [d for key, row in rows for d in _of(look, key, row, at, tainted)]
    return sorted(found, key=lambda d: d.order)


def duties_of(
    state: State, at: str, *, pack: str | None = None, obligation: str | None = None, incident: str | None = None
) -> list[Duty]:
    """Every duty that the rules' state knows, at clock `at`; of a pack, of one of its obligations, or of an incident alone."""

    def look(key: str) -> Value | None:
        row: Value | None = state.get(TABLE, key)
        return row

    if incident is not None:
        case = look(incident_key(incident)) or {"duties": {}}
        rows = ((key, row) for keys in case["duties"].values() for key in keys if (row := look(key)) is not None)
    else:
        of = "" if pack is None else f"{pack}|" if obligation is None else f"{pack}|{obligation}"
        rows = (pair for kind in ("calendar|", "duty|") for pair in state.scan(TABLE, f"{kind}{of}"))
    return duties_at(look, rows, at, lambda index, keys: taint(state, index, keys))


def _of(look: Look, key: str, row: Value, at: str, tainted: Tainted) -> Iterator[Duty]:
    clause = msgspec.convert(row["clause"], Obligation)
    pack = look(f"pack|{row['framework']}")
    if pack is None:
        return
    judge = DutyJudge(look, key, row, clause, pack, at, tainted)
    if key.startswith("calendar|"):
        yield from judge.calendar()
    elif clause.every is not None:
        yield from judge.recurring(clause)
    else:
        yield judge.once()
