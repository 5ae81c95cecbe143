"""A framework's own exception is used as it is written there: declared, with all conditions shown, by who approves it."""

from typing import Any

import pytest

from policies.framework import pack_digest, pack_object
from tests.policies.lived import Lived
from tests.vectors.life import EVIDENCE

INVOKED = "exception.invoked"
CONDITIONS = ["others have passed the threshold", "the risk is acknowledged in public"]


@pytest.fixture(scope="module")
def w() -> Lived:
    """The pack again, now with two conditions and an approver for its exception; the first stays adopted too."""
    w = Lived()
    value = pack_object(w.pack)
    written = {**value["exceptions"][0], "approved_by": ["CEO"], "conditions": CONDITIONS}
    strict = {**value, "exceptions": [written]}
    digest = pack_digest(strict)
    said = {"digest": digest, "id": w.pack.id}
    w.say(
        "framework.published", {**said, "pack": strict, "source_digest": w.pack.source.digest}, f"framework/{w.pack.id}"
    )
    adopted = {**said, "effective": "2025-06-01T00:00:00.000000Z", "scope": "all"}
    w.strict = digest
    w.first[INVOKED] = w.event(INVOKED, {
        "exception": written["id"], "framework": digest, "reason": "fictional", "shown": shown(), "valid_until": "2026-03-01T00:00:00.000000Z",
    })  # fmt: skip
    assert w.again(INVOKED) == "framework-not-adopted"
    w.say("framework.adopted", adopted, f"framework/{w.pack.id}")
    w.hold("ceo", "CEO", "model/")
    return w


def shown(*conditions: str, evidence: Any = EVIDENCE) -> list[dict[str, Any]]:
    return [{"condition": c, "evidence": evidence} for c in conditions or CONDITIONS]


def test_all_conditions_are_shown_in_any_order_and_no_other(w: Lived) -> None:
    assert w.again(INVOKED, by="ceo") is None
    assert w.again(INVOKED, by="ceo", shown=shown(*reversed(CONDITIONS))) is None
    for wrong in ([CONDITIONS[0]], [CONDITIONS[0]] * 2, [*CONDITIONS, "it is urgent"], [*CONDITIONS, CONDITIONS[0]]):
        assert w.again(INVOKED, by="ceo", shown=shown(*wrong)) == "condition-missing", wrong
    assert w.again(INVOKED, by="ceo", shown=[]) == "condition-missing"


def test_each_condition_has_evidence(w: Lived) -> None:
    bare = [*shown(CONDITIONS[0]), *shown(CONDITIONS[1], evidence=[])]
    assert w.again(INVOKED, by="ceo", shown=bare) == "condition-missing"


def test_an_exception_is_one_of_the_pack_s(w: Lived) -> None:
    assert w.again(INVOKED, by="ceo", exception="X-URGENT") == "clause-unknown"
    assert w.again(INVOKED, by="ceo", framework="sha256:" + "9" * 64) == "framework-unknown"


def test_who_approves_it_signs_and_reaches_the_model(w: Lived) -> None:
    assert w.again(INVOKED, by="someone") == "quorum-short"
    assert w.again(INVOKED, by=w.hold("elsewhere", "CEO", "document/")) == "quorum-short"


def test_it_does_not_end_before_it_begins(w: Lived) -> None:
    assert w.again(INVOKED, by="ceo", valid_until=w.at) == "contradiction"
    assert w.again(INVOKED, by="ceo", valid_until=None) is None


def test_the_request_is_one_on_this_model_that_this_pack_judges(w: Lived) -> None:
    asked = w.first["action.requested"].digest
    assert w.again(INVOKED, by="ceo", request="0" * 64) == "request-unknown"
    assert w.again(INVOKED, by="ceo", request=asked) == "request-mismatch"
    both = w.ask_to(packs=[w.digest, w.strict])
    assert w.again(INVOKED, by="ceo", request=both.digest) is None
    w.model("model/other")
    assert w.again(INVOKED, by="ceo", request=both.digest, stream="model/other") == "request-unknown"
