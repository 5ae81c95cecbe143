"""Timestamp authorities of tests: one that says whatever it is told to, in DER written here, and one that OpenSSL runs.

Fictional, with throw-away keys that follow from their names.
"""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha1, sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from api.transport import Reply

BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2046, 1, 1, tzinfo=UTC)
STAMPING = (ExtendedKeyUsageOID.TIME_STAMPING,)
SIGNED_DATA, TST, SHA256, ECDSA = (
    "1.2.840.113549.1.7.2",
    "1.2.840.113549.1.9.16.1.4",
    "2.16.840.1.101.3.4.2.1",
    "1.2.840.10045.4.3.2",
)
CONTENT_TYPE, DIGEST, SIGNER_V2 = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4", "1.2.840.113549.1.9.16.2.47"
SHA1 = "1.3.14.3.2.26"


def tlv(tag: int, *parts: bytes) -> bytes:
    """A DER value."""
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def seq(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def integer(value: int) -> bytes:
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(text: str) -> bytes:
    first, second, *rest = map(int, text.split("."))
    out = bytearray([first * 40 + second])
    for arc in rest:
        out += bytes(
            [*(0x80 | (arc >> s) & 0x7F for s in range(7 * ((max(arc, 1).bit_length() - 1) // 7), 0, -7)), arc & 0x7F]
        )
    return tlv(0x06, bytes(out))


def octets(raw: bytes) -> bytes:
    return tlv(0x04, raw)


def alg(text: str) -> bytes:
    return seq(oid(text))


@lru_cache(maxsize=64)
def key_of(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(
        int.from_bytes(sha256(f"test-only {name}".encode()).digest()[:31], "big") + 1, ec.SECP256R1()
    )


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@lru_cache(maxsize=64)
def certificate(
    subject: str, issuer: str, *, ca: bool, begin: datetime = BEGIN, end: datetime = END,
    usages: tuple[x509.ObjectIdentifier, ...] = STAMPING, critical: bool = True, issuer_key: str | None = None,
) -> x509.Certificate:  # fmt: skip
    builder = x509.CertificateBuilder().subject_name(named(subject)).issuer_name(named(issuer)).not_valid_before(begin)
    builder = (
        builder.not_valid_after(end)
        .public_key(key_of(subject).public_key())
        .serial_number(int.from_bytes(sha256(subject.encode()).digest()[:8], "big"))
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    usage = x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False)
    builder = builder.add_extension(usage, critical=True)
    builder = builder.add_extension(
        x509.SubjectKeyIdentifier.from_public_key(key_of(subject).public_key()), critical=False
    )
    if not ca and usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(usages)), critical=critical)
    return builder.sign(key_of(issuer_key or issuer), hashes.SHA256())


@dataclass(frozen=True)
class Authority:
    """`name`: its CA is called `NAME CA (fictional)`. `cert`: its own certificate, where it is a bent one."""

    name: str
    cert: x509.Certificate | None = None

    @property
    def ca_name(self) -> str:
        return f"{self.name} CA (fictional)"

    @property
    def ca(self) -> x509.Certificate:
        return certificate(self.ca_name, self.ca_name, ca=True)

    @property
    def own(self) -> x509.Certificate:
        return self.cert or certificate(self.name, self.ca_name, ca=False)

    def token(
        self, digest: bytes, at: datetime, *, nonce: int | None = None, accuracy: int = 1, algorithm: str = SHA256, status: int = 0,
        signers: int = 1, carried: tuple[x509.Certificate, ...] | None = None, key: str | None = None, after: bytes | None = None,
        hollow: bool = False,
    ) -> bytes:  # fmt: skip
        """A TimeStampResp. `after`: the TSTInfo put in after signing; `hollow`: without any signer; `key`: another's key signs."""
        if status:
            return seq(seq(integer(status)))
        info = seq(
            integer(1), oid("1.2.3.4.1"), seq(alg(algorithm), octets(digest)), integer(7),
            tlv(0x18, at.strftime("%Y%m%d%H%M%SZ").encode()), seq(integer(accuracy)), *([integer(nonce)] if nonce else []),
        )  # fmt: skip
        own = self.own
        der = own.public_bytes(Encoding.DER)
        attributes = sorted(
            [
                seq(oid(CONTENT_TYPE), tlv(0x31, oid(TST))),
                seq(oid(DIGEST), tlv(0x31, octets(sha256(info).digest()))),
                seq(oid(SIGNER_V2), tlv(0x31, seq(seq(seq(octets(sha256(der).digest())))))),
            ]
        )
        signature = key_of(key or self.name).sign(tlv(0x31, *attributes), ec.ECDSA(hashes.SHA256()))
        who = seq(own.issuer.public_bytes(), integer(own.serial_number))
        signer = seq(integer(1), who, alg(SHA256), tlv(0xA0, *attributes), alg(ECDSA), octets(signature))
        second = seq(integer(1), who, alg(SHA256), tlv(0xA0, *attributes), alg(ECDSA), octets(signature[:-1] + b"\0"))
        certificates = sorted(c.public_bytes(Encoding.DER) for c in (carried if carried is not None else (own,)))
        data = seq(
            integer(3), tlv(0x31, alg(SHA256)), seq(oid(TST), tlv(0xA0, octets(after or info))), tlv(0xA0, *certificates),
            tlv(0x31, *sorted([] if hollow else [signer, second][:signers])),
        )  # fmt: skip
        return seq(seq(integer(0)), seq(oid(SIGNED_DATA), tlv(0xA0, data)))

    def info(self, digest: bytes, at: datetime) -> bytes:
        """A TSTInfo by itself."""
        return seq(
            integer(1), oid("1.2.3.4.1"), seq(alg(SHA256), octets(digest)), integer(7), tlv(0x18, at.strftime("%Y%m%d%H%M%SZ").encode()),
            seq(integer(1)),
        )  # fmt: skip


def sha1_of(raw: bytes) -> bytes:
    return sha1(raw).digest()


CONFIG = """[tsa]
default_tsa = here
[here]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""


class OpenSsl:
    """A transport to an authority that `openssl ts` runs."""

    def __init__(self, authority: Authority, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        (folder / "tsa.pem").write_bytes(authority.own.public_bytes(Encoding.PEM))
        (folder / "tsa.key").write_bytes(
            key_of(authority.name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        (folder / "ca.pem").write_bytes(authority.ca.public_bytes(Encoding.PEM))
        (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
        (folder / "serial").write_text("01\n")

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        assert (method, path, (headers or {})["content-type"]) == ("POST", "", "application/timestamp-query")
        (self._folder / "query").write_bytes(body or b"")
        names = ("query", "tsa.pem", "tsa.key", "tsa.cnf")
        query, signer, key, config = (str(self._folder / n) for n in names)
        words = ["openssl", "ts", "-reply", "-queryfile", query, "-signer", signer, "-inkey", key, "-config", config]
        done = subprocess.run(words, capture_output=True, check=True, timeout=30)
        return Reply(200, {"content-type": "application/timestamp-reply"}, done.stdout)

    def verify(self, token: bytes, digest: bytes) -> bool:
        """Whether `openssl ts -verify` takes a token, under this authority's CA."""
        (self._folder / "token").write_bytes(token)
        words = ["openssl", "ts", "-verify", "-digest", digest.hex(), "-in", str(self._folder / "token"), "-CAfile",
                 str(self._folder / "ca.pem")]  # fmt: skip
        return subprocess.run(words, capture_output=True, check=False, timeout=30).returncode == 0

    def close(self) -> None:
        """Nothing is open."""


def later(at: datetime, seconds: int) -> datetime:
    return at + timedelta(seconds=seconds)
