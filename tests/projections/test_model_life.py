"""What runs and goes wrong, in a model's status: each row says what holds now, and which entries made it so."""

from collections.abc import Iterator
from typing import Any

import pytest

from projections.model_status import MODEL_STATUS
from projections.projection import Rows, ordinal
from tests.projections.crafted import Crafted, told


@pytest.fixture(scope="module")
def world() -> Crafted:
    return told()


def rows(world: Crafted, upto: int | None = None) -> Rows:
    state = MODEL_STATUS.initial()
    for event in world.events[:upto]:
        MODEL_STATUS.fold(state, event)
    return state


def steps(world: Crafted, noun: str, opened: str) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """After each event, the row that the first event `opened` opened: (event name, row)."""
    first = next(e for e in world.events if e.name == opened)
    state = MODEL_STATUS.initial()
    for event in world.events:
        MODEL_STATUS.fold(state, event)
        row = state.get(f"model/m|{noun}|{ordinal(first.index)}")
        yield event.name, None if row is None else row.value


def last(world: Crafted, noun: str, opened: str) -> dict[str, Any]:
    *_, (_, row) = steps(world, noun, opened)
    assert row is not None
    return row


def index(world: Crafted, name: str) -> int:
    return next(e.index for e in world.events if e.name == name)


def test_a_deployment_says_for_whom_it_runs_now_and_that_it_ended(world: Crafted) -> None:
    seen = [
        (n, (r["state"], r["audience"])) for n, r in steps(world, "deployment", "deployment.started") if r is not None
    ]
    changes = [s for i, s in enumerate(seen) if i == 0 or s[1] != seen[i - 1][1]]
    assert changes == [
        ("deployment.started", ("running", "general")), ("deployment.changed", ("restricted", "trusted-partners")),
        ("deployment.ended", ("ended", "trusted-partners")),
    ]  # fmt: skip
    row = last(world, "deployment", "deployment.started")
    assert (row["changed"], row["ended_at"]) == ([index(world, "deployment.changed")], index(world, "deployment.ended"))


def test_a_pause_says_why_and_when_it_was_over_and_a_run_how_it_ended(world: Crafted) -> None:
    pause = last(world, "training", "training.paused")
    assert (pause["because"], pause["resumed_at"]) == (
        index(world, "safeguard.degraded"),
        index(world, "training.resumed"),
    )
    run = last(world, "training", "training.started")
    assert (run["ended_at"], run["outcome"]) == (index(world, "training.ended"), "abandoned")


def test_an_incident_stands_in_the_status_of_each_model_until_it_is_resolved(world: Crafted) -> None:
    open_ = [r["resolved_at"] for _, r in steps(world, "incident", "incident.observed") if r is not None]
    assert open_[0] is None
    assert last(world, "incident", "incident.observed")["resolved_at"] is not None
    assert "summary" not in last(world, "incident", "incident.observed")


def test_what_fell_and_what_was_put_up_is_in_the_row_of_what_it_is_of(world: Crafted) -> None:
    (fallen,) = last(world, "attestation", "safeguard.attested")["degraded"]
    assert fallen["index"] == index(world, "safeguard.degraded")
    (put_up,) = last(world, "document", "document.submitted")["published"]
    assert (put_up["index"], put_up["redactions"][0]["class"]) == (index(world, "document.published"), "security")


def test_a_determination_that_was_retracted_says_so_and_a_newer_one_does_not(world: Crafted) -> None:
    watched = world.pack.thresholds[0].id
    name = f"model/m|determination|{world.digest}|{watched}"
    gone = index(world, "threshold.retracted")
    row = rows(world).get(name)
    assert row is not None
    assert row.value["retracted_at"] == gone
    before = rows(world, gone).get(name)
    assert before is not None
    assert before.value["retracted_at"] is None
    fresh = told()
    fresh.determine(watched, "below")
    said = next(e for e in fresh.events if e.name == "threshold.retracted").body
    again = {"because": {"index": said.because.index, "leaf": said.because.leaf}, "framework": said.framework,
             "determination": {"index": said.determination.index, "leaf": said.determination.leaf}, "threshold": said.threshold}  # fmt: skip
    fresh.say("threshold.retracted", again, by="engine")
    newest = rows(fresh).get(name)
    assert newest is not None
    assert newest.value["retracted_at"] is None


@pytest.mark.parametrize(
    ("noun", "opened"),
    [("reassessment", "reassessment.triggered"), ("exception", "exception.invoked"), ("interim", "interim.approved")],
)
def test_what_was_asked_for_or_used_has_its_row(world: Crafted, noun: str, opened: str) -> None:
    assert last(world, noun, opened)["framework"] == world.digest
