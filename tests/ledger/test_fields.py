"""Field types against the strict scalars: one grammar, written twice (as a pattern for msgspec, as a parser), never apart."""

import contextlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import fields
from ledger.errors import Malformed
from ledger.strict import parse_decimal, parse_digest, parse_hex, parse_stream, parse_time, parse_uuid7

PAIRS: dict[str, tuple[Any, Callable[[str], Any]]] = {
    "Hex32": (fields.Hex32, lambda t: parse_hex(t, 32)),
    "Digest": (fields.Digest, parse_digest),
    "EventId": (fields.EventId, parse_uuid7),
    "StreamName": (fields.StreamName, parse_stream),
    "Decimal": (fields.Decimal, parse_decimal),
    "Time": (fields.Time, parse_time),
}
SEEDS = ["ab" * 32, "sha256:" + "0" * 64, "01890000-0000-7000-8000-000000000000", "model/a", "-0", "-0.0", "-0.01", "0", "1" * 41,
         "0." + "1" * 21, "2026-04-07T09:00:00.000000Z", "2024-02-29T23:59:59.999999Z", "2100-02-29T00:00:00.000000Z",
         "0000-01-01T00:00:00.000000Z", "0001-01-01T00:00:00.000000Z", "2026-04-31T00:00:00.000000Z", "ab" * 32 + "\n", "model/a\n", "1\n", "\n", "", "AB" * 32]  # fmt: skip
TEXTS = st.sampled_from(SEEDS) | st.text(alphabet="0123456789abcdef-.sha256:mode/l@_A\n٤", max_size=70)
BENT = st.builds(lambda t, n, c: t[:n] + c + t[n + 1 :], st.sampled_from(SEEDS), st.integers(0, 70), st.characters())


def accepts(kind: Any, text: str) -> bool:
    try:
        msgspec.convert(text, kind, strict=True)
    except msgspec.ValidationError:
        return False
    return True


def parses(parser: Callable[[str], Any], text: str) -> bool:
    with contextlib.suppress(Malformed):
        parser(text)
        return True
    return False


@pytest.mark.parametrize("name", PAIRS)
@given(text=TEXTS | BENT)
def test_pattern_and_parser_agree(name: str, text: str) -> None:
    kind, parser = PAIRS[name]
    assert accepts(kind, text) == parses(parser, text)


@pytest.mark.parametrize("kind", [fields.Index, fields.Count, fields.Version])
def test_counts(kind: Any) -> None:
    least = 1 if kind is fields.Version else 0
    for value in (least, 2**53 - 1):
        assert msgspec.convert(value, kind, strict=True) == value
    for bad in (least - 1, 2**53, True, 1.0, "1", None):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(bad, kind, strict=True)


@pytest.mark.parametrize(("kind", "limit"), [(fields.Text, 8000), (fields.Line, 400), (fields.Name, 120)])
def test_lengths(kind: Any, limit: int) -> None:
    assert accepts(kind, "a" * limit)
    assert not accepts(kind, "a" * (limit + 1))


@pytest.mark.parametrize("name", ["", "a b", "é", "a\n", "a\t", "a\u200b", "~"])
def test_names(name: str) -> None:
    assert not accepts(fields.Name, name)
    assert accepts(fields.Name, "Fictional-Lab/Model_7.2@x:y")


def test_closed_objects_refuse_what_they_do_not_know() -> None:
    good = {"index": 1, "leaf": "ab" * 32}
    assert msgspec.convert(good, fields.Reference, strict=True).index == 1
    for bad in ({**good, "more": 1}, {"index": 1}, {**good, "index": "1"}, [1, "ab" * 32]):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(bad, fields.Reference, strict=True)
    assert msgspec.json.encode(fields.HiddenElement(digest="A" * 43)) == b'{"...":"%s"}' % (b"A" * 43)
