"""`at`: a size or a time gives the state of then; the past is bounded, kept, and never in the way of the present."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from api import past as past_file
from api.past import Past
from api.positions import parse_at
from api.rendering import WORDS
from api.session import Session
from api.wiring import View
from disclosures.claims import claims_of
from ledger.admit import unsafe_unchecked
from ledger.errors import Fault, Malformed
from ledger.replay import Problem, Replay
from ledger.strict import format_base64, shift
from ledger.tree import Frontier
from policies.answer import Request
from policies.evaluate import evaluate
from policies.rules import RULES
from tests.api.asker import Asker, Seen
from tests.conftest import FOUNDED


@pytest.fixture
def past(story: Asker) -> Past:
    return Past(story.ledger)


def recorded(story: Asker) -> list[tuple[int, str]]:
    return [(r.index, r.recorded_at) for r in story.ledger.desk.read_entries(0, story.ledger.appender.size)]


def reached(past: Past, size: int) -> View | None:
    """The state at `size`, or `None` inside a derived group."""
    try:
        return past.at(size)
    except Fault as err:
        if err.code != "at-inside-group":
            raise
        return None


def code_of(past: Past, at: int | str) -> str:
    with pytest.raises(Fault) as caught:
        past.at(at)
    return caught.value.code


def test_every_size_is_a_state_or_says_that_it_lies_inside_a_group(story: Asker, past: Past) -> None:
    rows = recorded(story)
    inside = []
    for size in range(1, len(rows) + 1):
        view = reached(past, size)
        if view is None:
            inside.append(size)
        else:
            assert (view.size, view.time) == (size, rows[size - 1][1])
            assert len([1 for _ in view.state.scan("model")]) <= 1
    derived = {r.index for r in story.ledger.desk.read_entries(0, len(rows)) if r.topic.split(":")[3] in DERIVED}
    assert inside
    assert all(size in derived for size in inside), "only before what its cause derives"
    assert code_of(past, 0) == "at-before-start"
    assert code_of(past, len(rows) + 1) == "at-beyond-head"


DERIVED = {"gate.evaluated", "model.referenced", "threshold.determined"}


def test_a_time_is_all_that_was_recorded_up_to_it(story: Asker, past: Past) -> None:
    rows = recorded(story)
    for at in sorted({moment for _, moment in rows}):
        expected = sum(1 for _, t in rows if t <= at)
        view = past.at(at)
        assert (view.size, view.time) == (expected, at)
        assert past.at(shift(at, micros=-1)).size == sum(1 for _, t in rows if t < at) if at > rows[0][1] else True
    assert code_of(past, shift(rows[0][1], micros=-1)) == "at-before-start"
    after = shift(rows[-1][1], micros=1)
    assert (past.at(after).size, past.at(after).time) == (len(rows), after)


def test_a_time_to_come_is_for_the_gate_alone(story: Asker, past: Past) -> None:
    later = shift(story.ledger.now(), days=400)
    assert code_of(past, later) == "at-in-future"
    view = past.at(later, future=True)
    assert (view.size, view.time) == (story.ledger.appender.size, later)


def test_the_state_that_memory_keeps_is_the_replay_of_the_entries(story: Asker, past: Past) -> None:
    asked = Request("model/fictional-one", "external_deploy")
    replay, answers = Replay(RULES, unsafe_unchecked), set()
    for row in story.ledger.desk.read_entries(0, story.ledger.appender.size):
        assert not isinstance(replay.step(row.entry), Problem)
        if replay.owed:
            assert code_of(past, replay.size) == "at-inside-group"
            continue
        for view in (past.at(replay.size), story.ledger.view(replay.size)):
            assert view.time == row.recorded_at
            verdict = evaluate(view.state, asked, view.as_of)
            assert verdict == evaluate(replay.state, asked, view.as_of)
            assert claims_of(view.state, view.as_of) == claims_of(replay.state, view.as_of)
            answers.add(verdict.digest())
    assert len(answers) > 2


def test_attack_many_ask_for_the_past_and_the_gate_still_answers(story: Asker) -> None:
    """Nobody folds: thirty askers at once get what they asked for, and none of them stands before the gate (T61)."""
    pool = ThreadPoolExecutor(30)
    sizes = [size for size in range(1, story.ledger.appender.size) if code_at(story, size) == "ok"][:30]
    then = [pool.submit(story.ask, f"/v1/decisions?at={size}") for size in sizes]
    slowest = 0.0
    for _ in range(20):
        started = time.monotonic()
        answer = story.ask("/v1/models/fictional-one/gate/train").json()
        slowest = max(slowest, time.monotonic() - started)
        assert answer["clearance"] == "undetermined"
        assert "deadline" not in answer["reasons"]
    assert [f.result().status_code for f in then] == [200] * len(sizes)
    pool.shutdown()
    assert slowest < 2


def code_at(story: Asker, size: int) -> str:
    try:
        story.ledger.view(size)
    except Fault as err:
        return err.code
    return "ok"


def test_a_ledger_that_knows_itself_cut_vouches_for_no_state(
    story: Asker, past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert past.now().verified
    assert past.at(FOUNDED + 5).verified
    seen = Seen(story.ledger.appender, stopped=Fault("diverged", "failed", "x", "y"))
    monkeypatch.setattr(story.ledger, "appender", seen)
    assert not past.now().verified
    assert not past.at(FOUNDED + 5).verified
    for url in (
        "/v1/models/fictional-one/gate/external_deploy",
        f"/v1/models/fictional-one/gate/external_deploy?at={FOUNDED + 5}",
    ):
        answer = story.ask(url).json()
        assert (answer["clearance"], answer["reasons"]) == ("undetermined", ["ledger-not-verified"])
    assert WORDS["ledger-not-verified"] in story.ask("/").text
    actions, _ = Session(story.ledger).status("model/fictional-one")
    assert {a["clearance"] for a in actions.values()} == {"undetermined"}
    claimed = story.ask("/log/claims.json")
    assert claimed.headers["cache-control"] == "no-store"
    assert {a["clearance"] for m in claimed.json()["models"] for a in m["actions"].values()} == {"undetermined"}
    changes = story.ask(f"/v1/models/fictional-one/diff?from={FOUNDED + 5}").json()["changes"]
    answered = [
        c[side]["clearance"] for c in changes if c["kind"] == "answer" for side in ("before", "after") if c[side]
    ]
    assert set(answered) == {"undetermined"}


def test_lists_do_not_hold_the_appender(story: Asker, past: Past) -> None:
    view = past.now()
    assert past.now().size == view.size
    with view:
        pool = ThreadPoolExecutor(1)
        assert pool.submit(story.ledger.appender.lock.acquire, timeout=1).result(2)
        pool.submit(story.ledger.appender.lock.release).result(2)
        pool.shutdown()


def test_the_checkpoint_of_any_size_is_the_root_of_its_entries(story: Asker, past: Past) -> None:
    frontier, leaves = Frontier(0, ()), story.ledger.desk.read_leaf_hashes(0, story.ledger.appender.size)
    for size, leaf in enumerate(leaves, 1):
        frontier = frontier.append(leaf)
        assert past.checkpoint(size) == f"size={size}, root=:{format_base64(frontier.root())}:"
    assert past.checkpoint(len(leaves)).split("root=:")[1][:-1] in story.ledger.appender.published[1]


def test_nothing_is_told_before_a_checkpoint_covers_it(
    story: Asker, past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_file, "SIGN_SECONDS", 0.05)
    size = story.ledger.appender.published[0]
    with pytest.raises(Fault) as caught:
        past.checkpoint(size + 1)
    assert caught.value.code == "log-key-unavailable"


@pytest.mark.parametrize("text", ["", "-1", "01", "1.5", "٤٢", "2026-01-01", "2026-01-01T00:00:00Z", "now", "9" * 20])
def test_what_is_no_position(text: str) -> None:
    with pytest.raises(Malformed):
        parse_at(text)


def test_positions() -> None:
    assert parse_at(None) is None
    assert parse_at("42") == 42
    assert parse_at("2026-01-01T00:00:00.000000Z") == "2026-01-01T00:00:00.000000Z"
