"""DSSE envelopes (DSSE v1.0.2; formats.md §3). The wrapper is unsigned, so it is normalised; the payload never is.

Normal form: RFC 8785 of `{payload, payloadType, signatures: [{keyid, sig}] ascending by keyid}`, no other member. An
event's identity is its statement digest, SHA-256(PAE): a second signature is never a second event.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from ledger.canonical import decode_canonical, encode, loads
from ledger.errors import Malformed
from ledger.fields import Closed, Hex32
from ledger.keys import KeyId, Signer
from ledger.strict import parse_base64, parse_base64url, parse_hex

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
MAX_ENVELOPE = 65_280
MAX_SIGNATURES = 24
_PREFIX = f"DSSEv1 {len(PAYLOAD_TYPE)} {PAYLOAD_TYPE} ".encode()


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature; `keyid` is lower-case hex, `sig` raw bytes (DER for P-256)."""

    keyid: KeyId
    sig: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """Payload bytes as signed, and signatures ascending by key id. `normal`: its normal form, where that was read."""

    payload: bytes
    signatures: tuple[Signature, ...]
    normal: bytes | None = field(default=None, compare=False, repr=False)


class _SignatureForm(Closed, frozen=True):
    keyid: Hex32
    sig: Annotated[str, Meta(min_length=4, max_length=8192)]


class _EnvelopeForm(Closed, frozen=True):
    payload: Annotated[str, Meta(min_length=4, max_length=MAX_ENVELOPE)]
    payloadType: Literal["application/vnd.in-toto+json"]  # noqa: N815  # the member's name in DSSE
    signatures: Annotated[tuple[_SignatureForm, ...], Meta(min_length=1, max_length=MAX_SIGNATURES)]


class _NormalSignature(Closed, frozen=True):
    keyid: Hex32
    sig: Annotated[bytes, Meta(min_length=1, max_length=6144)]


class _NormalForm(Closed, frozen=True):
    """The normal form as msgspec writes it: `bytes` members are standard base64 with padding, names stand in order."""

    payload: Annotated[bytes, Meta(min_length=1)]
    payloadType: Literal["application/vnd.in-toto+json"]  # noqa: N815  # as above
    signatures: Annotated[tuple[_NormalSignature, ...], Meta(min_length=1, max_length=MAX_SIGNATURES)]


_normal = msgspec.json.Decoder(_NormalForm)


def pae(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """Pre-authentication encoding; lengths count bytes."""
    if payload_type == PAYLOAD_TYPE:
        return _PREFIX + b"%d " % len(payload) + payload
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d " % (len(kind), kind, len(payload)) + payload


def statement_digest(payload: bytes) -> str:
    """SHA-256(PAE) in hex: the event's identity."""
    return sha256(pae(payload)).hexdigest()


def _order(signatures: Sequence[Signature]) -> tuple[Signature, ...]:
    ordered = tuple(sorted(signatures, key=lambda s: s.keyid))
    if len({s.keyid for s in ordered}) != len(ordered):
        raise Malformed("envelope", "signatures", "duplicate-signer")
    return ordered


def read_envelope(raw: bytes) -> Envelope:
    """Read any valid DSSE envelope: either base64 alphabet, any member order, extra members dropped. Strict JSON."""
    return envelope_of(loads(raw, max_bytes=2 * MAX_ENVELOPE))


def envelope_of(value: Any) -> Envelope:
    """As `read_envelope`, from an object that the strict reader returned."""
    if not isinstance(value, dict):
        raise Malformed("envelope", "$", "schema")
    kind, payload, signatures = value.get("payloadType"), value.get("payload"), value.get("signatures")
    if kind != PAYLOAD_TYPE:
        raise Malformed("envelope", "payloadType", "payload-type")
    if not isinstance(payload, str) or not isinstance(signatures, list) or not payload:
        raise Malformed("envelope", "$", "schema")
    if not 1 <= len(signatures) <= MAX_SIGNATURES:
        raise Malformed("envelope", "signatures", "no-signatures" if not signatures else "too-many-signatures")
    envelope = Envelope(_any_base64(payload), _order([_signature(s) for s in signatures]))
    if len(format_envelope(envelope)) > MAX_ENVELOPE:
        raise Malformed("envelope", "$", "too-large")
    return envelope


def _signature(value: Any) -> Signature:
    if not isinstance(value, dict) or not isinstance(value.get("sig"), str) or not isinstance(value.get("keyid"), str):
        raise Malformed("envelope", "signatures", "schema")
    sig = _any_base64(value["sig"])
    if not sig:
        raise Malformed("envelope", "signatures", "signature-form")
    return Signature(parse_hex(value["keyid"], 32), sig)


def _any_base64(text: str) -> bytes:
    """Either alphabet, with the padding of RFC 4648 or with none; never a third way to write the same bytes."""
    if "-" in text or "_" in text:
        padded = len(text) % 4 == 0 and not text.endswith("===")
        return parse_base64url(text.rstrip("=") if padded else text)
    return parse_base64(text + "=" * (-len(text) % 4) if "=" not in text else text)


def format_envelope(envelope: Envelope) -> bytes:
    """The normal form."""
    if envelope.normal is not None:
        return envelope.normal
    signatures = tuple(_NormalSignature(keyid=s.keyid, sig=s.sig) for s in envelope.signatures)
    return encode(_NormalForm(payload=envelope.payload, payloadType=PAYLOAD_TYPE, signatures=signatures))


def parse_normal(raw: bytes) -> Envelope | None:
    """As `parse_envelope`, but `None` for whatever is not the normal form: decoded, written again, the bytes compared."""
    try:
        form = _normal.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if len(raw) > MAX_ENVELOPE or encode(form) != raw:
        return None
    signatures = tuple(Signature(s.keyid, s.sig) for s in form.signatures)
    if any(one.keyid >= two.keyid for one, two in pairwise(signatures)):
        return None
    return Envelope(form.payload, signatures, raw)


def parse_envelope(raw: bytes) -> Envelope:
    """Read the normal form, and nothing else."""
    envelope = parse_normal(raw)
    if envelope is not None:
        return envelope
    form = decode_canonical(raw, _EnvelopeForm, max_bytes=MAX_ENVELOPE)
    signatures = tuple(Signature(s.keyid, parse_base64(s.sig)) for s in form.signatures)
    if signatures != _order(signatures):
        raise Malformed("envelope", "signatures", "not-canonical")
    return Envelope(parse_base64(form.payload), signatures)


def sign_envelope(payload: bytes, signers: Sequence[Signer]) -> Envelope:
    """Sign PAE(payload) by each signer."""
    message = pae(payload)
    return Envelope(payload, _order([Signature(s.keyid, s.sign(message)) for s in signers]))
