"""Strict scalars: each laxity of Python that style.md §2 lists is real, and closed; every parse is the inverse of its format."""

import base64
import contextlib
import re
import uuid
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.errors import Malformed
from ledger.strict import (
    decimal_value,
    format_base64,
    format_base64url,
    format_uuid7,
    from_micros,
    micros,
    parse_base64,
    parse_base64url,
    parse_decimal,
    parse_digest,
    parse_hex,
    parse_origin,
    parse_stream,
    parse_time,
    parse_uint,
    parse_uuid7,
    shift,
    unhex,
    uuid7_millis,
)

LAX: list[tuple[Callable[[str], Any], Callable[[str], Any], list[str]]] = [
    (int, parse_uint, ["4_2", "٤٢", "４２", " 42 ", "42\n", "+42", "042", "-0", "00"]),
    (lambda t: re.match("^[0-9]+$", t).group(), parse_uint, ["42\n"]),  # type: ignore[union-attr]
    (base64.b64decode, parse_base64, ["QQ==\n", "Q*Q==", "QR==", "QUI=\n\n", "QQ=="[:0] + "QR=="]),
    (lambda t: base64.b64decode(t, validate=True), parse_base64, ["QR==", "QUJ="]),
    (base64.urlsafe_b64decode, parse_base64url, ["+/+/", "Q*Q==", "QQ==", "QR=="]),
    (bytes.fromhex, unhex, ["AB", "ab cd", "ab\n", " ab"]),
    (Decimal, parse_decimal, ["1_0", "١٢", " 1 ", "NaN", "sNaN", "Infinity", "1E+400", "-0", "1.", ".5", "01", "+1", "-0.00", "1\n"]),
    (
        datetime.fromisoformat,
        parse_time,
        ["2026-W15-2", "2026-04-07", "2026-04-07T09:00:00.000000", "2026-04-07x09:00:00.000000+00:00", "20260407T090000Z",
         "2026-04-07 09:00:00.000000+00:00", "2026-04-07T09:00:00,000000+00:00", "2026-04-07T09:00:00.0000001+00:00",
         "2026-04-07T09:00:00.000Z", "2026-04-07T09:00:00Z", "2026-04-07T09:00:00.000000+01:00"],
    ),
    (
        uuid.UUID,
        parse_uuid7,
        ["{01890000-0000-7000-8000-000000000000}", "urn:uuid:01890000-0000-7000-8000-000000000000", "01890000000070008000000000000000",
         "0189-0000-0000-7000-8000-000000000000", "01890000-0000-7000-8000-00000000000A", "01890000-0000-4000-8000-000000000000",
         "01890000-0000-7000-c000-000000000000"],
    ),
]  # fmt: skip
CASES = [(lax, strict, text) for lax, strict, texts in LAX for text in texts]


@pytest.mark.parametrize(("lax", "strict", "text"), CASES, ids=[repr(text) for _, _, text in CASES])
def test_what_python_reads_and_we_do_not(lax: Callable[[str], Any], strict: Callable[[str], Any], text: str) -> None:
    lax(text)  # Python takes it: else the case proves nothing
    with pytest.raises(Malformed) as caught:
        strict(text)
    assert text not in str(caught.value) or len(text) < 3, "a refusal never repeats its input"


def test_lines_are_cut_at_newlines_alone() -> None:
    """`splitlines` would cut names in two; our names are one alphabet, so none of these is one."""
    for cut in ("\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u00a0", "\r", "\n"):
        assert len(f"a{cut}b".splitlines()) == 2 or cut == "\u00a0"
        for parser in (parse_stream, parse_origin):
            with pytest.raises(Malformed):
                parser(f"a{cut}b")
            with pytest.raises(Malformed):
                parser(f"a{cut}")


def test_bounds_before_arithmetic() -> None:
    """`int` raises ValueError over 4,300 digits: the bound comes first, and it is on digits."""
    for text in ("9" * 5000, "1" + "0" * 20, str(2**53)):
        with pytest.raises(Malformed):
            parse_uint(text)
    assert (parse_uint(str(2**53 - 1)), parse_uint("0")) == (2**53 - 1, 0)
    assert parse_uint(str(2**64 - 1), bits=64) == 2**64 - 1
    with pytest.raises(Malformed):
        parse_uint(str(2**64), bits=64)
    assert decimal_value("9" * 40 + "." + "9" * 20) < 10**40
    for text in ("1" + "0" * 40, "0." + "0" * 21):
        with pytest.raises(Malformed):
            parse_decimal(text)


# -- round trips -------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=200))
def test_base64(data: bytes) -> None:
    for write, read in ((format_base64, parse_base64), (format_base64url, parse_base64url)):
        assert read(write(data)) == data
    assert format_base64(data).encode() == base64.b64encode(data)
    assert unhex(data.hex()) == data
    assert parse_hex(data.hex(), len(data)) == data.hex()


@given(st.integers(-62135596800 * 10**6, 253402300799 * 10**6 + 999_999))
@example(0)
@example(-1)
@example(253402300799 * 10**6 + 999_999)
@example(-62135596800 * 10**6)
def test_times(value: int) -> None:
    text = from_micros(value)
    assert micros(parse_time(text)) == value
    assert len(text) == 27


@given(st.integers(0, 4 * 10**15), st.integers(0, 4 * 10**15))
def test_times_sort_as_texts(one: int, two: int) -> None:
    assert (from_micros(one) < from_micros(two)) == (one < two)


@given(st.integers(0, 4 * 10**15), st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))
def test_shift(value: int, seconds: int, more: int) -> None:
    moved = shift(from_micros(value + 10**15), seconds=seconds, micros=more)
    assert micros(moved) == value + 10**15 + 10**6 * seconds + more


def test_times_that_do_not_exist() -> None:
    for text in ("2026-02-29", "2026-04-31", "0000-01-01", "2100-02-29"):
        with pytest.raises(Malformed):
            parse_time(f"{text}T00:00:00.000000Z")
    for clock in ("24:00:00", "23:60:00", "23:59:60"):
        with pytest.raises(Malformed):
            parse_time(f"2026-04-07T{clock}.000000Z")
    assert parse_time("2024-02-29T23:59:59.999999Z")
    for beyond in (10**18, -(10**18)):
        with pytest.raises(Malformed):
            from_micros(beyond)


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_uuid7(millis: int, rand: bytes) -> None:
    text = format_uuid7(millis, rand)
    assert uuid7_millis(text) == millis
    assert (uuid.UUID(text).version, uuid.UUID(text).variant) == (7, uuid.RFC_4122)


def test_uuid7_parts() -> None:
    for millis, rand in ((-1, b"0" * 10), (1 << 48, b"0" * 10), (0, b"0" * 9), (0, b"0" * 11)):
        with pytest.raises(Malformed):
            format_uuid7(millis, rand)


@given(st.from_regex(r"-?(0|[1-9][0-9]{0,39})(\.[0-9]{1,20})?", fullmatch=True, alphabet="0123456789.-"))
def test_decimals(text: str) -> None:
    try:
        value = decimal_value(text)
    except Malformed:
        assert text.startswith("-")
        assert Fraction(text) == 0
        return
    assert value == Fraction(text)
    assert parse_decimal(text) == text


PARSERS: dict[str, Callable[[str], Any]] = {
    "time": parse_time, "decimal": parse_decimal, "uint": parse_uint, "stream": parse_stream, "origin": parse_origin,
    "hex": lambda t: parse_hex(t, 2), "unhex": unhex, "digest": parse_digest, "base64": parse_base64, "base64url": parse_base64url,
    "uuid7": parse_uuid7, "millis": uuid7_millis, "micros": lambda t: micros(parse_time(t)),
}  # fmt: skip
WORDS = st.text(alphabet="0123456789abcdefABCDEF-_+/=.:TZ @sha256\n é٤²", max_size=70) | st.text(max_size=40)


@pytest.mark.parametrize("name", PARSERS)
@given(text=WORDS)
def test_any_text_is_a_value_or_malformed(name: str, text: str) -> None:
    with contextlib.suppress(Malformed):
        value = PARSERS[name](text)
        assert text.isascii()
        assert not isinstance(value, str) or value == text
