"""One incident under several regimes: classes, clocks that start with what was learnt, reports that fulfil, second thoughts."""

import pytest

from ledger.strict import shift
from tests.policies.regimes import SAID, START, Regimes, days, duty, regime

CATEGORIES = [{"id": c, "ref": "1", "summary": c} for c in ("cyber", "death")]
EU = regime(
    "eu", "code",
    duty("CYBER", "incident.classified", categories=["cyber"], clock="involvement-known", deadline=days(5), report="initial"),
    duty("DEATH", "incident.classified", categories=["death"], clock="involvement-known", deadline=days(10), report="initial"),
    duty("AGAIN", "incident.report-filed", clock="occurred", every=days(28), report="intermediate", reports=["initial"],
         until="incident.resolved"),
    duty("FINAL", "incident.resolved", clock="resolved", deadline=days(60), report="final"),
    clock=SAID, incident_categories=CATEGORIES,
)  # fmt: skip
STATE = regime(
    "state", "law",
    duty("DAYS", "incident.classified", clock="discovered", deadline=days(15), report="initial"),
    duty("HOURS", "incident.classified", clock="imminent-known", deadline=days(24, "hour"), imminent=True),
    duty("BELIEF", "incident.classified", clock="determined-or-believed", deadline=days(72, "hour")),
    clock=SAID, incident_categories=[{"id": "critical", "ref": "1", "summary": "critical"}],
)  # fmt: skip


@pytest.fixture
def w() -> Regimes:
    world = Regimes(EU, STATE)
    world.observe()
    return world


def test_a_class_of_one_regime_opens_no_duty_of_another(w: Regimes) -> None:
    w.classify("eu", "cyber")
    w.classify("state", None, reason="nobody died")
    assert [d.obligation for d in w.duties()] == ["CYBER"]


def test_the_clock_waits_for_the_models_part_in_it(w: Regimes) -> None:
    w.classify("eu", "cyber")
    found = w.duty("CYBER")
    assert (found.state, found.started_at, found.earliest) == ("clock-not-started", None, START)
    w.at = shift(START, days=2)
    w.involve("confirmed")
    assert w.duty("CYBER").due_latest == "2026-03-09T23:59:59.999999Z"
    w.involve("suspected", known_at=shift(START, days=1))
    assert w.duty("CYBER").due_latest == "2026-03-08T23:59:59.999999Z"  # suspicion counts, and the earliest


def test_a_compromised_word_on_involvement_can_only_be_stricter(w: Regimes) -> None:
    w.classify("eu", "cyber")
    w.involve(by="intruder", known_at=shift(START, days=-9))
    w.involve(known_at=START)
    assert w.duty("CYBER").due_latest == "2026-02-26T23:59:59.999999Z"
    w.taint("intruder")
    found = w.duty("CYBER")
    assert (found.due_strict, found.due_latest) == ("2026-02-26T23:59:59.999999Z", "2026-03-07T23:59:59.999999Z")


@pytest.mark.parametrize(
    ("more", "due"),
    [
        ({}, {"DAYS": "2026-03-17T23:59:59.999999Z", "BELIEF": "2026-03-07T09:00:00.000000Z"}),
        ({"believed_at": "2026-03-03T00:00:00.000000Z"}, {"BELIEF": "2026-03-06T00:00:00.000000Z"}),
        ({"known_at": "2026-03-02T10:00:00.000000Z"}, {"BELIEF": "2026-03-05T10:00:00.000000Z"}),
        (
            {"imminent": True, "imminent_known_at": "2026-03-04T01:00:00.000000Z"},
            {"HOURS": "2026-03-05T01:00:00.000000Z"},
        ),
    ],
)
def test_each_clock_starts_where_its_clause_says(w: Regimes, more: dict, due: dict) -> None:
    w.at = shift(START, days=2)
    w.classify("state", "critical", **more)
    found = {d.obligation: d.due_latest for d in w.duties()}
    assert ("HOURS" in found) == ("imminent" in more)
    assert {k: found[k] for k in due} == due


def test_a_report_of_its_kind_fulfils_and_one_of_another_regime_does_not(w: Regimes) -> None:
    w.involve()
    w.classify("eu", "cyber")
    w.classify("state", "critical")
    w.report("state", "initial")
    assert w.duty("CYBER").state == "open"
    assert w.duty("DAYS").state == "fulfilled"
    w.report("eu", "final")
    assert w.duty("CYBER").state == "open"
    done = w.report("eu", "initial", shift(START, days=5))
    found = w.duty("CYBER")
    assert (found.state, found.fulfilled_at) == ("fulfilled", shift(START, days=5))
    assert done.index in found.indexes


def test_a_report_that_names_its_duty_fulfils_that_one_alone(w: Regimes) -> None:
    w.classify("state", "critical")
    w.report("state", "initial", obligation="BELIEF")
    assert (w.duty("BELIEF").state, w.duty("DAYS").state) == ("fulfilled", "open")


def test_a_report_filed_before_the_classification_counts(w: Regimes) -> None:
    w.involve()
    w.report("eu", "initial")
    assert w.duties() == []
    w.classify("eu", "cyber")
    assert w.duty("CYBER").state == "fulfilled"
    assert w.duty("AGAIN").state == "open"


def test_a_report_by_a_compromised_key_fulfils_nothing(w: Regimes) -> None:
    w.involve()
    w.classify("eu", "cyber")
    w.report("eu", "initial", by="intruder")
    w.taint("intruder")
    assert w.duty("CYBER").state == "open"


def test_second_thoughts_close_what_is_not_late_and_move_nothing_later(w: Regimes) -> None:
    w.involve()
    w.classify("eu", "cyber")
    w.at = shift(START, days=3)
    again = w.classify("eu", "death")
    states = {d.obligation: (d.state, d.reasons) for d in w.duties()}
    assert states == {"CYBER": ("not-applicable", ("reclassified",)), "DEATH": ("open", ())}
    assert again.index in w.duty("CYBER").indexes
    w.at = shift(START, days=4)
    w.classify("eu", "cyber")
    back = {d.obligation: (d.state, d.due_latest) for d in w.duties()}
    assert back["CYBER"] == ("open", "2026-03-07T23:59:59.999999Z")  # the first clock, not a new one
    assert back["DEATH"][0] == "not-applicable"
    w.at = shift(START, days=6)
    w.classify("eu", None)
    assert w.duty("CYBER").state == "overdue"  # late before it was taken out


def test_what_follows_opens_in_any_order(w: Regimes) -> None:
    w.resolve(shift(START, days=1))
    assert w.duties() == []
    w.involve()
    w.classify("eu", "cyber")
    found = w.duty("FINAL")
    assert (found.opened_type, found.due_latest) == ("incident.resolved", "2026-05-02T23:59:59.999999Z")


def test_intermediate_reports_go_on_until_it_is_resolved(w: Regimes) -> None:
    w.involve()
    w.classify("eu", "cyber")
    w.report("eu", "initial", shift(START, days=2))
    at = shift(START, days=70)
    assert [(d.number, d.due_latest[:10], d.state) for d in w.duties(at, obligation="AGAIN")] == [
        (1, "2026-04-01", "overdue"), (2, "2026-04-29", "overdue"), (3, "2026-05-27", "open"),
    ]  # fmt: skip
    w.report("eu", "intermediate", shift(START, days=29))
    w.report("eu", "intermediate", shift(START, days=60))
    w.resolve(shift(START, days=66))
    assert [(d.number, d.state) for d in w.duties(at, obligation="AGAIN")] == [
        (1, "fulfilled"), (2, "fulfilled-late"), (3, "ended"),
    ]  # fmt: skip


def test_a_law_that_was_not_in_force_when_it_was_classified_opens_nothing_later() -> None:
    later = regime("state", "law", duty("DAYS", "incident.classified", clock="discovered", deadline=days(15)),
                   in_force_from="2026-03-20", incident_categories=CATEGORIES)  # fmt: skip
    w = Regimes(later)
    w.observe()
    w.classify("state", "cyber")
    w.at = "2026-03-25T00:00:00.000000Z"
    w.resolve()
    assert w.duties() == []
    w.classify("state", "cyber")
    assert w.duty("DAYS").state in ("open", "overdue")


def test_a_regime_without_classes_asks_about_what_is_reportable_anywhere() -> None:
    own = regime(
        "own", "own", duty("EACH", "incident.classified"), duty("POLICE", "incident.classified", imminent=True)
    )
    w = Regimes(EU, STATE, own)
    w.observe()
    w.classify("eu", None)
    assert w.duties() == []
    first = w.classify("eu", "cyber")
    assert w.duty("EACH").opened_by == first.index
    w.classify("state", "critical", imminent=True, imminent_known_at=START)
    assert w.duty("POLICE").state == "no-period"
    w.classify("eu", None)
    assert w.duty("EACH").state == "no-period"  # still reportable elsewhere
    w.classify("state", None)
    assert {d.obligation: d.state for d in w.duties(pack="own")} == {
        "EACH": "not-applicable",
        "POLICE": "not-applicable",
    }


def test_a_compromised_second_thought_hides_nothing_that_followed(w: Regimes) -> None:
    """An intruder takes the incident out before it is resolved; once that is known, the final report is owed after all."""
    w.involve()
    w.classify("eu", "cyber")
    taken = w.classify("eu", None, by="intruder")
    w.report("eu", "initial")
    w.at = shift(w.at, days=1)
    w.resolve()
    assert {d.state for d in w.duties(pack="eu") if d.obligation != "CYBER"} == {"not-applicable"}
    assert taken.index in w.duty("FINAL").indexes
    w.taint("intruder")
    assert {d.obligation: d.state for d in w.duties(pack="eu")} == {
        "CYBER": "fulfilled",
        "AGAIN": "ended",
        "FINAL": "open",
    }


def test_a_word_from_before_the_incident_opened_its_duty_is_kept() -> None:
    w = Regimes()
    seen = w.observe()
    w.publish(regime("late", "law", duty("TELL", "incident.observed", clock="occurred", deadline=days(3)), clock=SAID))
    w.word("fulfilled", "late", "TELL", seen)
    assert w.duty("TELL").reasons == ("scope-undetermined", "opened-by-word")
    w.involve()
    found = w.duty("TELL")
    assert (found.state, found.fulfilled_at, found.reasons) == ("fulfilled", w.at, ("scope-undetermined",))
