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


@pytest.mark.parametrize(
    ("ended", "why"),
    [({"review_by": "2026-01-10T00:00:00.000000Z"}, "determination-review-due"), ({}, "determined")],
)
@pytest.mark.parametrize("state", ["alert_threshold_reached", "not_ruled_out", "tcl_reached", "ccl_reached"])
def test_a_state_between_clears_no_gate_for_a_worse_one_once_it_grew_stale(
    state: str, ended: dict[str, str], why: str
) -> None:
    """Time never softens it: what it triggers it triggers still. It only shows no more that the worst is not reached."""
    world = World("google-deepmind-fsf-3.1")
    world.model()
    for name in ("CBRN-CCL1", "MANIP-CCL1", "MLRD-ACCEL-1", "MLRD-AUTO-1"):
        world.determine(name, "below")
    world.determine("CYBER-CCL1", state, **ended)
    verdict, _ = world.ask("continue_development")
    standing = next(s for s in verdict.findings if s.requirement.startswith("CYBER-CCL1"))
    if state == "ccl_reached":
        assert (verdict.answer, standing.why) == ("deny", "determined")
    elif ended:
        assert (verdict.answer, standing.state, standing.why) == ("undetermined", "expired", why)
    else:
        assert verdict.answer == "permit"
