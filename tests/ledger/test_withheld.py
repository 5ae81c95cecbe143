"""Withheld fields against RFC 9901: its digests, its examples' shapes, and each rejection of its §7.1; ours never drops in silence."""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ledger.canonical import MAX_DEPTH
from ledger.errors import Malformed, Unverified
from ledger.events.role import Granted
from ledger.statement import parse_statement
from ledger.strict import format_base64url, parse_base64url
from ledger.withheld import RESERVED, digest_of, hide, hide_element, open_body, parse_disclosure
from tests.conftest import VECTORS, needs_vectors
from tests.ledger.test_canonical import VALUES
from tests.simulator import Lab
from tests.threats.documents import replaced

SDJWT = VECTORS / "sdjwt"
NAMES = st.text("abcdefgh_", min_size=1, max_size=6).filter(lambda n: n not in RESERVED)


def salts() -> Iterator[bytes]:
    """Salts that follow from a counter, for tests alone."""
    n = 0
    while True:
        n += 1
        yield sha256(b"salt %d" % n).digest()[:16]


def salt(n: int) -> bytes:
    return sha256(b"one %d" % n).digest()[:16]


# -- the pair ------------------------------------------------------------------------------------------------------------


@given(VALUES, NAMES)
def test_disclosure_round_trip(value: Any, name: str) -> None:
    for made in (hide(name, value, salt(1)), hide_element(value, salt(1))):
        read = parse_disclosure(made.text)
        assert read == made
        assert read.digest == digest_of(made.text) == format_base64url(sha256(made.text.encode()).digest())
    assert hide(name, value, salt(1)).digest != hide(name, value, salt(2)).digest


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_reserved_names(name: str) -> None:
    with pytest.raises(Malformed, match="reserved-name"):
        hide(name, 1, salt(1))
    with pytest.raises(Malformed, match="reserved-name"):
        parse_disclosure(text_of([format_base64url(salt(1)), name, 1]))


@pytest.mark.parametrize("size", [0, 8, 15, 17, 32])
def test_salts_are_sixteen_bytes(size: int) -> None:
    with pytest.raises(Malformed, match="salt-length"):
        hide("a", 1, b"\0" * size)
    with pytest.raises(Malformed, match="salt-length"):
        parse_disclosure(text_of([format_base64url(b"\0" * size), "a", 1]))


# -- RFC 9901 §7.1: each rejection ---------------------------------------------------------------------------------------


def text_of(parts: Any) -> str:
    """A disclosure's text, whatever is in it."""
    return format_base64url(json.dumps(parts, separators=(",", ":")).encode())


A, B = hide("a", 1, salt(1)), hide("b", 2, salt(2))
E1, E2 = hide_element("x", salt(3)), hide_element("y", salt(4))
CHILD = hide("inner", 3, salt(5))
PARENT = hide("outer", {"_sd": [CHILD.digest]}, salt(6))
SAME_NAME = hide("a", 9, salt(7))
EDITED = hide("a", 2, salt(1))
NEST = hide_element([{"...": E1.digest}], salt(8))
ARRAY = hide("l", [{"...": E2.digest}], salt(9))
TWICE = hide("outer", {"_sd": [A.digest], "a": 0}, salt(10))

REJECTED: dict[str, tuple[dict[str, Any], list[str], str]] = {
    "unreferenced": ({"_sd": [A.digest]}, [B.text], "disclosure-orphan"),
    "unreferenced beside a good one": ({"_sd": [A.digest]}, [A.text, B.text], "disclosure-orphan"),
    "edited": ({"_sd": [A.digest]}, [EDITED.text], "disclosure-orphan"),
    "the same twice": ({"_sd": [A.digest]}, [A.text, A.text], "disclosure-duplicate"),
    "a digest twice in one _sd": ({"_sd": [A.digest, A.digest]}, [A.text], "digest-duplicate"),
    "a digest twice, undisclosed": ({"_sd": [A.digest, A.digest]}, [], "digest-duplicate"),
    "a digest twice, at two levels": ({"_sd": [A.digest], "o": {"_sd": [A.digest]}}, [], "digest-duplicate"),
    "a digest in an object and an array": ({"_sd": [E1.digest], "l": [{"...": E1.digest}]}, [], "digest-duplicate"),
    "a digest twice, once inside a disclosure": ({"_sd": sorted([PARENT.digest, CHILD.digest])}, [PARENT.text], "digest-duplicate"),
    "an element's disclosure for a member": ({"_sd": [E1.digest]}, [E1.text], "disclosure-arity"),
    "a member's disclosure for an element": ({"l": [{"...": A.digest}]}, [A.text], "disclosure-arity"),
    "a name already present": ({"_sd": [A.digest], "a": 0}, [A.text], "disclosure-name-present"),
    "one name disclosed twice": ({"_sd": sorted([A.digest, SAME_NAME.digest])}, [A.text, SAME_NAME.text], "disclosure-name-present"),
    "a child without its parent": ({"_sd": [PARENT.digest]}, [CHILD.text], "disclosure-orphan"),
    "an element object with more": ({"l": [{"...": E1.digest, "k": 1}]}, [], "schema"),
    "an _sd that is text": ({"_sd": A.digest}, [], "schema"),
    "an _sd that is a number": ({"_sd": 1}, [], "schema"),
    "an _sd of numbers": ({"_sd": [1]}, [], "schema"),
    "dots as a member's name": ({"o": {"...": E1.digest}}, [E1.text], "reserved-name"),
    "dots in the body itself": ({"...": E1.digest}, [], "reserved-name"),
    "the algorithm inside the body": ({"o": {"_sd_alg": "sha-256"}}, [], "reserved-name"),
    "an element of another array": ({"l": [{"...": E1.digest}]}, [E2.text], "disclosure-orphan"),
    "an element edited": ({"l": [{"...": E1.digest}]}, [hide_element("z", salt(3)).text], "disclosure-orphan"),
    "an element twice": ({"l": [{"...": E1.digest}, {"...": E1.digest}]}, [E1.text], "digest-duplicate"),
    "an element's digest in an element": ({"l": [{"...": NEST.digest}, {"...": E1.digest}]}, [NEST.text], "digest-duplicate"),
    "an element without the array around it": ({"_sd": [ARRAY.digest]}, [E2.text], "disclosure-orphan"),
    "a name present inside a disclosure": ({"_sd": [TWICE.digest]}, [TWICE.text, A.text], "disclosure-name-present"),
    "a digest that is no text": ({"l": [{"...": 1}]}, [], "schema"),
    "one part": ({"_sd": []}, [text_of([format_base64url(salt(1))])], "disclosure-arity"),
    "four parts": ({"_sd": []}, [text_of([format_base64url(salt(1)), "a", 1, 2])], "disclosure-arity"),
    "no array": ({"_sd": []}, [text_of({"a": 1})], "disclosure-arity"),
    "a name that is no text": ({"_sd": []}, [text_of([format_base64url(salt(1)), 1, 1])], "reserved-name"),
    "a salt that is no text": ({"_sd": []}, [text_of([1, "a", 1])], "salt-length"),
    "a key twice inside": ({"_sd": []}, [format_base64url(b'["%s","a",{"k":1,"k":2}]' % format_base64url(salt(1)).encode())], "duplicate-key"),
    "blanks inside": ({"_sd": []}, [format_base64url(b'["%s", "a", 1]' % format_base64url(salt(1)).encode())], "not-canonical"),
    "padding": ({"_sd": []}, [A.text + "="], "base64-form"),
    "a tilde": ({"_sd": []}, [A.text + "~"], "base64-form"),
    "no text": ({"_sd": []}, [""], "not-json"),
    "another alphabet": ({"_sd": []}, ["é"], "base64-form"),
}  # fmt: skip


@pytest.mark.parametrize("name", REJECTED)
def test_rejected(name: str) -> None:
    body, texts, rule = REJECTED[name]
    with pytest.raises((Malformed, Unverified)) as caught:
        open_body(body, texts)
    assert caught.value.code == rule


def test_unknown_sd_alg_is_no_statement() -> None:
    lab = Lab()
    payload = lab.write(
        Granted, {"principal": "x", "role": "auditor", "streams": ["ledger"]}, "ledger", "key-admin-1"
    ).envelope.payload
    assert parse_statement(payload, Granted).predicate.sd_alg == "sha-256"
    for other in (b'"sha-512"', b'"SHA-256"', b'"sha-256 "', b"null", b'""', b'"shake256"'):
        with pytest.raises(Malformed, match="schema"):
            parse_statement(replaced(payload, b'"sha-256"', other), Granted)


@pytest.mark.parametrize("depth", [MAX_DEPTH - 2, MAX_DEPTH, 5000])
def test_disclosures_inside_disclosures_are_bounded(depth: int) -> None:
    """Each hides the next: bounded like any document, before anything recurses too far."""
    made, texts = hide("n", 0, salt(0)), []
    for n in range(depth):
        texts.append(made.text)
        made = hide("n", {"_sd": [made.digest]}, salt(n + 1))
    body = {"_sd": [made.digest]}
    if depth < MAX_DEPTH - 1:
        opened = open_body(body, [*texts, made.text]).body
        assert json.dumps(opened).count('"n"') == depth + 1
    else:
        with pytest.raises(Malformed, match="too-deep"):
            open_body(body, [*texts, made.text])


@given(
    st.text(max_size=60) | st.binary(max_size=60).map(format_base64url),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda i: st.lists(i, max_size=3) | st.dictionaries(st.sampled_from(["_sd", "...", "a"]), i, max_size=3),
        max_leaves=8,
    ),
)
def test_any_text_and_any_body(text: str, value: Any) -> None:
    """A value, `Malformed` or `Unverified`: never another error, whatever stands where."""
    for body in ({"a": value}, {"_sd": value}, {"l": [value]}):
        try:
            open_body(body, [text])
        except (Malformed, Unverified):
            continue
        raise AssertionError("nothing references the text")


# -- the foreign vectors -------------------------------------------------------------------------------------------------


@needs_vectors
def test_rfc_9901_digests() -> None:
    """The digest is over the text as sent: four encodings of one claim have four digests. The RFC's own texts have blanks, or a
    salt of 17 bytes: our parser, which takes one form alone, refuses each, and nothing is ever re-serialised before hashing.
    """
    vectors = json.loads((SDJWT / "rfc9901_disclosure_digests.json").read_bytes())["vectors"]
    digests = set()
    for vector in vectors:
        digests.add(digest_of(vector["disclosure"]))
        if "sha256_b64url" in vector:
            assert digest_of(vector["disclosure"]) == vector["sha256_b64url"]
        if "array" in vector:
            assert json.loads(parse_base64url(vector["disclosure"])) == vector["array"]
        raw = parse_base64url(vector["disclosure"])
        blank = b", " in raw or b"\n" in raw
        with pytest.raises(Malformed, match="not-canonical" if blank else "salt-length"):
            parse_disclosure(vector["disclosure"])
    assert len(digests) == len(vectors)


class Marked:
    """A key or element that the specification marks with !sd."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __hash__(self) -> int:
        return hash(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Marked) and self.value == other.value


class Examples(yaml.SafeLoader):
    """Reads the examples' own tag."""


def _marked(loader: yaml.SafeLoader, node: yaml.Node) -> Marked:
    if isinstance(node, yaml.MappingNode):
        return Marked(loader.construct_mapping(node, deep=True))
    if isinstance(node, yaml.SequenceNode):
        return Marked(loader.construct_sequence(node, deep=True))
    return Marked(loader.construct_scalar(node))


Examples.add_constructor("!sd", _marked)


def conceal(value: Any, fresh: Iterator[bytes], texts: list[str]) -> Any:
    """Hide whatever is marked, innermost first."""
    if isinstance(value, dict):
        shown: dict[str, Any] = {}
        digests = []
        for key, item in value.items():
            inner = conceal(item, fresh, texts)
            if isinstance(key, Marked):
                made = hide(key.value, inner, next(fresh))
                texts.append(made.text)
                digests.append(made.digest)
            else:
                shown[key] = inner
        return {**shown, "_sd": sorted(digests)} if digests else shown
    if isinstance(value, list):
        done = []
        for item in value:
            if isinstance(item, Marked):
                made = hide_element(conceal(item.value, fresh, texts), next(fresh))
                texts.append(made.text)
                done.append({"...": made.digest})
            else:
                done.append(conceal(item, fresh, texts))
        return done
    return value


def plain(value: Any) -> Any:
    """The claims without marks."""
    if isinstance(value, dict):
        return {k.value if isinstance(k, Marked) else k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v.value if isinstance(v, Marked) else v) for v in value]
    return value


@needs_vectors
@pytest.mark.parametrize("name", ["address_only_flat", "address_only_recursive", "address_only_structured", "simple", "simple_structured",
                                  "json_serialization_flattened", "json_serialization_general"])  # fmt: skip
def test_examples_open_to_their_claims(name: str) -> None:
    """Flat, structured and recursive: all disclosures give the claims, any left out leave a part, an edited one is refused."""
    claims = yaml.load((SDJWT / "examples" / f"{name}.yml").read_text(), Examples)[
        "user_claims"
    ]  # a SafeLoader's child
    texts: list[str] = []
    body = conceal(claims, salts(), texts)
    assert open_body(body, texts).body == plain(claims)
    assert texts
    for gone in texts:
        rest = [t for t in texts if t != gone]
        parent = any(digest in json.dumps(parse_disclosure(gone).value) for digest in map(digest_of, rest))
        if parent:
            with pytest.raises(Unverified, match="disclosure-orphan"):
                open_body(body, rest)
        else:
            assert open_body(body, rest).body != plain(claims)
        with pytest.raises(Unverified, match="disclosure-orphan"):
            open_body(body, [*rest, edited(gone)])


def edited(text: str) -> str:
    """Another value under the same salt and name."""
    parts = json.loads(parse_base64url(text))
    made = (
        hide(parts[1], "edited", parse_base64url(parts[0]))
        if len(parts) == 3
        else hide_element("edited", parse_base64url(parts[0]))
    )
    return made.text
