"""Incidents: one stream, one incident; what follows names its observation and words that the pack knows."""

import pytest

from tests.policies.lived import Lived

SEEN, KNOWN, CLASS, REPORT, OVER = (
    "incident.observed", "incident.involvement-known", "incident.classified", "incident.report-filed", "incident.resolved",
)  # fmt: skip
OTHER = "incident/2026-002"
LATER, EARLIER = "2026-03-01T00:00:00.000000Z", "2026-01-01T00:00:00.000000Z"
NONE = "sha256:" + "9" * 64


@pytest.fixture(scope="module")
def w() -> Lived:
    return Lived()


def test_a_stream_is_one_incident(w: Lived) -> None:
    assert w.again(SEEN) == "said-already"
    assert w.again(SEEN, stream=OTHER) is None


def test_an_incident_names_models_that_are_registered(w: Lived) -> None:
    assert w.again(SEEN, stream=OTHER, models=["model/m", "model/none"]) == "subject-unknown"


def test_an_incident_happened_in_order_and_in_the_past(w: Lived) -> None:
    assert w.again(SEEN, stream=OTHER, last_at=EARLIER) == "contradiction"
    assert w.again(SEEN, stream=OTHER, last_at=None) is None
    assert w.again(SEEN, stream=OTHER, last_at=LATER) == "clock-skew"


@pytest.mark.parametrize("name", [KNOWN, CLASS, REPORT, OVER])
def test_what_follows_names_the_observation_in_its_own_stream(w: Lived, name: str) -> None:
    causes = (name,)
    assert w.again(name, causes=causes) is None
    assert w.again(name, causes=causes, incident=w.ref(KNOWN)) == "reference-wrong"
    assert w.again(name, causes=causes, stream=OTHER) == "reference-wrong"


def test_a_class_is_one_that_the_pack_declares_or_none(w: Lived) -> None:
    assert w.again(CLASS, causes=(CLASS,), category=None) is None
    assert w.again(CLASS, causes=(CLASS,), category="SLOW") == "clause-unknown"
    assert w.again(CLASS, framework=w.digest, category=None) is None
    assert w.again(CLASS, framework=w.digest) == "clause-unknown"
    assert w.again(CLASS, framework=NONE) == "framework-unknown"


def test_an_imminent_risk_has_the_time_when_it_was_known_and_no_other_has(w: Lived) -> None:
    assert w.again(CLASS, causes=(CLASS,), imminent=False) == "contradiction"
    assert w.again(CLASS, causes=(CLASS,), imminent_known_at=None) == "contradiction"
    assert w.again(CLASS, causes=(CLASS,), imminent=False, imminent_known_at=None) is None


@pytest.mark.parametrize("member", ["imminent_known_at", "believed_at"])
def test_nothing_is_known_of_the_future(w: Lived, member: str) -> None:
    assert w.again(CLASS, causes=(CLASS,), **{member: LATER}) == "clock-skew"


def test_of_two_who_classify_at_once_the_second_hears_of_the_first(w: Lived) -> None:
    assert w.again(CLASS, reason="I think otherwise", category=None) == "revision-unsaid"
    assert w.again(CLASS, causes=(SEEN,), category=None) == "revision-unsaid"


def test_a_report_is_under_a_published_pack_with_its_duty_and_fields(w: Lived) -> None:
    assert w.again(REPORT) is None
    assert w.again(REPORT, obligation=None, fields_missing=[]) is None
    assert w.again(REPORT, framework=NONE) == "framework-unknown"
    assert w.again(REPORT, obligation="O-PUBLIC") == "clause-unknown"
    assert w.again(REPORT, fields_missing=["when", "who"]) == "clause-unknown"
    assert w.again(REPORT, framework=w.digest, obligation=None, fields_missing=["anything"]) is None


def test_a_report_follows_awareness(w: Lived) -> None:
    assert w.again(REPORT, submitted_at=EARLIER) == "contradiction"
    assert w.again(REPORT, submitted_at=LATER) == "clock-skew"


def test_it_is_resolved_after_it_began_and_once(w: Lived) -> None:
    assert w.again(OVER, causes=(OVER,), resolved_at=EARLIER) == "contradiction"
    assert w.again(OVER, causes=(OVER,), resolved_at=LATER) == "clock-skew"
    assert w.again(OVER) == "revision-unsaid"
