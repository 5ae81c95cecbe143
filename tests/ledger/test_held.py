"""Field disclosures that come with a statement: each referenced once, and of a member that the type withholds."""

import pytest

from ledger.errors import Malformed
from ledger.events import decision, evaluation
from ledger.held import held_fields
from ledger.sealing import seal
from ledger.withheld import hide, hide_element
from tests.ledger.test_sealing import salts

SALTS = [bytes([n]) * 16 for n in range(64)]


def sealed() -> tuple[dict[str, object], tuple[str, ...]]:
    made = seal({"basis": "policy", "reason": "a fictional reason"}, decision.Made.event, ["reason"], iter(SALTS))
    return made.body, made.disclosures


def test_each_belongs_to_the_member_that_it_opens() -> None:
    body, texts = sealed()
    (one,) = held_fields(body, texts, decision.Made)
    assert (one.text, one.field) == (texts[0], "reason")
    assert one.digest in body["_sd"]  # type: ignore[operator]  # a list of digests
    assert held_fields(body, (), decision.Made) == ()


def test_what_stands_below_another_one_belongs_to_its_member() -> None:
    """Withheld whole and by element, or by element alone: all of it belongs to the member, and none comes without its parent."""
    plain = {"scores": [{"name": "a"}, {"name": "b"}], "task": "t"}
    made = seal(plain, evaluation.Recorded.event, ["scores", "scores.*"], salts())
    whole, *elements = made.disclosures
    found = held_fields(made.body, [*elements, whole], evaluation.Recorded)
    assert (found[0].text, found[0].field) == (whole, "scores")
    assert {(f.text, f.field) for f in found} == {(text, "scores") for text in made.disclosures}
    with pytest.raises(Malformed, match="disclosure-orphan"):
        held_fields(made.body, elements, evaluation.Recorded)  # the parent did not come
    open_array = seal(plain, evaluation.Recorded.event, ["scores.0"], salts())
    assert {f.field for f in held_fields(open_array.body, open_array.disclosures, evaluation.Recorded)} == {"scores"}


def test_a_long_chain_is_refused_before_it_is_deep() -> None:
    chain = [hide_element("end", SALTS[0])]
    for _ in range(3000):
        chain.append(hide_element([{"...": chain[-1].digest}], SALTS[1]))
    top = hide("scores", [{"...": chain[-1].digest}], SALTS[2])
    with pytest.raises(Malformed, match="too-deep"):
        held_fields({"_sd": [top.digest]}, [top.text, *(c.text for c in chain)], evaluation.Recorded)


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
