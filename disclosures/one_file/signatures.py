"""Signatures and keys: Ed25519, P-256, ML-DSA; weak points are refused."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from disclosures.one_file.tables import D, P


def add(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    """Two points of edwards25519 (RFC 8032 §5.1.4, affine)."""
    t = D * a[0] * b[0] * a[1] * b[1] % P
    return ((a[0] * b[1] + b[0] * a[1]) * pow(1 + t, -1, P) % P, (a[1] * b[1] + a[0] * b[0]) * pow(1 - t, -1, P) % P)


def sound(raw: bytes) -> bool:
    """A canonical point of the prime-order subgroup: with another, one signature may verify for many messages."""
    y, sign = int.from_bytes(raw, "little") & (2**255 - 1), raw[31] >> 7
    if y >= P:
        return False
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square or (x == 0 and sign):
        return False
    point, total, order = (x if x & 1 == sign else P - x, y), (0, 1), 2**252 + 27742317777372353535851937790883648493
    if y == 1:
        return False
    for bit in reversed(range(253)):
        total = add(total, total)
        total = add(total, point) if order >> bit & 1 else total
    return total == (0, 1)


def verified(spki: bytes, alg: str, message: bytes, signature: bytes) -> bool:
    """Whether a signature of an event key holds; strict DER and low S for P-256."""
    try:
        public = load_der_public_key(spki)
        if public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != spki:
            return False
        if (alg == "ed25519" and isinstance(public, ed25519.Ed25519PublicKey)) or (
            alg == "ml-dsa-65" and isinstance(public, mldsa.MLDSA65PublicKey)
        ):
            public.verify(signature, message)
        elif alg == "ecdsa-p256-sha256" and isinstance(public, ec.EllipticCurvePublicKey):
            r, s = decode_dss_signature(signature)
            half = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551 // 2
            if public.curve.name != "secp256r1" or s > half or encode_dss_signature(r, s) != signature:
                return False
            public.verify(signature, message, ec.ECDSA(SHA256()))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True
