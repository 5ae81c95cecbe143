"""States that are not `below`, whatever their name sounds like: they satisfy nothing that asks for a favourable one."""

import pytest

from policies.answer import AsOf
from policies.determinations import standing_determination
from tests.policies.world import World, shipped


@pytest.mark.parametrize("state", ["not_assessed_because_mitigated", "not_ruled_out", "crossed"])
def test_a_later_model_is_not_covered_by_what_is_not_below(state: str) -> None:
    world = World("anthropic-rsp-3.1")
    world.model()
    world.model("model/older")
    old = world.determine("CB-1", state, subjects=["model/older"])
    world.determine("CB-1", "below", covered_by={"index": old.index, "leaf": old.leaf})
    published = world.state.get("published", world.digest)
    standing = standing_determination(world.state, "model/m", published, "CB-1", AsOf(world.size, world.at))
    assert (standing.state, standing.why) == (None, "covering-worsened")


def test_not_assessed_is_as_bad_as_not_ruled_out_and_no_better() -> None:
    pack = shipped("anthropic-rsp-3.1")
    assert not pack.favourable("not_assessed_because_mitigated")
    assert pack.rank("not_assessed_because_mitigated") == pack.rank("not_ruled_out") == 1
