"""The curve's arithmetic against the library's keys, the group law, and the definition: prime order, not the identity, canonical."""

from hashlib import sha256, sha512

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.weak import IDENTITY, SQRT_M1, D, L, P, Point, _add, _decode, _is_identity, _times, is_sound
from tests.threats.test_t13_weak_key import NO_POINT, SMALL, encode

BASE = bytes.fromhex("58" + "66" * 31)


def point(raw: bytes) -> Point:
    found = _decode(raw)
    assert found is not None
    return found


def public(scalar: int) -> bytes:
    """scalar·B by our arithmetic."""
    return bytes.fromhex(encode(_times(scalar, point(BASE))))


def test_constants() -> None:
    assert (121666 * D + 121665) % P == 0
    assert (SQRT_M1 * SQRT_M1 + 1) % P == 0
    assert pow(2, P - 1, P) == 1
    assert _is_identity(_times(L, point(BASE)))


@given(st.binary(min_size=32, max_size=32))
@settings(max_examples=15, deadline=None)
def test_public_keys_of_the_library_are_ours(seed: bytes) -> None:
    """RFC 8032 §5.1.5: the clamped scalar times the base point."""
    digest = bytearray(sha512(seed).digest()[:32])
    digest[0] &= 248
    digest[31] = digest[31] & 63 | 64
    library = ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    assert public(int.from_bytes(digest, "little")) == library
    assert is_sound(library)


@given(st.integers(1, L - 1), st.integers(1, L - 1))
@settings(max_examples=10, deadline=None)
def test_group_law(a: int, b: int) -> None:
    one, two = _times(a, point(BASE)), _times(b, point(BASE))
    assert encode(_add(one, two)) == encode(_add(two, one)) == encode(_times((a + b) % L, point(BASE)))
    assert encode(_add(one, IDENTITY)) == encode(one)
    assert point(bytes.fromhex(encode(one)))[:2] == tuple(c * pow(one[2], P - 2, P) % P for c in one[:2])


@given(st.binary(min_size=32, max_size=32))
@settings(max_examples=40, deadline=None)
def test_sound_means_prime_order(raw: bytes) -> None:
    """Any 32 bytes: about half are a point, one in eight of those is in the subgroup, and only these pass."""
    found = _decode(raw)
    if found is None:
        assert not is_sound(raw)
        return
    assert encode(found) == raw.hex(), "what decodes is the one encoding"
    x, y = found[0], found[1]
    assert (-x * x + y * y - 1 - D * x * x * y * y) % P == 0, "it lies on the curve"
    prime = _is_identity(_times(L, found)) and not _is_identity(found)
    assert is_sound(raw) == prime


@pytest.mark.parametrize("n", range(14))
def test_small_order(n: int) -> None:
    raw = bytes.fromhex(SMALL[n])
    assert not is_sound(raw)
    found = _decode(raw)
    if found is not None:
        assert _is_identity(_times(8, found))


@pytest.mark.parametrize("raw", [b"", b"\1" * 31, b"\1" * 33, *(bytes.fromhex(r) for r in NO_POINT)])
def test_no_point(raw: bytes) -> None:
    assert not is_sound(raw)


def test_multiples_of_the_base_are_sound() -> None:
    for n in (1, 2, 3, L - 1, int.from_bytes(sha256(b"n").digest(), "big") % L):
        assert is_sound(public(n))
