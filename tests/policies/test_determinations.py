"""What state a threshold stands in: taint, ended evidence, covering determinations, context of a bare question."""

import msgspec
import pytest

from ledger.event import Event
from policies.answer import AsOf
from policies.determinations import standing_determination
from policies.facts import Published
from policies.numbers import exact
from tests.policies.world import HASH, World, hexed

XAI = "xai-faif-2025-12-30"
RSP = "anthropic-rsp-2.2"
LATER = "2026-01-20T00:00:00.000000Z"


def reference(event: Event) -> dict[str, object]:
    return {"index": event.index, "leaf": event.leaf}


def standing(world: World, name: str, stream: str = "model/m") -> tuple[str | None, str]:
    published: Published = world.state.get("published", world.digest)
    found = standing_determination(world.state, stream, published, name, AsOf(world.size, world.at))
    return found.state, found.why


def taint(world: World, since: int) -> None:
    world.state.put("taint", hexed("someone"), since)


def test_a_tainted_determination_leaves_the_question_open_and_does_not_revive_a_better_one() -> None:
    world = World(RSP)
    world.model()
    world.determine("CBRN-3", "below")
    newest = world.determine("CBRN-3", "crossed")
    taint(world, newest.index)
    assert standing(world, "CBRN-3") == (None, "tainted")


def test_behind_a_tainted_determination_an_unfavourable_one_still_counts() -> None:
    world = World(RSP)
    world.model()
    world.determine("CBRN-3", "crossed")
    newest = world.determine("CBRN-3", "below")
    taint(world, newest.index)
    assert standing(world, "CBRN-3") == ("crossed", "determined")


def test_said_again_by_a_live_key_it_stands_again() -> None:
    world = World(RSP)
    world.model()
    tainted = world.determine("CBRN-3", "below")
    taint(world, tainted.index)
    world.say(
        "threshold.determined",
        {
            "evidence": [],
            "framework": world.digest,
            "made": "role",
            "precautionary": False,
            "review_by": None,
            "state": "below",
            "subjects": ["model/m"],
            "threshold": "CBRN-3",
        },
        by="another",
    )
    assert standing(world, "CBRN-3") == ("below", "determined")


def test_an_invalidated_failure_does_not_hand_back_the_earlier_pass() -> None:
    world = World(XAI)
    world.model()
    world.rate("MASK-DISHONESTY", "0.2")
    world.rate("MASK-DISHONESTY", "0.7")
    assert standing(world, "MASK-DISHONESTY") == ("outside_criterion", "determined")
    world.tell("invalidate")
    assert standing(world, "MASK-DISHONESTY") == (None, "evidence-ended")


def test_a_number_from_a_compromised_evaluator_is_open() -> None:
    world = World(XAI)
    world.model()
    world.rate("MASK-DISHONESTY", "0.2")
    taint(world, 0)
    assert standing(world, "MASK-DISHONESTY") == (None, "tainted")


@pytest.mark.parametrize(
    ("how", "why"), [("retracted", "evidence-ended"), ("tainted", "tainted"), ("sound", "determined")]
)
def test_a_judgement_falls_with_the_determination_that_it_cites(how: str, why: str) -> None:
    world = World(XAI)
    world.model()
    world.rate("MASK-DISHONESTY", "0.2")
    (first,) = world.state.get("determination", f"model/m|{world.digest}|MASK-DISHONESTY")
    cited = [{"index": first.index, "leaf": first.leaf}]
    world.determine("MASK-DISHONESTY", "within_criterion", evidence=cited, by="another")
    if how == "retracted":
        world.tell("invalidate")
    if how == "tainted":
        world.state.put("taint", hexed("engine"), first.index)
    assert standing(world, "MASK-DISHONESTY")[1] == why


def test_a_number_cites_the_run_that_it_rests_on() -> None:
    world = World(XAI)
    world.model()
    world.rate("MASK-DISHONESTY", "0.2")
    (run,) = [f.index for _, f in world.state.scan("evaluation")]
    verdict, _ = world.ask("external_deploy")
    assert any(run in f.indexes for f in verdict.findings)


def covering(state: str = "below") -> tuple[World, Event]:
    world = World(RSP)
    world.model("model/older")
    earlier = world.determine("CBRN-3", state, subjects=["model/older"])
    world.model()
    return world, earlier


def test_covered_stands_while_the_earlier_determination_stands() -> None:
    world, earlier = covering()
    world.determine("CBRN-3", "below", covered_by=reference(earlier))
    assert standing(world, "CBRN-3") == ("below", "covered")


def test_covered_falls_when_the_earlier_model_is_found_worse() -> None:
    world, earlier = covering()
    world.determine("CBRN-3", "below", covered_by=reference(earlier))
    world.determine("CBRN-3", "not_ruled_out", subjects=["model/older"])
    assert standing(world, "CBRN-3") == (None, "covering-worsened")


def test_covered_expires_with_the_earlier_determination() -> None:
    world, earlier = covering()
    world.tell("wait 100")
    world.determine("CBRN-3", "below", covered_by=reference(earlier))
    assert standing(world, "CBRN-3") == ("below", "covered")
    world.tell("wait 100")
    assert standing(world, "CBRN-3") == (None, "determination-stale")


def test_covered_falls_with_the_key_of_the_earlier_determination() -> None:
    world, earlier = covering()
    world.determine("CBRN-3", "below", covered_by=reference(earlier))
    world.state.put("taint", hexed("someone"), earlier.index)
    assert standing(world, "CBRN-3") == (None, "tainted")


def test_a_snapshot_four_times_larger_is_not_covered_even_if_measured_before() -> None:
    world, earlier = covering()
    world.compute("4.0", "effective_compute_ratio_since_last_comprehensive")
    world.determine("CBRN-3", "below", covered_by=reference(earlier))
    assert standing(world, "CBRN-3") == (None, "determination-compute")


def test_a_snapshot_registered_as_four_times_larger_is_not_covered() -> None:
    world = World(RSP)
    world.model("model/older")
    earlier = world.determine("CBRN-3", "below", subjects=["model/older"])
    world.say("model.registered", {"kind": "snapshot", "effective_compute": {"of": "model/older", "ratio": "4.1"}})
    world.determine("CBRN-3", "below", covered_by=reference(earlier))
    assert standing(world, "CBRN-3") == (None, "determination-compute")


def test_a_cover_of_a_cover_or_of_nothing_stands_for_nothing() -> None:
    world, earlier = covering()
    second = world.determine("CBRN-3", "below", covered_by=reference(earlier))
    world.model("model/third")
    world.determine("CBRN-3", "below", subjects=["model/third"], covered_by=reference(second))
    assert standing(world, "CBRN-3", "model/third") == (None, "covering-unknown")
    world.model("model/fourth")
    nothing = {"index": 0, "leaf": HASH}
    world.determine("CBRN-3", "below", subjects=["model/fourth"], covered_by=nothing)
    assert standing(world, "CBRN-3", "model/fourth") == (None, "covering-unknown")


def test_only_canonical_decimals_are_numbers() -> None:
    assert exact("0.0500") == exact("0.05")
    assert [exact(v) for v in ("-0", "-0.0", "about one", "1e3", "")] == [None] * 5


def test_minus_zero_is_no_score() -> None:
    world = World(XAI)
    world.model()
    with pytest.raises(msgspec.ValidationError):
        world.rate("MASK-DISHONESTY", "-0.0")
    assert standing(world, "MASK-DISHONESTY") == (None, "determination-missing")


def test_minus_zero_is_no_compute_ratio() -> None:
    world = World(RSP)
    world.model()
    with pytest.raises(msgspec.ValidationError):
        world.compute("-0", "effective_compute_ratio_since_last_comprehensive")


def test_more_runs_than_announced_decide_nothing_favourable() -> None:
    world = World(XAI)
    world.model()
    world.rate("RESTRICTED-ANSWER-RATE", "0.01")
    world.rate("MASK-DISHONESTY", "0.2")
    assert world.ask("external_deploy")[0].answer == "permit"
    last = [f for _, f in world.state.scan("evaluation")][-1]
    world.state.append("runs", str(last.body.preregistration.entry.index), last.index)
    verdict, _ = world.ask("external_deploy")
    assert (verdict.answer, verdict.reasons) == ("undetermined", ("repeated-runs",))
