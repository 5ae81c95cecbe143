"""Decisions as views list them: whole, page after page, and the newest ones that differ from the policy verdict."""

import pytest

from disclosures.decided import cursor_of, decisions_of, decisions_page, newest_diverging
from policies.answer import AsOf
from tests.policies.world import World


@pytest.fixture
def world() -> World:
    """The gate permits nothing here: `permit` differs from it, `withhold` does not."""
    world = World("anthropic-rsp-2.2")
    world.model()
    for n in range(9):
        world.decide("withhold" if n % 3 else "permit", divergence_reason="fictional")
    return world


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 8, 9, 10])
def test_pages_are_the_whole_list_and_end_with_it(world: World, limit: int) -> None:
    as_of = AsOf(world.size, world.at)
    whole = decisions_of(world.state, as_of)
    assert [row["divergence"] is None for row in whole] == [False] * 3 + [True] * 6
    assert all(
        one["index"] < two["index"] for part in (whole[:3], whole[3:]) for one, two in zip(part, part[1:], strict=False)
    )
    rows, after = decisions_page(world.state, as_of, None, limit)
    while after is not None:
        assert after == cursor_of(rows[-1])
        more, after = decisions_page(world.state, as_of, after, limit)
        assert 0 < len(more) <= limit
        rows += more
    assert rows == whole


@pytest.mark.parametrize(("limit", "older"), [(1, 2), (2, 1), (3, 0), (20, 0)])
def test_the_newest_diverging_and_how_many_are_older(world: World, limit: int, older: int) -> None:
    as_of = AsOf(world.size, world.at)
    diverging = [row for row in decisions_of(world.state, as_of) if row["divergence"] is not None]
    assert newest_diverging(world.state, as_of, limit) == (diverging[::-1][:limit], older)
