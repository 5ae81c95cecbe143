"""`thresholds`: the newest determination and all before it, what became of them, and nothing that may be withheld."""

from typing import Any

import pytest

from projections.projection import Rank, Row, fold_events
from projections.thresholds import THRESHOLDS
from tests.projections.crafted import Crafted, record

WATCHED = "CBRN-3"


@pytest.fixture
def world() -> Crafted:
    w = Crafted()
    w.model()
    w.model("model/other")
    return w


def rows(w: Crafted) -> dict[str, Row]:
    return fold_events(THRESHOLDS, w.events).changed


def head(w: Crafted, stream: str = "model/m", name: str = WATCHED) -> Row:
    return rows(w)[f"{stream}|{w.digest}|{name}"]


def test_the_newest_stands_first_and_all_states_are_kept(world: Crafted) -> None:
    first = world.determine(WATCHED, "below", dissent=["a voice that nobody shall read here"], vectors=["aerosol"])
    second = world.determine(WATCHED, "not_ruled_out", precautionary=True, review_by="2026-07-01T00:00:00.000000Z")
    row = head(world)
    said = {"state": "not_ruled_out", "precautionary": True, "review_by": "2026-07-01T00:00:00.000000Z", "made": "role"}
    assert said.items() <= row.value.items()
    assert (row.rank, row.value["index"], row.value["principals"]) == (Rank.LISTED, second.index, ["someone"])
    under = [r.value for k, r in sorted(rows(world).items()) if k.startswith(f"model/m|{world.digest}|{WATCHED}|")]
    assert [(v["index"], v["state"]) for v in under] == [(first.index, "below"), (second.index, "not_ruled_out")]
    assert (under[0]["dissent"], under[0]["vectors"], under[1]["dissent"]) == (1, ["aerosol"], 0)
    assert "nobody shall read" not in str(rows(world))


def test_it_stands_for_every_model_that_it_names(world: Crafted) -> None:
    said = world.determine(WATCHED, "crossed", subjects=["model/m", "model/other"])
    assert head(world, "model/other").value["index"] == head(world).value["index"] == said.index


def test_what_became_of_the_run_and_of_the_determination_is_said(world: Crafted) -> None:
    run = record(world)
    said = world.determine(WATCHED, "below", evidence=[world.reference(run)])
    assert head(world).value["evidence"] == [run.index]
    amended: dict[str, Any] = {
        "amends": world.reference(run), "edits_detected": [], "log_bytes": 1, "log_format": "f", "log_sha256": "sha256:" + "1" * 64,
        "only_encoding": True, "reason": "another file",
    }  # fmt: skip
    world.say("evaluation.amended", amended)
    assert head(world).value["evidence_amended"] is None
    again = world.say("evaluation.amended", {**amended, "only_encoding": False})
    over = world.say("evaluation.invalidated", {"evaluation": world.reference(run), "reason": "wrong model"})
    gone = {"because": world.reference(over), "determination": world.reference(said), "framework": world.digest, "threshold": WATCHED}  # fmt: skip
    back = world.say("threshold.retracted", gone, by="engine")
    row = head(world)
    marks = {"evidence_amended": again.index, "evidence_ended": over.index, "retracted_at": back.index}
    assert marks.items() <= row.value.items()
    assert row.rank is Rank.FIRST
    assert marks.items() <= rows(world)[f"model/m|{world.digest}|{WATCHED}|{said.index:016d}"].value.items()
    late = world.determine(WATCHED, "below", evidence=[world.reference(run)])
    assert (head(world).value["index"], head(world).value["evidence_ended"]) == (late.index, over.index)
    fresh = world.determine(WATCHED, "not_ruled_out")
    assert (head(world).value["index"], head(world).rank) == (fresh.index, Rank.LISTED)


@pytest.mark.parametrize(("named", "called"), [((), True), ((WATCHED,), True), (("CBRN-4",), False)])
def test_a_call_for_a_new_look_lasts_until_the_next_determination(
    world: Crafted, named: tuple[str, ...], called: bool
) -> None:
    world.determine(WATCHED, "below")
    body = {"cause": "discretion", "evidence": [], "framework": world.digest, "reason": "fictional", "thresholds": list(named)}  # fmt: skip
    call = world.say("reassessment.triggered", body)
    assert [c["index"] for c in head(world).value["reassess"]] == ([call.index] if called else [])
    assert (head(world).rank is Rank.FIRST) is called
    assert rows(world)[f"model/m|reassessment|{call.index:016d}"].value["cause"] == "discretion"
    world.determine(WATCHED, "below")
    assert head(world).value["reassess"] == []


def test_history_from_before_the_ledger_never_stands_before_what_was_determined_in_it(world: Crafted) -> None:
    now = world.determine(WATCHED, "crossed")
    body = {
        "evidence": [], "framework": world.digest, "made": "role", "precautionary": False, "review_by": None, "state": "below",
        "subjects": ["model/m"], "threshold": WATCHED,
    }  # fmt: skip
    old = world.say("threshold.determined", body, back_recorded=True)
    assert head(world).value["index"] == now.index
    assert f"model/m|{world.digest}|{WATCHED}|{old.index:016d}" in rows(world)
