"""Field disclosures that come with a statement: each referenced once, and of a member that the type withholds."""

import pytest

from ledger.errors import Malformed
from ledger.events import decision, evaluation
from ledger.held import held_fields
from ledger.withheld import hide, hide_element, seal

SALTS = [bytes([n]) * 16 for n in range(64)]


def sealed() -> tuple[dict[str, object], tuple[str, ...]]:
    return seal({"basis": "policy", "reason": "a fictional reason"}, {"reason"}, 2, iter(SALTS))


def test_each_belongs_to_the_member_that_it_opens() -> None:
    body, texts = sealed()
    (one,) = held_fields(body, texts, decision.Made)
    assert (one.text, one.field) == (texts[0], "reason")
    assert one.digest in body["_sd"]  # type: ignore[operator]  # a list of digests
    assert held_fields(body, (), decision.Made) == ()


def test_what_stands_below_another_one_belongs_to_its_member() -> None:
    inner = hide("value", "0.5", SALTS[5])
    element = hide_element({"_sd": [inner.digest], "name": "accuracy"}, SALTS[6])
    whole = hide("scores", [{"...": element.digest}], SALTS[7])
    body = {"_sd": sorted([whole.digest, "A" * 43]), "task": "t"}
    found = held_fields(body, [inner.text, whole.text, element.text], evaluation.Recorded)
    assert [(f.text, f.field) for f in found] == [(d.text, "scores") for d in (inner, whole, element)]
    open_array = {"_sd": [], "scores": [{"...": element.digest}]}
    assert {f.field for f in held_fields(open_array, [element.text], evaluation.Recorded)} == {"scores"}
    with pytest.raises(Malformed, match="disclosure-orphan"):
        held_fields(body, [inner.text, element.text], evaluation.Recorded)  # the parent did not come


def test_a_long_chain_is_no_deep_call() -> None:
    chain = [hide_element("end", SALTS[0])]
    for _ in range(3000):
        chain.append(hide_element([{"...": chain[-1].digest}], SALTS[1]))
    top = hide("scores", [{"...": chain[-1].digest}], SALTS[2])
    found = held_fields({"_sd": [top.digest]}, [top.text, *(c.text for c in chain)], evaluation.Recorded)
    assert len(found) == 3002


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        (lambda texts: [*texts, texts[0]], "disclosure-duplicate"),
        (lambda texts: [*texts, hide("reason", "another", SALTS[9]).text], "disclosure-orphan"),
        (lambda texts: ["bm8"], "not-json"),
    ],
)
def test_what_does_not_fit_is_refused(more: object, rule: str) -> None:
    body, texts = sealed()
    with pytest.raises(Malformed, match=rule):
        held_fields(body, more(texts), decision.Made)  # type: ignore[operator]  # a function of the case


def test_a_member_that_is_never_withheld_is_refused() -> None:
    other = hide("basis", "policy", SALTS[3])
    with pytest.raises(Malformed, match="disclosure-name"):
        held_fields({"_sd": [other.digest]}, [other.text], decision.Made)
