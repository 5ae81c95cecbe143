"""One RFC 3161 token over a checkpoint: what it is of, who signed it, and when (spec/timestamp.md).

The library is an optional extra: whoever has it not proves nothing by tokens, and is told so. Only CA certificates that the
reader gives are trusted; those that a token carries serve to build the chain to one of them, at the token's own time.
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from auditor.timestamp import imprint
from ledger.checkpoint import Checkpoint
from ledger.errors import Malformed, Unverified

SHA256_OID: Final = "2.16.840.1.101.3.4.2.1"
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class MissingLibrary(Exception):
    """The optional package is not installed."""


def library() -> Any:
    """`rfc3161_client`, if it is there: it is loaded only where there is a token. Raises `MissingLibrary`."""
    try:
        return importlib.import_module("rfc3161_client")  # noqa: TID251  # one fixed name: an optional extra
    except ImportError as err:
        raise MissingLibrary from err


@dataclass(frozen=True, slots=True)
class Opened:
    """A token whose imprint is that of its checkpoint. `at`, `until`: its time, and its time plus accuracy (µs since 1970)."""

    response: Any
    signer: x509.Certificate
    issuers: frozenset[x509.Name]
    at: int
    until: int

    @property
    def authority(self) -> str:
        """Whose it says it is: hex SHA-256 of the name of its signer's issuer."""
        return sha256(self.signer.issuer.public_bytes()).hexdigest()


def load_authorities(raw: bytes) -> tuple[x509.Certificate, ...]:
    """CA certificates of a PEM file. Raises `Malformed` `certificate-form`."""
    try:
        return tuple(x509.load_pem_x509_certificates(raw))
    except ValueError:
        raise Malformed("certificate", "file", "certificate-form") from None


def open_token(raw: bytes, checkpoint: Checkpoint) -> Opened:
    """Read a response over this checkpoint; no signature is verified yet. Raises `Malformed`, `Unverified`, `MissingLibrary`."""
    tsp = library()
    try:
        response = tsp.decode_timestamp_response(raw)
        status, info, signed = response.status, response.tst_info if response.status == 0 else None, None
        if status == 0:
            signed = response.signed_data
            signers = list(signed.signer_infos)
            held = [x509.load_der_x509_certificate(c) for c in sorted(signed.certificates)]
    except ValueError:
        raise Malformed("timestamp", "response", "timestamp-form") from None
    if info is None:
        raise Unverified("timestamp", f"status {status}", "timestamp-status")
    if len(signers) != 1:
        raise Unverified("timestamp", f"{len(signers)} signers", "timestamp-signers")
    own = [c for c in held if (c.issuer, c.serial_number) == (signers[0].issuer, signers[0].serial_number)]
    if len(own) != 1:
        raise Unverified("timestamp", "the signer's certificate", "timestamp-signers")
    said = info.message_imprint
    if said.hash_algorithm.dotted_string != SHA256_OID or said.message != imprint(checkpoint):
        raise Unverified("timestamp", "imprint", "timestamp-imprint")
    at = (info.gen_time - EPOCH) // timedelta(microseconds=1)
    return Opened(response, own[0], frozenset(c.issuer for c in held), at, at + _accuracy(info.accuracy))


def _accuracy(said: Any) -> int:
    """Microseconds."""
    if said is None:
        return 0
    parts: tuple[int, int, int] = (said.seconds or 0, said.millis or 0, said.micros or 0)
    return parts[0] * 1_000_000 + parts[1] * 1000 + parts[2]


def check_signature(
    opened: Opened,
    authority: x509.Certificate,
    checkpoint: Checkpoint,
    between: Sequence[x509.Certificate] = (),
    nonce: int | None = None,
) -> None:
    """That the token holds under this CA alone, at its own time. Raises `Unverified`."""
    tsp = library()
    try:
        usage = opened.signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, ValueError):
        usage = None
    if usage is None or not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise Unverified("timestamp", "extended key usage", "timestamp-usage")
    builder = tsp.VerifierBuilder(roots=[authority], intermediates=list(between), nonce=nonce)
    try:
        builder.build().verify(opened.response, imprint(checkpoint))
    except (tsp.VerificationError, ValueError) as err:
        raise Unverified("timestamp", f"signature: {err}", "timestamp-signature") from None


def claimed(opened: Opened, authorities: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """The given CAs (self-issued) whose name issued one of the token's certificates, or of the given ones between."""
    names = set(opened.issuers)
    for between in between_of(authorities):
        if between.subject in names:
            names.add(between.issuer)
    return [a for a in authorities if a.subject in names and a.subject == a.issuer]


def between_of(authorities: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """The given certificates that are no anchor of their own, but may stand between a token's and one."""
    return [a for a in authorities if a.subject != a.issuer]
