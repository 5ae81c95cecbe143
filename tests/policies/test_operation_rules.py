"""Training and deployments: each step names the one that it changes or ends, of this model, and ends it once."""

import pytest

from tests.policies.lived import Lived

ABSENT = {"index": 3, "leaf": "0" * 64}


@pytest.fixture
def w() -> Lived:
    return Lived()


def test_what_ended_is_neither_changed_nor_ended_again(w: Lived) -> None:
    assert w.again("deployment.ended") == "said-already"
    assert w.again("deployment.changed") == "said-already"
    assert w.again("training.resumed") == "said-already"
    assert w.again("training.ended") == "said-already"


def test_a_deployment_that_runs_is_changed_and_ended(w: Lived) -> None:
    fresh = w.say("deployment.started", w.deploy)
    named = {"index": fresh.index, "leaf": fresh.leaf}
    assert w.again("deployment.changed", deployment=named) is None
    assert w.again("deployment.ended", deployment=named) is None
    w.model("model/other")
    assert w.again("deployment.ended", deployment=named, stream="model/other", decision=None) == "reference-wrong"


@pytest.mark.parametrize(
    ("name", "member", "wrong"),
    [
        ("deployment.changed", "deployment", "training.started"), ("deployment.ended", "deployment", "deployment.changed"),
        ("training.resumed", "paused", "training.started"), ("training.ended", "started", "training.paused"),
        ("training.ended", "started", "deployment.started"),
    ],
)  # fmt: skip
def test_the_step_named_is_of_the_right_kind(w: Lived, name: str, member: str, wrong: str) -> None:
    assert w.again(name, **{member: w.ref(wrong)}) == "reference-wrong"


@pytest.mark.parametrize("name", ["deployment.started", "training.started", "deployment.changed", "training.resumed"])
def test_a_decision_that_is_named_is_one_on_this_model(w: Lived, name: str) -> None:
    fresh, pause = w.say("deployment.started", w.deploy), w.say("training.paused", {"reason": "another"})
    opened = {"deployment.changed": ("deployment", fresh), "training.resumed": ("paused", pause)}.get(name)
    more = {} if opened is None else {opened[0]: {"index": opened[1].index, "leaf": opened[1].leaf}}
    assert w.again(name, **more) is None
    assert w.again(name, **more, decision=ABSENT) == "reference-wrong"
    assert w.again(name, **more, decision=w.ref("action.requested")) == "reference-wrong"


def test_a_run_from_before_the_ledger_ends_without_a_begin(w: Lived) -> None:
    assert w.again("training.ended", started=None) is None


def test_two_pauses_are_resumed_one_by_one(w: Lived) -> None:
    second = w.say("training.paused", {"reason": "another"})
    assert w.again("training.resumed") == "said-already"
    assert w.again("training.resumed", paused={"index": second.index, "leaf": second.leaf}) is None
