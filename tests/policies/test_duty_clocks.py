"""Where a duty stands, at every clock, when it recurs, and after everything that people may say of it (spec/obligations.md)."""

import pytest

from ledger.strict import shift
from tests.policies.regimes import DEPLOYED, SAID, START, TENTH, Regimes, days, deploy, duty, lab, regime, told

# -- what people say of it ---------------------------------------------------------------------------------------------


def test_done_in_time_late_and_recorded_late() -> None:
    w = lab(DEPLOYED)
    first, second, third = deploy(w), deploy(w), deploy(w)
    w.at = TENTH
    done = w.word("fulfilled", "fiction", "TELL", first)
    w.at = shift(TENTH, days=3)
    w.word("fulfilled", "fiction", "TELL", second)
    w.word("fulfilled", "fiction", "TELL", third, fulfilled_at=START)
    states = {d.opened_by: d for d in w.duties()}
    assert told(states[first.index]) == ("fulfilled", "yes", ())
    assert done.index in states[first.index].indexes
    assert told(states[second.index]) == ("fulfilled-late", "yes", ())
    assert told(states[third.index]) == ("fulfilled", "yes", ("recorded-after-due",))
    assert (states[third.index].fulfilled_at, states[third.index].recorded_at) == (START, w.at)


def test_a_later_word_revises_an_earlier_one() -> None:
    w = lab(DEPLOYED)
    opened = deploy(w)
    w.word("fulfilled", "fiction", "TELL", opened)
    w.at = shift(TENTH, days=1)
    w.word("fulfilled", "fiction", "TELL", opened)
    assert w.duty("TELL").state == "fulfilled-late"
    w.word("not-applicable", "fiction", "TELL", opened)
    assert told(w.duty("TELL")) == ("not-applicable", "yes", ("said-after-due",))


def test_what_a_compromised_key_signed_fulfils_nothing() -> None:
    w = lab(DEPLOYED)
    done = w.word("fulfilled", "fiction", "TELL", deploy(w), by="intruder")
    assert w.duty("TELL").state == "fulfilled"
    w.taint("intruder")
    assert told(w.duty("TELL")) == ("open", "yes", (f"tainted-{done.index}",))
    assert w.duty("TELL", shift(TENTH, days=1)).state == "overdue"


def test_a_toll_stops_the_clock_and_what_was_left_is_left() -> None:
    w = lab(DEPLOYED)
    opened = deploy(w)
    w.at = shift(START, days=4)
    w.word("tolled", "fiction", "TELL", opened, until=shift(START, days=9))
    found = w.duty("TELL")
    assert (found.state, found.tolled_until, found.due_latest) == ("tolled", shift(START, days=9), shift(TENTH, days=5))
    assert w.duty("TELL", shift(START, days=9)).state == "open"
    assert w.duty("TELL", shift(TENTH, days=5, micros=1)).state == "overdue"


def test_tolls_that_overlap_count_once_and_none_revives_what_is_late() -> None:
    w = lab(DEPLOYED)
    opened, other = deploy(w), deploy(w)
    w.at = shift(START, days=1)
    w.word("tolled", "fiction", "TELL", opened, until=shift(START, days=3))
    w.at = shift(START, days=2)
    w.word("tolled", "fiction", "TELL", opened, until=shift(START, days=5))
    assert w.duty("TELL", opened_by=opened.index).due_latest == shift(TENTH, days=4)
    w.at = shift(TENTH, days=1)
    w.word("tolled", "fiction", "TELL", other, until=shift(TENTH, days=9))
    late = w.duty("TELL", opened_by=other.index)
    assert (late.state, late.due_latest) == ("overdue", TENTH)


def test_an_optional_duty_lapses_and_an_empty_one_stays() -> None:
    w = lab({**DEPLOYED, "optional": True}, duty("SOON", "deployment.started", promptness="promptly"))
    deploy(w)
    after = shift(TENTH, days=1)
    assert w.duty("TELL", after).state == "lapsed"
    found = w.duty("SOON", after)
    assert (found.state, found.due_latest, found.seconds_left, found.promptness) == (
        "no-period",
        None,
        None,
        "promptly",
    )


def test_a_word_on_what_no_entry_here_opened_is_shown() -> None:
    pack = regime("fiction", "code", DEPLOYED)
    w = Regimes(adopt=False)
    early = deploy(w)
    w.publish(pack)
    w.adopt("fiction")
    assert w.duties() == []
    w.word("fulfilled", "fiction", "TELL", early)
    assert told(w.duty("TELL")) == ("fulfilled", "unknown", ("opened-by-word",))


# -- clocks ------------------------------------------------------------------------------------------------------------


def test_before_an_event_counts_back_from_what_is_planned() -> None:
    w = lab(duty("FIRST", "action.requested", clock="planned", deadline=days(-14)))
    w.ask_to()
    assert told(w.duty("FIRST")) == ("clock-not-started", "yes", ())
    w.ask_to(planned_for="2026-04-01T12:00:00.000000Z")
    found = w.duties()[0]
    assert (found.state, found.due_latest) == ("open", "2026-03-18T23:59:59.999999Z")
    assert w.duties("2026-03-19T00:00:00.000000Z")[0].state == "overdue"


@pytest.mark.parametrize(
    ("clock", "strict", "latest"),
    [
        ("occurred", "2026-02-28", "2026-02-28"),
        ("known", "2026-03-06", "2026-03-06"),
        ("recorded", "2026-03-07", "2026-03-07"),
        ("not-stated", "2026-02-28", "2026-03-07"),
    ],
)
def test_the_clock_says_which_of_three_times_starts_it(clock: str, strict: str, latest: str) -> None:
    w = lab(duty("TELL", "deployment.started", clock=clock, deadline=days(5)))
    deploy(w, occurred_at=shift(START, days=-7), known_at=shift(START, days=-1))
    found = w.duty("TELL")
    assert (found.due_strict[:10], found.due_latest[:10]) == (strict, latest)


def test_an_adoption_that_starts_later_is_pending_until_then() -> None:
    changed = duty("CHANGED", "framework.adopted", clock="effective", deadline=days(30))
    w = lab(changed, binds="own")
    assert w.duties() == []  # the first adoption changes nothing
    old = w.digests["fiction"]
    w.publish(regime("fiction", "own", changed, clock=SAID, version="2"))
    w.adopt("fiction", shift(START, days=5), supersedes=old)
    found = w.duty("CHANGED")
    assert (found.state, found.due_latest) == ("pending", "2026-04-06T23:59:59.999999Z")
    assert w.duty("CHANGED", shift(START, days=5)).state == "open"


def test_a_statutory_framework_that_changes_is_the_laws_business() -> None:
    law = regime("act", "law", duty("CHANGE", "framework.adopted", clock="effective", deadline=days(30)), clock=SAID)
    one = regime("one", "own", statutory={"clauses": ["1"], "law": "act"})
    two = regime("two", "own", statutory={"clauses": ["1"], "law": "act"})
    other = regime("three", "own")
    w = Regimes(law, one, two, other, adopt=False)
    w.adopt("one")
    assert w.duties() == []  # the first is no change
    w.adopt("two", supersedes=w.digests["one"])
    assert w.duty("CHANGE").reasons == ("scope-undetermined",)
    w.adopt("three", supersedes=w.digests["two"])
    assert {d.reasons for d in w.duties()} == {("scope-undetermined",), ("scope-undetermined", "statutory-unknown")}


def test_what_follows_another_duty_starts_when_that_was_done() -> None:
    act = regime("act", "law", duty("NOTIFY", "deployment.started", deadline=days(14), clock="occurred"), clock=SAID)
    code = regime("code", "code", duty("CONFIRM", "obligation.fulfilled", after={"obligation": "NOTIFY", "pack": "act"},
                                       clock="occurred", deadline=days(28)), clock=SAID)  # fmt: skip
    w = Regimes(act, code)
    opened = deploy(w)
    assert not w.duties(obligation="CONFIRM")
    w.at = shift(START, days=3)
    w.word("fulfilled", "act", "NOTIFY", opened, fulfilled_at=shift(START, days=2))
    assert w.duty("CONFIRM").due_latest == "2026-04-01T23:59:59.999999Z"


def test_an_extension_runs_from_the_due_date_that_it_moves() -> None:
    more = duty("MORE", "obligation.tolled", clock="due", deadline=days(15, "business_day"), extends=["TELL"])
    w = lab(DEPLOYED, more)
    w.word("tolled", "fiction", "TELL", deploy(w), until=shift(START, days=2))
    found = w.duty("MORE")
    assert (found.started_at, found.due_latest) == (TENTH, "2026-04-02T23:59:59.999999Z")


def test_an_extension_may_be_extended() -> None:
    more = duty("MORE", "obligation.tolled", clock="due", deadline=days(15), extends=["TELL"])
    again = duty("AGAIN", "obligation.tolled", clock="due", deadline=days(5), extends=["MORE"])
    w = lab(DEPLOYED, more, again)
    first = w.word("tolled", "fiction", "TELL", deploy(w), until=shift(START, days=2))
    w.word("tolled", "fiction", "MORE", first, until=shift(START, days=2))
    found = w.duty("AGAIN")
    assert (found.started_at, found.due_latest) == ("2026-03-27T23:59:59.999999Z", "2026-04-01T23:59:59.999999Z")


# -- recurring ---------------------------------------------------------------------------------------------------------


def test_a_calendar_duty_has_one_instance_per_period() -> None:
    w = lab(duty("REVIEW", "calendar", every=days(1, "quarter")), binds="law")
    w.scope_of("fiction", "lab")
    found = w.duties("2026-07-02T00:00:00.000000Z")
    assert [(d.period, d.due_latest[:10], d.state) for d in found] == [
        ("2026-01-01", "2026-03-31", "overdue"), ("2026-04-01", "2026-06-30", "overdue"), ("2026-07-01", "2026-09-30", "open"),
    ]  # fmt: skip
    w.word("fulfilled", "fiction", "REVIEW", "2026-01-01")
    w.word("not-applicable", "fiction", "REVIEW", "2026-04-01")
    assert [d.state for d in w.duties("2026-07-02T00:00:00.000000Z")] == ["fulfilled", "not-applicable", "open"]


def test_periods_from_before_the_ledger_are_not_its_to_judge() -> None:
    pack = regime("fiction", "law", duty("REVIEW", "calendar", every=days(1, "month")), clock=SAID)
    w = Regimes(adopt=False)
    w.at = "2026-03-15T00:00:00.000000Z"
    w.publish(pack)
    assert [d.period for d in w.duties("2026-04-10T00:00:00.000000Z")] == ["2026-03-01", "2026-04-01"]
    w.word("fulfilled", "fiction", "REVIEW", "2026-02-01")
    assert [d.period for d in w.duties("2026-04-10T00:00:00.000000Z")] == ["2026-02-01", "2026-03-01", "2026-04-01"]


def test_a_word_on_a_day_where_no_period_begins_counts_for_none() -> None:
    w = lab(duty("REVIEW", "calendar", every=days(1, "month")), binds="law")
    w.word("fulfilled", "fiction", "REVIEW", "2026-03-05")
    stray = w.duty("REVIEW", period="2026-03-05")
    assert "period-unknown" in stray.reasons
    assert w.duty("REVIEW", period="2026-03-01").state == "open"


def test_what_is_done_too_soon_after_the_last_says_so() -> None:
    w = lab(duty("REPORT", "calendar", every=days(6, "month"), minimum_gap=days(3, "month")), binds="law")
    w.scope_of("fiction", "lab")
    w.word("fulfilled", "fiction", "REPORT", "2026-01-01", fulfilled_at="2026-06-20T00:00:00.000000Z")
    w.word("fulfilled", "fiction", "REPORT", "2026-07-01", fulfilled_at="2026-09-01T00:00:00.000000Z")
    found = w.duties("2026-12-01T00:00:00.000000Z")
    assert [(d.state, d.reasons) for d in found] == [("fulfilled", ()), ("fulfilled", ("before-minimum-gap",))]
    assert found[0].qualified == ("not more often than: 3 month",)
    w.word("fulfilled", "fiction", "REPORT", "2026-07-01", fulfilled_at="2026-09-20T00:00:00.000000Z")
    assert w.duties("2026-12-01T00:00:00.000000Z")[1].reasons == ()


def test_a_calendar_ends_with_the_pack() -> None:
    w = lab(duty("REVIEW", "calendar", every=days(1, "month")))
    began = w.duties()[0].period
    w.publish(regime("fiction-2", "code", title="Its successor"))
    w.adopt("fiction-2", supersedes=w.digests["fiction"])
    found = w.duties(shift(START, days=200))
    assert [d.state for d in found] == ["overdue", "ended"]
    assert found[0].period == began == "2026-01-31"


def test_the_nth_report_counts_for_the_earliest_undone_period_that_had_begun() -> None:
    w = lab(duty("STATUS", "concern.raised", every=days(10), clock="occurred", until="concern.found"))
    raised = w.say("concern.raised", {"channel": "anonymous", "digest": "sha256:" + "0" * 64, "framework": w.digests["fiction"]},
                   "concern/1")  # fmt: skip
    w.word("fulfilled", "fiction", "STATUS", raised, fulfilled_at=shift(START, days=3))
    w.word(
        "fulfilled", "fiction", "STATUS", raised, fulfilled_at=shift(START, days=4)
    )  # the same period again: nothing more
    at = shift(START, days=25)
    assert [(d.number, d.state) for d in w.duties(at)] == [(1, "fulfilled"), (2, "overdue"), (3, "open")]
    w.at = at
    w.word("fulfilled", "fiction", "STATUS", raised)
    assert [(d.number, d.state) for d in w.duties(at)] == [(1, "fulfilled"), (2, "fulfilled-late"), (3, "open")]
    w.say("concern.found", {"concern": w.ref(raised), "digest": "sha256:" + "0" * 64, "material": False, "outcome": "withdrawn"},
          "concern/1")  # fmt: skip
    later = w.duties(shift(START, days=90))
    assert [(d.number, d.state) for d in later] == [(1, "fulfilled"), (2, "fulfilled-late"), (3, "ended")]


def test_what_a_compromised_key_opened_says_so_each_time() -> None:
    w = lab(DEPLOYED, duty("STATUS", "deployment.started", every=days(10), clock="occurred"))
    opened = deploy(w)
    w.taint("someone")
    found = w.duties(shift(START, days=25))
    assert {d.obligation for d in found} == {"TELL", "STATUS"}
    assert {d.reasons for d in found} == {(f"tainted-{opened.index}",)}


def test_a_claimed_start_long_ago_stops_no_list() -> None:
    w = lab(duty("STATUS", "concern.raised", every=days(1), clock="occurred"))
    w.tell_at(
        "concern.raised",
        {"channel": "named", "digest": "sha256:" + "0" * 64},
        "concern/1",
        occurred_at="0001-01-01T00:00:00.000000Z",
    )
    assert len(w.duties()) == 1000
    assert w.duties()[0].applies == "unknown"


def test_lists_are_in_the_order_of_what_is_due() -> None:
    w = lab(
        DEPLOYED,
        duty("NEVER", "deployment.started"),
        duty("SOON", "deployment.started", clock="occurred", deadline=days(24, "hour")),
    )
    deploy(w)
    assert [d.obligation for d in w.duties()] == ["SOON", "TELL", "NEVER"]
