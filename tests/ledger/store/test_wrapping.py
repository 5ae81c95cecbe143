"""Withheld fields at rest: what opens, and that nothing else does."""

from dataclasses import replace

import pytest

from ledger.errors import Fault
from ledger.store.vault import retained_until
from ledger.store.wrapping import (
    Sealed,
    WrappingKey,
    new_wrapping_key,
    open_field,
    seal_field,
)
from ledger.strict import parse_base64url
from ledger.withheld import hide

AT = "2026-04-07T09:00:00.000000Z"
FIELD = hide("reason", "a fictional reason, told to nobody", bytes(16))
DIGEST = parse_base64url(FIELD.digest)
STATEMENT = b"\x01" * 32


def sealed(key: WrappingKey) -> Sealed:
    return seal_field(key, STATEMENT, DIGEST, "reason", FIELD.text)


def refused(key: WrappingKey, statement: bytes, row: Sealed) -> None:
    with pytest.raises(Fault) as caught:
        open_field(key, statement, row)
    assert caught.value.code == "disclosure-unreadable"
    assert FIELD.text not in str(caught.value)


def test_it_opens_and_shows_nothing_before() -> None:
    key = new_wrapping_key(AT)
    row = sealed(key)
    assert open_field(key, STATEMENT, row) == FIELD.text
    kept = row.ciphertext + row.wrapped_key
    assert FIELD.text.encode() not in kept
    assert key.secret not in kept
    assert key.secret.hex() not in repr((key, row))


def test_no_two_rows_share_a_data_key_or_a_length_below_a_block() -> None:
    key = new_wrapping_key(AT)
    rows = [sealed(key) for _ in range(20)]
    assert len({r.wrapped_key for r in rows}) == len({r.ciphertext[:12] for r in rows}) == 20
    short = hide("reason", "x", bytes(16))
    other = seal_field(key, STATEMENT, parse_base64url(short.digest), "reason", short.text)
    assert len(other.ciphertext) == len(rows[0].ciphertext)


def test_it_opens_in_its_place_alone() -> None:
    key, other = new_wrapping_key(AT), new_wrapping_key(AT)
    row = sealed(key)
    refused(other, STATEMENT, row)
    refused(key, b"\x02" * 32, row)
    refused(key, STATEMENT, replace(row, digest=b"\x03" * 32))
    refused(key, STATEMENT, replace(row, wrapped_key=sealed(key).wrapped_key))
    for n in range(0, len(row.ciphertext), 7):
        bent = bytearray(row.ciphertext)
        bent[n] ^= 1
        refused(key, STATEMENT, replace(row, ciphertext=bytes(bent)))
    for cut in (0, 11, 12, 27, len(row.ciphertext) - 1):
        refused(key, STATEMENT, replace(row, ciphertext=row.ciphertext[:cut]))


def test_a_text_that_is_not_the_digest_s_does_not_open() -> None:
    key = new_wrapping_key(AT)
    other = hide("reason", "another reason", bytes(16))
    refused(key, STATEMENT, seal_field(key, STATEMENT, DIGEST, "reason", other.text))


@pytest.mark.parametrize(
    ("at", "years", "until"),
    [
        (AT, 5, "2031-04-07T09:00:00.000000Z"),
        ("2024-02-29T23:59:59.999999Z", 5, "2029-03-01T23:59:59.999999Z"),
        ("2024-02-29T00:00:00.000000Z", 4, "2028-02-29T00:00:00.000000Z"),
        ("9990-01-01T00:00:00.000000Z", 100, "9999-01-01T00:00:00.000000Z"),
    ],
)
def test_retention_is_counted_in_calendar_years(at: str, years: int, until: str) -> None:
    assert retained_until(at, years) == until
