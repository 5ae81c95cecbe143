"""Keys: three algorithms, named by the registered record alone, never by a message (formats.md §3, access.md §4, T12).

`ed25519` (RFC 8032) · `ecdsa-p256-sha256` (DER, low S in entries) · `ml-dsa-65` (FIPS 204 pure, empty context).
A key id is the lower-case hex SHA-256 of the DER SubjectPublicKeyInfo; it is a hint, uniqueness is by the raw key.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Literal, Protocol, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from ledger.errors import Fault, Malformed
from ledger.weak import is_sound

Alg: TypeAlias = Literal["ed25519", "ecdsa-p256-sha256", "ml-dsa-65"]
KeyId: TypeAlias = str
PublicKey: TypeAlias = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | mldsa.MLDSA65PublicKey
PrivateKey: TypeAlias = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | mldsa.MLDSA65PrivateKey
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ECDSA = ec.ECDSA(SHA256())


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A registered key: belongs to one principal for ever and has one `use` (event, engine or root)."""

    keyid: KeyId
    spki: bytes
    alg: str
    use: str
    principal: str
    not_before: str | None = None
    not_after: str | None = None


class Signer(Protocol):
    """Signs a message (PAE, or the text of a note). Back-ends live outside the pure rooms."""

    @property
    def keyid(self) -> KeyId:
        """Key id of the public key."""
        ...

    @property
    def alg(self) -> str:
        """One of `Alg`."""
        ...

    @property
    def spki(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        ...

    def sign(self, message: bytes) -> bytes:
        """A signature over `message`."""
        ...


def keyid_of(spki: bytes) -> KeyId:
    """Lower-case hex SHA-256 of the DER SubjectPublicKeyInfo."""
    return sha256(spki).hexdigest()


def _spki(public: PublicKey) -> bytes:
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def alg_of(public: object) -> Alg | None:
    if isinstance(public, ed25519.Ed25519PublicKey):
        return "ed25519"
    if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name == "secp256r1":
        return "ecdsa-p256-sha256"
    if isinstance(public, mldsa.MLDSA65PublicKey):
        return "ml-dsa-65"
    return None


@lru_cache(maxsize=65_536)
def load_public(spki: bytes, alg: str) -> PublicKey:
    """The public key of a record. Raises `Malformed`: not DER, not canonical, not of `alg`, or weak (T13)."""
    try:
        public = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        raise Malformed("key", "spki", "key-form") from None
    found = alg_of(public)
    if found is None or found != alg:
        raise Malformed("key", "spki", "key-algorithm")
    if _spki(public) != spki:  # type: ignore[arg-type]  # narrowed by alg_of
        raise Malformed("key", "spki", "key-not-canonical")
    if isinstance(public, ed25519.Ed25519PublicKey) and not is_sound(public.public_bytes_raw()):
        raise Malformed("key", "spki", "key-weak")
    return public  # type: ignore[return-value]  # narrowed by _alg_of


def raw_key(spki: bytes) -> bytes:
    """The bare public key: what uniqueness is decided by. P-256 as its uncompressed point."""
    try:
        public = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        raise Malformed("key", "spki", "key-form") from None
    if isinstance(public, ec.EllipticCurvePublicKey):
        return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    if isinstance(public, ed25519.Ed25519PublicKey | mldsa.MLDSA65PublicKey):
        return public.public_bytes_raw()
    raise Malformed("key", "spki", "key-algorithm")


def low_s(signature: bytes) -> bytes:
    """The door's normalisation of ECDSA: a high S becomes n−S. Half of all signers emit high S. Raises `Malformed`."""
    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        raise Malformed("signature", "sig", "signature-form") from None
    if not (0 < r < P256_ORDER and 0 < s < P256_ORDER):
        raise Malformed("signature", "sig", "signature-form")
    return encode_dss_signature(r, min(s, P256_ORDER - s))


def _is_low_s(signature: bytes) -> bool:
    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        return False
    return 0 < s <= P256_ORDER // 2 and encode_dss_signature(r, s) == signature


def verify(public: PublicKey, alg: str, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is one of `message` under the record's algorithm; strict DER and low S for P-256 (T14)."""
    try:
        if alg == "ed25519" and isinstance(public, ed25519.Ed25519PublicKey):
            public.verify(signature, message)
            return True
        if alg == "ecdsa-p256-sha256" and isinstance(public, ec.EllipticCurvePublicKey) and _is_low_s(signature):
            public.verify(signature, message, _ECDSA)
            return True
        if alg == "ml-dsa-65" and isinstance(public, mldsa.MLDSA65PublicKey):
            public.verify(signature, message)
            return True
    except InvalidSignature:
        return False
    return False


class SoftwareSigner:
    """A signer over a private key in memory. What it returns was verified first: a flipped bit must not reach the log."""

    def __init__(self, private: PrivateKey) -> None:
        public = private.public_key()
        alg = alg_of(public)
        if alg is None:
            raise Malformed("key", "private", "key-algorithm")
        self._private = private
        self._public: PublicKey = public
        self.alg: str = alg
        self.spki: bytes = _spki(public)
        self.keyid: KeyId = keyid_of(self.spki)

    def sign(self, message: bytes) -> bytes:
        """Sign and check. Raises `Fault` `signer-self-check`."""
        if isinstance(self._private, ec.EllipticCurvePrivateKey):
            signature = low_s(self._private.sign(message, _ECDSA))
        else:
            signature = self._private.sign(message)
        if not verify(self._public, self.alg, message, signature):
            raise Fault("signer-self-check", "failed", "the signer's answer does not verify", "replace the signer")
        return signature
