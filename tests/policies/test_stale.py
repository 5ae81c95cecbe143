"""What makes favourable determinations stale, and attestations fall: calls for a new look, age, compute, degradation."""

from typing import Any

import pytest

from ledger.event import Event
from ledger.strict import shift
from policies.answer import AsOf
from policies.determinations import Standing, standing_determination
from policies.facts import Published
from policies.lapse import valid_until
from tests.policies.world import NOW, World, hexed

RSP = "anthropic-rsp-2.2"


def fresh(**registered: Any) -> World:
    world = World(RSP)
    world.model("model/parent")
    world.say("model.registered", {"kind": "base", **registered})
    for t in world.pack.thresholds:
        world.determine(t.id, "below")
    return world


def standing(world: World, name: str) -> Standing:
    published: Published = world.state.get("published", world.digest)
    return standing_determination(world.state, "model/m", published, name, AsOf(world.size, world.at))


def call(world: World, *names: str, by: str = "assessor", **more: Any) -> Event:
    body = {
        "cause": "capability",
        "evidence": [],
        "framework": world.digest,
        "reason": "new",
        "thresholds": list(names),
        **more,
    }
    return world.say("reassessment.triggered", body, by=by)


@pytest.mark.parametrize(("names", "due"), [((), {"CBRN-3", "AIRD-4"}), (("CBRN-3",), {"CBRN-3"})])
def test_a_call_for_a_new_look_makes_what_it_names_stale_until_it_is_made(
    names: tuple[str, ...], due: set[str]
) -> None:
    world = fresh()
    called = call(world, *names)
    for name in ("CBRN-3", "AIRD-4"):
        found = standing(world, name)
        assert (found.why, found.finding_state) == (
            ("reassessment-due", "expired") if name in due else ("determined", "unknown")
        )
        assert (called.index in found.indexes) == (name in due)
    verdict, _ = world.ask("external_deploy")
    assert (verdict.answer, "reassessment-due" in verdict.reasons) == ("undetermined", True)
    world.determine("CBRN-3", "below")
    assert standing(world, "CBRN-3").state == "below"


def test_a_call_never_softens_and_a_stolen_one_counts() -> None:
    world = fresh()
    world.determine("CBRN-3", "crossed")
    call(world, by="thief")
    world.state.put("taint", hexed("thief"), 0)
    assert standing(world, "CBRN-3").state == "crossed"
    assert standing(world, "CBRN-4").why == "reassessment-due"


def test_what_is_ruled_out_by_another_is_looked_at_again_too() -> None:
    world = World(RSP)
    world.model()
    world.determine("AUTONOMY-CHECKPOINT", "below")
    assert standing(world, "AIRD-4").why == "ruled-out-by:AUTONOMY-CHECKPOINT"
    call(world, "AIRD-4")
    assert standing(world, "AIRD-4").why == "reassessment-due"
    assert standing(world, "AIRD-5").state == "below"


def test_a_call_under_another_framework_or_for_another_model_is_not_meant() -> None:
    world = fresh()
    call(world, framework="sha256:" + "9" * 64)
    body = {"cause": "other", "evidence": [], "framework": world.digest, "reason": "new", "thresholds": []}
    world.say("reassessment.triggered", body, "model/parent")
    assert standing(world, "CBRN-3").state == "below"


def test_a_relative_that_the_registration_puts_far_behind_shows_nothing() -> None:
    for ratio, why in (("3.9", "determined-on-relative:checkpoint_of"), ("4", "determination-compute")):
        world = World(RSP)
        world.model("model/parent")
        grown = {"effective_compute": {"of": "model/parent", "ratio": ratio}}
        world.say(
            "model.registered", {"kind": "snapshot", "parent": "model/parent", "relation": "checkpoint_of", **grown}
        )
        body = {
            "dataset": {}, "edits_detected": [], "independence": "internal", "log_bytes": 1, "log_format": "f", "run": "r",
            "log_sha256": "sha256:" + "1" * 64, "model_as_named": "m", "safeguards_off": False, "status": "success", "task": "t",
            "task_version": "1", "tool": "t", "tool_version": "1", "warnings": [],
        }  # fmt: skip
        ran = world.say("evaluation.recorded", body, "model/parent")
        world.determine("CBRN-3", "below", evidence=[{"index": ran.index, "leaf": ran.leaf}])
        assert standing(world, "CBRN-3").why == why
        # A nearer relative beside it does not make the far one's run speak for this model.
        child = {"kind": "snapshot", "parent": "model/m", "relation": "checkpoint_of"}
        world.say("model.registered", child, "model/child")
        near = world.say("evaluation.recorded", {**body, "run": "near"}, "model/child")
        world.determine("CBRN-3", "below", evidence=[{"index": e.index, "leaf": e.leaf} for e in (near, ran)])
        assert standing(world, "CBRN-3").why == why


def degraded(world: World, of: Event, *names: str, since: str | None = None, by: str = "attester") -> Event:
    body = {
        "attestation": {"index": of.index, "leaf": of.leaf}, "reason": "bypassed", "safeguards": list(names),
        "since": since or world.at,
    }  # fmt: skip
    return world.say("safeguard.degraded", body, of.stream, by)


def dangerous() -> tuple[World, Event]:
    world = fresh()
    world.determine("CBRN-3", "crossed")
    return world, world.attest("ASL-3-DEPLOYMENT")


def open_of(world: World, at: str | None = None) -> dict[str, tuple[int, ...]]:
    verdict, _ = world.ask("release_weights", at)
    return {
        f.requirement: f.indexes
        for f in verdict.findings
        if f.why == "attestation-degraded" and f.clause == "G-WEIGHTS" and f.state == "unmet"
    }


def test_what_degraded_is_not_shown_and_both_entries_say_so() -> None:
    world, attested = dangerous()
    fell = degraded(world, attested, "A3D-2")
    assert open_of(world) == {"ASL-3-DEPLOYMENT/A3D-2": (attested.index, fell.index)}
    world.attest("A3D-2")
    assert open_of(world) == {}


def test_it_is_degraded_from_when_it_says_and_a_stolen_key_that_says_so_is_heeded() -> None:
    world, attested = dangerous()
    later = shift(NOW, days=2)
    degraded(world, attested, "A3D-2", since=later, by="thief")
    world.state.put("taint", hexed("thief"), 0)
    assert open_of(world) == {}
    assert set(open_of(world, later)) == {"ASL-3-DEPLOYMENT/A3D-2"}
    assert valid_until(world.state, "model/m", AsOf(world.size, NOW)) == shift(later, micros=-1)


def test_a_determination_that_cites_what_degraded_is_open() -> None:
    world = fresh()
    attested = world.attest("ASL-3-DEPLOYMENT")
    world.determine("CBRN-3", "below", evidence=[{"index": attested.index, "leaf": attested.leaf}])
    fell = degraded(world, attested, "A3D-2")
    found = standing(world, "CBRN-3")
    assert (found.why, fell.index in found.indexes) == ("evidence-ended", True)
