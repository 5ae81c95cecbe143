"""Every period of every shipped pack equals the number in its clause: `periods.txt`, by hand and whole, says which (domain.md §6)."""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from policies.pack import Pack
from policies.pack_duties import Period
from tests.policies.world import FRAMEWORKS, shipped

SHIPPED = sorted(p.stem for p in FRAMEWORKS.glob("*.toml"))
PARTS = ("obligations", "reviews", "retention")


@lru_cache
def table() -> dict[str, list[tuple[str, str, str, str]]]:
    """Pack → (clause, which period, how long, reference)."""
    found: dict[str, list[tuple[str, str, str, str]]] = {}
    for line in (Path(__file__).parent / "periods.txt").read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            found[line] = rows = []
            continue
        clause, which, long, ref = re.split(r"\s{2,}", line.strip(), maxsplit=3)
        rows.append((clause, which, long, ref))
    return found


def periods(pack: Pack) -> Iterator[tuple[str, str, str, str]]:
    """What the pack says, in the same form."""
    for part in PARTS:
        for clause in getattr(pack, part):
            for member in clause.__struct_fields__:
                period = getattr(clause, member)
                if isinstance(period, Period):
                    yield clause.id, member, f"{period.amount} {period.unit}", clause.ref
    if pack.reassess is not None and pack.reassess.max_age_months is not None:
        yield "reassess", "max_age_months", f"{pack.reassess.max_age_months} month", pack.reassess.ref


def everywhere(value: Any) -> Iterator[Period]:
    """Every period of a pack, wherever it stands: those of parts that this test does not know, too."""
    if isinstance(value, Period):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from everywhere(item)
    else:
        for member in getattr(value, "__struct_fields__", ()):
            yield from everywhere(getattr(value, member))


@pytest.mark.parametrize("stem", SHIPPED)
def test_every_period_is_the_number_of_its_clause(stem: str) -> None:
    assert stem in table(), f"periods.txt lists no {stem}: write its periods from the source"
    said, written = sorted(periods(shipped(stem))), sorted(table()[stem])
    assert [row for row in said if row not in written] == [], "periods that periods.txt does not list"
    assert [row for row in written if row not in said] == [], "periods that the pack does not have"
    assert len(set(written)) == len(written) == len(said)


@pytest.mark.parametrize("stem", SHIPPED)
def test_no_period_is_overlooked(stem: str) -> None:
    pack = shipped(stem)
    counted = sum(1 for _, member, _, _ in periods(pack) if member != "max_age_months")
    assert counted == len(list(everywhere(pack)))


def test_the_table_lists_no_pack_that_is_not_shipped() -> None:
    assert set(table()) == set(SHIPPED)
    assert sum(map(len, table().values())) > 90
