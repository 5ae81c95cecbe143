"""Sealing by a type's field table: what is named is hidden, at any depth, and no count tells how much; what can't be, is refused."""

import json
from collections.abc import Iterator
from hashlib import sha256
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import Malformed, Unverified
from ledger.event import Elements, EventType, Members
from ledger.events import evaluation, model, threshold
from ledger.registry import BODIES
from ledger.sealing import seal
from ledger.slots import is_hidden, open_members, slots_fault
from ledger.strict import format_base64url, parse_base64url
from ledger.withheld import hide, hide_element, open_body, parse_disclosure, place_held
from tests.vectors.told import unsealed

KIND = EventType(
    "test.sealed", 1, "model", ("x",), withholdable=("list", "object", "text"), slots=4, elements=(Elements("list", 6), Elements("bare", 4)),
    members=(Members("object", ("a", "b"), 3),),
)  # fmt: skip
BODY: dict[str, Any] = {
    "bare": ["p", "q"],
    "list": [{"name": "one", "v": 1}, {"name": "two", "v": 2}, {"name": "two", "v": 3}],
    "object": {"a": 1, "b": 2, "open": 3},
    "other": {"k": [1, 2]},
    "text": "t",
}
PATHS = (
    "list", "object", "text", "list.*", "list.0", "list.two", "bare.*", "bare.1", "object.a", "object.b",
)  # fmt: skip


def salts() -> Iterator[bytes]:
    """Salts that follow from a counter, for tests alone."""
    n = 0
    while True:
        n += 1
        yield sha256(b"salt %d" % n).digest()[:16]


@given(st.sets(st.sampled_from(PATHS)), st.data())
@settings(deadline=None)
def test_seal_and_open(paths: set[str], data: st.DataObject) -> None:
    """All disclosures give the body again; any that are self-contained give a part of it; the rest are refused as orphans."""
    sealed = seal(BODY, KIND, sorted(paths), salts())
    assert unsealed(open_body(sealed.body, sealed.disclosures).body) == BODY
    some = data.draw(st.sets(st.sampled_from(sealed.disclosures))) if sealed.disclosures else set()
    held = {p.disclosure.text for p in place_held(sealed.body, some)}
    opened = open_body(sealed.body, held)
    assert {p.disclosure.text for p in opened.placed} == held
    for place in opened.placed:
        value = opened.body
        for step in place.path:
            value = value[step]  # type: ignore[index]  # a path names members and elements in turn
        assert unsealed(value) == unsealed(open_body({"v": [place.disclosure.value]}, ()).body["v"][0]) or held - {
            place.disclosure.text
        }
    if some != held:
        with pytest.raises(Unverified, match="disclosure-orphan"):
            open_body(sealed.body, some)


@given(st.sets(st.sampled_from(PATHS)))
def test_no_count_tells_anything(paths: set[str]) -> None:
    """Whatever is withheld: as many digests in each place, distinct; and the texts say nothing of the rest."""
    sealed = seal(BODY, KIND, sorted(paths), salts())
    assert len(sealed.body["_sd"]) == 4
    for value in (sealed.body, *(_of(d) for d in sealed.disclosures)):
        if isinstance(value, dict) and "object" in value:
            assert len(value["object"]["_sd"]) == 3
        if isinstance(value, dict) and "list" in value and any(is_hidden(v) for v in value["list"]):
            assert len(value["list"]) == 6
    if {"bare.*", "bare.1"} & paths:
        assert len(sealed.body["bare"]) == 4
    assert bool(sealed.disclosures) == bool(paths)
    assert sealed.body["other"] == BODY["other"]


def _of(text: str) -> Any:
    read = parse_disclosure(text)
    return {read.name: read.value} if read.name is not None else read.value


def test_hidden_in_what_is_hidden() -> None:
    """The array whole, and each of its elements in it: who is handed one needs the array around it, and sees no other."""
    sealed = seal(BODY, KIND, ["list", "list.*", "object", "object.a"], salts())
    assert not {"list", "object"} & sealed.body.keys()
    placed = {p.path: p.disclosure for p in open_body(sealed.body, sealed.disclosures).placed}
    assert {path[0] for path in placed} == {"list", "object"}
    assert sorted(len(path) for path in placed) == [1, 1, 2, 2, 2, 2]
    outer = placed["list",]
    ((place, second),) = [(p, d) for p, d in placed.items() if len(p) == 2 and d.value == BODY["list"][1]]
    opened = open_body(sealed.body, [outer.text, second.text]).body
    assert unsealed(opened)["list"] == [BODY["list"][1]]
    assert opened["list"][int(place[1])] == BODY["list"][1]
    with pytest.raises(Unverified, match="disclosure-orphan"):
        open_body(sealed.body, [second.text])


def test_places_of_decoys_are_drawn() -> None:
    """A disclosed element's place does not tell how many lie before it: over many salts, the first stands everywhere it can."""
    fresh, seen = salts(), set()
    for _ in range(200):
        body = seal({"bare": ["p"]}, KIND, ["bare.0"], fresh)
        (only,) = open_body(body.body, body.disclosures).placed
        seen.add(only.path[1])
    assert seen == {0, 1, 2, 3}


@given(
    st.sets(st.sampled_from(PATHS), min_size=1),
    st.integers(0),
    st.sampled_from(["value", "salt", "name", "byte", "twice"]),
)
@settings(deadline=None)
def test_every_mutation_of_a_disclosure_is_refused(paths: set[str], draw: int, how: str) -> None:
    sealed = seal(BODY, KIND, sorted(paths), salts())
    n = draw % len(sealed.disclosures)
    bent = list(sealed.disclosures)
    bent[n] = mutated(bent[n], how, draw)
    if how == "twice":
        bent.append(sealed.disclosures[n])
    with pytest.raises((Malformed, Unverified)):
        open_body(sealed.body, bent)


def mutated(text: str, how: str, draw: int) -> str:
    """Another text than the one that was hashed."""
    salt, *rest = json.loads(parse_base64url(text))
    raw = parse_base64url(salt)
    if how == "byte":
        at = draw % len(text)
        return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
    if how == "salt":
        raw = bytes([raw[0] ^ 1, *raw[1:]])
    if how == "value":
        rest[-1] = [rest[-1]]
    if how == "name":
        rest = ["other", rest[-1]]
    made = hide(rest[0], rest[1], raw) if len(rest) == 2 else hide_element(rest[0], raw)
    return made.text


@given(st.sets(st.sampled_from(PATHS), min_size=1), st.integers(0))
def test_a_digest_in_two_places_is_refused(paths: set[str], draw: int) -> None:
    sealed = seal(BODY, KIND, sorted(paths), salts())
    digest = parse_disclosure(sealed.disclosures[draw % len(sealed.disclosures)]).digest
    copied = {**sealed.body, "more": {"_sd": [digest]}}
    with pytest.raises(Unverified, match=r"digest-duplicate|disclosure-arity"):
        open_body(copied, sealed.disclosures)


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("other", "not-withholdable"), ("bare", "not-withholdable"), ("other.k", "not-withholdable"), ("text.0", "not-withholdable"),
        ("object.open", "not-withholdable"), ("object.*", "not-withholdable"), ("object.a.b", "not-withholdable"), ("", "not-withholdable"),
        ("_sd", "not-withholdable"), ("Text", "not-withholdable"), ("text\n", "not-withholdable"), ("list.", "not-withholdable"),
        ("list.9", "element-unknown"), ("list.three", "element-unknown"), ("list.01", "element-unknown"), ("bare.p", "element-unknown"),
    ],
)  # fmt: skip
def test_what_can_not_be_withheld_is_refused(path: str, rule: str) -> None:
    """Named, never left open in silence; the refusal says what the type lets withhold."""
    with pytest.raises(Malformed) as caught:
        seal(BODY, KIND, ["text", path], salts())
    assert caught.value.code == rule
    if rule == "not-withholdable":
        for allowed in ("text", "list.*", "bare.*", "object.a"):
            assert allowed in str(caught.value)


def test_what_is_not_there_leaks_nothing() -> None:
    """A field that the body lacks may be named; an array is then filled, so that not even its being empty shows."""
    sealed = seal({"other": 1}, KIND, ["text", "object.a", "bare.*", "list", "list.*"], salts())
    assert sealed.disclosures == ()
    assert sealed.body.keys() == {"_sd", "bare", "other"}
    assert len(sealed.body["bare"]) == 4
    assert open_body(sealed.body, ()).body["bare"] == sealed.body["bare"]


def test_beyond_the_cap() -> None:
    many = {"bare": ["x"] * 5}
    assert seal(many, KIND, [], salts()).body["bare"] == ["x"] * 5
    with pytest.raises(Malformed, match="elements-many"):
        seal(many, KIND, ["bare.0"], salts())


@pytest.mark.parametrize("body", [{"_sd": []}, {"object": {"_sd": []}}, {"bare": [{"...": "x"}]}])
def test_a_body_that_is_sealed_already(body: dict[str, Any]) -> None:
    with pytest.raises(Malformed, match=r"sd-slots|reserved-name"):
        seal(body, KIND, ["bare.*"], salts())


def test_an_array_that_is_none() -> None:
    with pytest.raises(Malformed, match="schema"):
        seal({"bare": "text"}, KIND, ["bare.*"], salts())


def test_a_salt_is_used_once() -> None:
    """The model's record comes first, whatever else is hidden: its salt is the one that the subject commits to."""
    drawn = list(zip(range(60), salts(), strict=False))
    used: list[bytes] = []

    def noted() -> Iterator[bytes]:
        for _, salt in drawn:
            used.append(salt)
            yield salt

    sealed = seal(BODY, KIND, list(PATHS), noted())
    found = [parse_base64url(json.loads(parse_base64url(t))[0]) for t in sealed.disclosures]
    assert len(set(found)) == len(found)
    assert len(set(used)) == len(used)
    registered = seal(
        {"kind": "base", "subject": {"name": "n", "weights": "w"}}, model.Registered.event, ["subject"], noted()
    )
    assert parse_base64url(json.loads(parse_base64url(registered.disclosures[0]))[0]) == drawn[0][1]


# -- what stands inside a member -------------------------------------------------------------------------------------------


def test_slots_inside_a_member() -> None:
    kind = evaluation.Recorded.event
    hidden = {"...": format_base64url(bytes(32))}
    assert slots_fault(kind, "scores", [hidden] * 31) is not None
    assert slots_fault(kind, "scores", [hidden] * 32) is None
    assert slots_fault(kind, "scores", [{"name": "x"}]) is None
    assert slots_fault(kind, "revision", {"dirty": True}) is not None
    assert slots_fault(kind, "revision", {"_sd": ["b", "a"]}) is not None
    assert slots_fault(kind, "revision", {"_sd": 1}) is not None
    assert slots_fault(kind, "revision", {"_sd": ["a", "b"]}) is None
    assert slots_fault(kind, "task", "x") is None


def test_members_that_show_something() -> None:
    hidden = {"...": format_base64url(bytes(32))}
    kind = threshold.Determined.event
    assert open_members(kind, {"_sd": [], "dissent": [hidden] * 8, "state": "x"}) == {"state"}
    assert open_members(kind, {"dissent": [hidden, "open"], "state": "x"}) == {"dissent", "state"}
    assert open_members(kind, {"dissent": []}) == {"dissent"}


@pytest.mark.parametrize(("one", "two"), list(combinations(("text", "list", "object"), 2)))
def test_order_of_names_is_no_matter(one: str, two: str) -> None:
    assert seal(BODY, KIND, [one, two], salts()).body.keys() == seal(BODY, KIND, [two, one], salts()).body.keys()


def test_every_path_of_every_type_is_one_that_can_be_named() -> None:
    for body in BODIES:
        kind = body.event
        sealed = seal({}, kind, kind.paths, salts())
        assert sealed.disclosures == ()
