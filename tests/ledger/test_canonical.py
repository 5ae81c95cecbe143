"""The strict reader against the domain, RFC 8785, and any bytes at all."""

import contextlib
import json
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger.canonical import decode_canonical, dumps, encode, loads, loads_canonical
from ledger.errors import Malformed
from ledger.events.body import Informed
from ledger.fields import Closed

TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"))
KEYS = st.text(st.characters(min_codepoint=1, max_codepoint=127), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_round_trip_and_rfc8785(value: object) -> None:
    raw = dumps(value)
    assert raw == rfc8785.dumps(value) == encode(value)
    assert loads_canonical(raw) == value
    assert loads(json.dumps(value, indent=1).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_malformed(raw: bytes) -> None:
    for reader in (loads, loads_canonical, lambda b: decode_canonical(b, Informed)):
        with contextlib.suppress(Malformed):
            reader(raw)


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b'{"a":1,"a":2}', "duplicate-key"),
        (b'{"a":1,"\\u0061":2}', "duplicate-key"),
        (b'[{"x":{"a":1,"a":1}}]', "duplicate-key"),
        *[
            (x, "number-domain")
            for x in (b"NaN", b"Infinity", b"1e999", b"1.0", b"-0", b"9007199254740992", b"18446744073709551616")
        ],
        (b'"\\ud800"', "text-domain"),
        (b'"\\u0000"', "text-domain"),
        (b"\xef\xbb\xbf1", "bom"),
        (b"\xff", "not-utf8"),
        (b"", "not-json"),
        (b"[1]x", "not-json"),
        (b"[" * 33 + b"]" * 33, "too-deep"),
        (b"[" * 100_000, "too-deep"),
        (b'{"\xc3\xa9":1}', "key-not-ascii"),
        (json.dumps({str(i): 0 for i in range(1025)}).encode(), "too-many-keys"),
        (json.dumps("x" * 65_537).encode(), "string-too-long"),
        (b"1" * ((1 << 20) + 1), "too-large"),
    ],
)
def test_defects(raw: bytes, rule: str) -> None:
    with pytest.raises(Malformed) as caught:
        loads(raw)
    assert caught.value.code == rule


@pytest.mark.parametrize("raw", [b'{"b":1,"a":2}', b"[1, 2]", b'"\\u0061"', b'"\\/"', b"1\n"])
def test_not_canonical(raw: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        loads_canonical(raw)
    assert caught.value.code == "not-canonical"


def test_limits_are_inside() -> None:
    assert loads(b"[" * 32 + b"]" * 32) is not None
    assert loads_canonical(b"9007199254740991") == 2**53 - 1
    assert loads_canonical(b"0") == 0


def test_typed_decode_names_the_place_and_never_the_value() -> None:
    with pytest.raises(Malformed) as caught:
        decode_canonical(b'{"body":"BOARD","documents":[],"of":"secret"}', Informed)
    assert (caught.value.code, caught.value.place) == ("schema", "$.of")
    assert "secret" not in str(caught.value)
    for raw in (
        b'{"body":"B","documents":[],"extra":1,"of":"' + b"0" * 64 + b'"}',
        b'{"documents":[],"body":"B","of":"x"}',
    ):
        with pytest.raises(Malformed):
            decode_canonical(raw, Informed)


HOSTILE = st.recursive(
    st.sampled_from([
        b"0", b"-0", b"1", b"-1", b"1.0", b"1e2", b"1E400", b"NaN", b"-Infinity", b"9007199254740991", b"9007199254740992",
        b"true", b"null", b'""', b'"a"', b'"\\u0061"', b'"\\ud800"', b'"\\ud83d\\ude00"', b'"\\u0000"', b'"\\u001f"', b'"\\n"',
        b'"\\u000a"', b'"\xc3\xa9"', b'"\\u00e9"', b'"\xe2\x80\xa8"', b'"\x7f"', b'"\\/"', b'"/"', b"01", b"+1", b" 1", b"tru",
    ]),
    lambda inner: st.lists(inner, max_size=4).map(lambda v: b"[" + b",".join(v) + b"]")
    | st.lists(st.tuples(st.sampled_from([b'"a"', b'"b"', b'"\\u0061"', b'"\xc3\xa9"', b'""', b'"B"']), inner), max_size=4).map(
        lambda m: b"{" + b",".join(k + b":" + v for k, v in m) + b"}"
    ),
    max_leaves=8,
)  # fmt: skip


@given(HOSTILE)
def test_hostile_documents_against_other_readers(raw: bytes) -> None:
    """What is accepted means the same to `json` and msgspec and is written the same by `rfc8785`; canonical = its own RFC 8785 form."""
    try:
        value = loads(raw)
    except Malformed:
        with pytest.raises(Malformed):
            loads_canonical(raw)
        return
    assert value == json.loads(raw) == msgspec.json.decode(raw)
    own = rfc8785.dumps(value)
    assert dumps(value) == encode(value) == own
    assert loads(own) == value
    if own == raw:
        assert loads_canonical(raw) == value
    else:
        with pytest.raises(Malformed, match="not-canonical"):
            loads_canonical(raw)


class Anything(Closed, frozen=True):
    a: Any


class Typed(Closed, frozen=True):
    a: int | str | None = None


@given(HOSTILE)
def test_the_fast_typed_reader_is_no_laxer(inner: bytes) -> None:
    """`decode_canonical` accepts nothing that `loads_canonical` refuses: in a member of any shape, too."""
    raw = b'{"a":%s}' % inner
    for kind in (Anything, Typed):
        try:
            value = decode_canonical(raw, kind)
        except Malformed as err:
            if kind is Anything:
                with pytest.raises(Malformed, match=err.code):
                    loads_canonical(raw)
        else:
            assert loads_canonical(raw) == {"a": value.a}


@pytest.mark.parametrize(
    ("inner", "rule"),
    [
        (b"1.5", "number-domain"),
        (b"9007199254740993", "number-domain"),
        (b'{"\xc3\xa9":1}', "key-not-ascii"),
        (json.dumps({f"{i:04d}": 0 for i in range(1025)}, separators=(",", ":")).encode(), "too-many-keys"),
        (b"[" * 32 + b"]" * 32, "too-deep"),
    ],
)
def test_a_member_of_any_shape_is_walked(inner: bytes, rule: str) -> None:
    """A re-encode alone would give these bytes back: only a walk sees them."""
    with pytest.raises(Malformed, match=rule):
        decode_canonical(b'{"a":%s}' % inner, Anything)
