"""Evidence that falls, is asked for again, or is put up: it names what is there."""

import pytest

from tests.policies.lived import Lived

AGAIN, FALLEN, PUT_UP = "reassessment.triggered", "safeguard.degraded", "document.published"
NONE = "sha256:" + "9" * 64


@pytest.fixture
def w() -> Lived:
    return Lived()


def test_a_reassessment_is_of_thresholds_of_a_published_pack(w: Lived) -> None:
    rso = w.hold("rso", "RSO", "model/")
    assert w.again(AGAIN, by=rso) is None
    assert w.again(AGAIN, by=rso, thresholds=[]) is None
    assert w.again(AGAIN, by=rso, thresholds=["CBRN-9"]) == "threshold-unknown"
    assert w.again(AGAIN, by=rso, framework=NONE) == "framework-unknown"


def test_who_asks_as_a_role_holds_it(w: Lived) -> None:
    assert w.again(AGAIN) == "role-missing"
    assert w.again(AGAIN, role=None) is None
    assert w.again(AGAIN, role="JESTER") == "clause-unknown"


def test_what_falls_is_claimed_by_the_attestation_named_and_that_stands(w: Lived) -> None:
    assert w.again(FALLEN) is None
    assert w.again(FALLEN, safeguards=["A2D-1"]) == "reference-wrong"
    assert w.again(FALLEN, attestation=w.ref("document.submitted")) == "reference-wrong"
    assert w.again(FALLEN, stream="safeguard/elsewhere") == "reference-wrong"
    assert w.again(FALLEN, since="2026-03-01T00:00:00.000000Z") == "clock-skew"
    w.say("safeguard.withdrawn", {"attestation": w.ref("safeguard.attested"), "reason": "r"}, "safeguard/all")
    assert w.again(FALLEN) == "reference-wrong"


def test_a_result_and_an_attestation_end_once(w: Lived) -> None:
    withdrawn = {"attestation": w.ref("safeguard.attested"), "reason": "r"}
    assert w.refusal("safeguard.withdrawn", withdrawn, "safeguard/all") is None
    w.say("safeguard.withdrawn", withdrawn, "safeguard/all")
    assert w.refusal("safeguard.withdrawn", withdrawn, "safeguard/all") == "said-already"
    run = w.run("t")
    invalidated = {"evaluation": {"index": run.index, "leaf": run.leaf}, "reason": "r"}
    assert w.refusal("evaluation.invalidated", invalidated) is None
    w.say("evaluation.invalidated", invalidated)
    assert w.refusal("evaluation.invalidated", invalidated) == "said-already"


def test_what_is_put_up_is_the_document_or_says_what_was_left_out(w: Lived) -> None:
    whole = w.first["document.submitted"].body.digest
    assert w.again(PUT_UP) is None
    assert w.again(PUT_UP, digest=whole, redactions=[]) is None
    assert w.again(PUT_UP, digest=whole) == "contradiction"
    assert w.again(PUT_UP, redactions=[]) == "contradiction"
    assert w.again(PUT_UP, document=w.ref("document.confirmed")) == "reference-wrong"
    assert w.again(PUT_UP, stream="document/other") == "reference-wrong"
