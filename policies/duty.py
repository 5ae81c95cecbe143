"""A duty as lists show it: one obligation, of one case or period, as of a position and clock (spec/obligations.md)."""

from typing import Any, Final, Literal

import msgspec

from ledger.fields import Line
from policies.pack_duties import Obligation
from policies.reach import Applies

Standing = Literal[
    "fulfilled", "fulfilled-late", "not-applicable", "overdue", "lapsed", "tolled", "ended", "clock-not-started", "pending",
    "no-period", "open",
]  # fmt: skip
WAITING: Final = frozenset({"open", "overdue", "pending", "tolled"})
"""Standings in which a due date is still to be met, or was missed and is."""


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """One duty as of a position and clock. Times are canonical; `seconds_left` counts to `due_latest`, below zero once late."""

    key: str
    pack: str
    framework: str
    obligation: str
    ref: str
    form: str
    recipients: tuple[Line, ...]
    opened_by: int | None
    opened_type: str
    period: str | None
    number: int | None
    stream: str
    incident: str | None
    models: tuple[str, ...]
    binds_whom: str | None
    applies: Applies
    state: Standing
    reasons: tuple[str, ...]
    clock: str
    started_at: str | None
    earliest: str | None
    due_strict: str | None
    due_latest: str | None
    seconds_left: int | None
    tolled_until: str | None
    fulfilled_at: str | None
    recorded_at: str | None
    indexes: tuple[int, ...]
    optional: bool
    soft: bool
    promptness: str | None
    report: str | None
    sourced: str | None
    qualified: tuple[str, ...]

    @property
    def order(self) -> tuple[str, str]:
        """Its place in every list: what is due first, and what has no due last."""
        return self.due_latest or "~", self.key


def qualified(clause: Obligation) -> tuple[str, ...]:
    """What the source adds and nothing computes."""
    said: list[tuple[str, Any]] = [
        ("or sooner", clause.or_sooner), ("also on", "; ".join(clause.also_on)), ("alternative", clause.alternative),
        ("exempt", "; ".join(clause.exemptions)), ("note", clause.note),
    ]  # fmt: skip
    gap = clause.minimum_gap
    said.append(("not more often than", None if gap is None else f"{gap.amount} {gap.unit}"))
    return tuple(f"{name}: {text}" for name, text in said if text)
