"""How a rule of packs refuses: the place in words that `pack_lines` turns into a line, and the rule's code."""

from collections.abc import Iterable

from ledger.errors import Malformed
from ledger.strict import parse_decimal, parse_time
from policies.pack_gate import Condition, Statistic

PARTS = (
    "thresholds", "sets", "safeguards", "gates", "roles", "fallbacks", "exceptions", "obligations", "states", "levels",
    "incident_categories", "report_fields", "retention", "reviews", "prohibitions",
)  # fmt: skip
"""The parts of a pack that are lists of clauses with ids."""


def bad(place: str, rule: str) -> Malformed:
    return Malformed("pack", place, rule)


def check_known(place: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raise `pack-unknown-name` at the first name that is not among the known ones."""
    declared = set(known)
    for name in names:
        if name not in declared:
            raise bad(f"{place} {name}", "pack-unknown-name")


def check_condition(place: str, condition: Condition | Statistic) -> None:
    """A comparison is with a number; `=` is with a token."""
    if condition.comparator != "=":
        check_number(place, condition.value)


def check_number(place: str, value: str) -> None:
    """Raise `pack-number` where the text is no canonical decimal."""
    try:
        parse_decimal(value)
    except Malformed:
        raise bad(place, "pack-number") from None


def day(place: str, text: str) -> str:
    """A day that exists (`YYYY-MM-DD`), as the time at which it begins. Raises `pack-date`."""
    try:
        return parse_time(f"{text}T00:00:00.000000Z")
    except Malformed:
        raise bad(place, "pack-date") from None
