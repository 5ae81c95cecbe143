"""Entries: written and read back; the envelope inside is passed on byte for byte; no byte is free; place and time are of one form."""

import contextlib
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.entry import MAX_ENTRY, Entry, format_entry, leaf_hash, parse_entry
from ledger.envelope import MAX_ENVELOPE, format_envelope, sign_envelope
from ledger.errors import Malformed
from tests.ledger.test_envelope_normal import ENVELOPES
from tests.ledger.test_statement import HEX, TIMES
from tests.simulator import each_bit, raw_entry, signer

AT = "2026-04-07T09:00:00.000000Z"
ENVELOPE = format_envelope(sign_envelope(b'{"fictional":true}', (signer("one"),)))
PLACES = st.just((1, "")) | st.tuples(st.integers(2, 2**53 - 1), HEX)


@given(ENVELOPES, TIMES, PLACES)
def test_round_trip(envelope, at: str, place: tuple[int, str]) -> None:
    version, previous = place
    raw = format_entry(format_envelope(envelope), at, previous, version)
    assert raw == raw_entry(format_envelope(envelope), at, previous, version)
    assert parse_entry(raw) == Entry(format_envelope(envelope), at, previous, version)
    assert leaf_hash(raw) == sha256(b"\0" + raw).digest()


def test_no_bit_is_free() -> None:
    """Flipped, it is refused, or read as another entry that is written exactly so."""
    raw = format_entry(ENVELOPE, AT, "ab" * 32, 2)
    whole = parse_entry(raw)
    for bent in each_bit(raw):
        with contextlib.suppress(Malformed):
            found = parse_entry(bent)
            assert found != whole
            assert raw_entry(found.envelope, found.recorded_at, found.previous, found.version) == bent


@given(
    st.binary(max_size=200)
    | st.builds(
        lambda n, b: (r := format_entry(ENVELOPE, AT, "", 1))[:n] + b + r[n + 1 :],
        st.integers(0, 500),
        st.binary(max_size=3),
    )
)
def test_any_bytes_are_an_entry_or_malformed(raw: bytes) -> None:
    with contextlib.suppress(Malformed):
        parse_entry(raw)


@pytest.mark.parametrize(
    ("at", "previous", "version", "rule"),
    [
        (AT, "", 2, "stream-place"),
        (AT, "ab" * 32, 1, "stream-place"),
        (AT, "", 0, "schema"),
        (AT, "AB" * 32, 2, "schema"),
        (AT, "ab" * 31, 2, "schema"),
        (AT, "ab" * 32, 2**53, "schema"),
        (AT[:-1], "", 1, "schema"),
        (f"{AT}\\n", "", 1, "schema"),
        ("2026-02-30T09:00:00.000000Z", "", 1, "schema"),
    ],
)
def test_other_places(at: str, previous: str, version: int, rule: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_entry(raw_entry(ENVELOPE, at, previous, version))
    assert caught.value.code in (rule, "number-domain")


@pytest.mark.parametrize("inside", [b"[]", b"1", b'"text"', b"null", b'{"a":1}', b"{}"])
def test_the_envelope_is_cut_out_as_it_stands(inside: bytes) -> None:
    """What it is, `parse_envelope` says: the entry's reader passes it on."""
    assert parse_entry(raw_entry(inside, AT, "", 1)).envelope == inside


@pytest.mark.parametrize("inside", [b" {}", b"{} ", b"", b"{", b"{},{}", b'{}"'])
def test_what_is_no_value_can_not_stand_there(inside: bytes) -> None:
    with pytest.raises(Malformed):
        parse_entry(raw_entry(inside, AT, "", 1))


def test_bounds() -> None:
    with pytest.raises(Malformed, match="too-large"):
        format_entry(b'"%s"' % (b"a" * MAX_ENVELOPE), AT, "", 1)
    with pytest.raises(Malformed, match="too-large"):
        parse_entry(raw_entry(b'"%s"' % (b"a" * MAX_ENTRY), AT, "", 1))
    largest = format_entry(b'"%s"' % (b"a" * (MAX_ENVELOPE - 2)), AT, "ab" * 32, 2**53 - 1)
    assert len(largest) <= MAX_ENTRY, "the largest envelope fits into an entry in any place"
