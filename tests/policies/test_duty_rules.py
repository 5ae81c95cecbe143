"""What people say of duties, concerns and disclosures: it names what is there, in its own stream, and revises aloud."""

import msgspec
import pytest

from ledger.events.disclosure import erasures_of
from policies.rules import RULES
from tests.policies.lived import RSP, Lived

DONE, TOLL, NOT = "obligation.fulfilled", "obligation.tolled", "obligation.not-applicable"
NONE = "sha256:" + "9" * 64
LATER = "2026-03-01T00:00:00.000000Z"


@pytest.fixture(scope="module")
def w() -> Lived:
    return Lived()


@pytest.mark.parametrize("name", [DONE, TOLL, NOT])
def test_a_duty_is_one_that_a_published_pack_declares(w: Lived, name: str) -> None:
    causes = (TOLL, DONE, NOT)
    assert w.again(name, causes=causes) is None
    assert w.again(name, causes=causes, framework=NONE) == "framework-unknown"
    assert w.again(name, causes=causes, obligation="O-NONE") == "clause-unknown"


@pytest.mark.parametrize("name", [DONE, TOLL, NOT])
def test_exactly_one_thing_opens_a_duty(w: Lived, name: str) -> None:
    causes, opened = (TOLL, DONE, NOT), w.ref("deployment.started")
    assert w.again(name, causes=causes, opened_by=opened, period="2026-01-01") == "contradiction"
    assert w.again(name, causes=causes, opened_by=None, period=None) == "contradiction"


def test_the_calendar_opens_by_periods_and_events_by_entries(w: Lived) -> None:
    yearly, opened = f"obligation/{RSP}/o-plans/{w.first['deployment.started'].index}", w.ref("deployment.started")
    assert w.again(NOT, obligation="O-PLANS", opened_by=opened, period=None, stream=yearly) == "contradiction"
    public = f"obligation/{RSP}/o-public/2026-01-01"
    assert w.again(DONE, opened_by=None, period="2026-01-01", stream=public) == "contradiction"


def test_what_comes_again_after_one_event_is_done_again_without_more() -> None:
    w = Lived()
    opened = w.first["document.confirmed"]
    named, stream = w.ref("document.confirmed"), f"obligation/{RSP}/o-reapprove/{opened.index}"
    done = {
        "evidence": [],
        "framework": w.digest,
        "fulfilled_at": w.at,
        "note": "",
        "obligation": "O-REAPPROVE",
        "opened_by": named,
    }
    w.say(DONE, done, stream)
    assert w.again(DONE, obligation="O-REAPPROVE", opened_by=named, stream=stream) is None


@pytest.mark.parametrize("stream", ["o-public", "o-public/1", "O-PUBLIC/{n}", "o-usg/{n}", "o-public/{n}/x"])
def test_what_is_said_of_a_duty_stands_in_its_stream(w: Lived, stream: str) -> None:
    other = f"obligation/{RSP}/" + stream.format(n=w.first["deployment.started"].index)
    assert w.again(DONE, causes=(DONE,), stream=other) == "stream-mismatch"


def test_a_duty_is_closed_once_and_a_correction_names_what_it_corrects(w: Lived) -> None:
    assert w.again(DONE) == "revision-unsaid"
    assert w.again(TOLL) == "revision-unsaid"
    assert w.again(TOLL, causes=(TOLL,)) == "revision-unsaid"
    assert w.again(TOLL, causes=(DONE,)) is None
    assert w.again(NOT, causes=(DONE,)) == "revision-unsaid"


def test_a_tolled_duty_is_fulfilled_without_more_and_tolled_again_aloud() -> None:
    w = Lived()
    opened = w.say("deployment.started", w.deploy)
    stream, named = f"obligation/{RSP}/o-public/{opened.index}", {"index": opened.index, "leaf": opened.leaf}
    toll = {
        "by": "a",
        "framework": w.digest,
        "obligation": "O-PUBLIC",
        "opened_by": named,
        "reason": "r",
        "until": LATER,
    }
    assert w.again(TOLL, opened_by=named, stream=stream) is None
    w.first[TOLL] = w.say(TOLL, toll, stream)
    assert w.again(DONE, opened_by=named, stream=stream) is None
    assert w.again(TOLL) == "revision-unsaid"
    assert w.again(TOLL, causes=(TOLL,)) is None


def test_a_clock_stands_still_until_a_time_to_come(w: Lived) -> None:
    assert w.again(TOLL, causes=(DONE,), until="2026-01-02T00:00:00.000000Z") == "contradiction"


def test_nothing_was_done_in_the_future(w: Lived) -> None:
    assert w.again(DONE, causes=(DONE,), fulfilled_at=LATER) == "clock-skew"


def test_a_concern_is_raised_once_in_its_stream_under_a_pack_that_is_known(w: Lived) -> None:
    other = "concern/2026-002"
    assert w.again("concern.raised") == "said-already"
    assert w.again("concern.raised", stream=other) is None
    assert w.again("concern.raised", stream=other, framework=None) is None
    assert w.again("concern.raised", stream=other, framework=NONE) == "framework-unknown"


@pytest.mark.parametrize("name", ["concern.assigned", "concern.found"])
def test_what_follows_a_concern_names_it_and_what_was_found(w: Lived, name: str) -> None:
    causes = ("concern.found",)
    assert w.again(name, causes=causes) is None
    assert w.again(name) == "revision-unsaid"
    assert w.again(name, causes=causes, concern=w.ref("concern.assigned")) == "reference-wrong"
    assert w.again(name, causes=causes, stream="concern/2026-002") == "reference-wrong"


def test_what_is_erased_was_withheld_before_in_a_stream_that_is_named(w: Lived) -> None:
    erased, one = "disclosure.erased", {"fields": ["reason"], "type": "decision.made"}
    assert w.again(erased) is None
    assert w.again(erased, first=2, last=1) == "reference-wrong"
    assert w.again(erased, last=w.size) == "reference-wrong"
    assert w.again(erased, stream="disclosure/2026-001") == "stream-mismatch"
    unknown = {**msgspec.to_builtins(w.first[erased].body), "stream": "model/none"}
    refused = RULES.refusal(w.state, w.event(erased, unknown, erasures_of("model/none"), "someone"))
    assert refused is not None
    assert refused.reason == "reference-wrong"
    for classes in (
        [one, one], [{"fields": ["reason", "reason"], "type": "decision.made"}], [{"fields": ["basis"], "type": "decision.made"}],
        [{"fields": ["reason"], "type": "decision.unmade"}], [one, {"fields": ["rationale"], "type": "approval.given"}],
    ):  # fmt: skip
        assert w.again(erased, classes=classes) == "contradiction"


def test_what_is_handed_over_lies_inside_the_checkpoint_and_that_inside_the_log(w: Lived) -> None:
    made = "disclosure.made"
    inside = {"root": "0" * 64, "size": w.size}
    assert w.again(made, checkpoint=inside, first=2, last=w.size - 1) is None
    assert w.again(made, checkpoint=inside, first=2, last=1) == "contradiction"
    assert w.again(made, checkpoint=inside, last=w.size) == "contradiction"
    assert w.again(made, checkpoint={**inside, "size": w.size + 1}) == "reference-wrong"
    assert w.again("replay.performed", size=w.size) is None
    assert w.again("replay.performed", size=w.size + 1) == "reference-wrong"
