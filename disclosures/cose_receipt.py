"""A COSE receipt (RFC 9942) of one entry: its inclusion proof in the CBOR form that SCITT tools read (extra `report`).

`18([protected, {396: {-1: [bstr .cbor [size, index, [path]]]}}, nil, signature])`, protected `{1: alg, 4: key id, 15: {1: ledger,
2: stream}, 395: 1}`; the detached payload is the root, which a reader builds from the entry and the path (RFC 9162 SHA-256).

The log's key signs checkpoints and nothing else, so the signer is an engine key of the same ledger, alive at the checkpoint
(docs/adr/0030): the receipt says less than the tlog-proof in the bundle, and a witness has not seen it.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from disclosures.form import Given
from disclosures.partial import fold_shown
from disclosures.shown import Shown
from ledger.errors import Fault, LedgerError, Malformed, Unverified
from ledger.keys import P256_ORDER, Signer, load_public, verify
from ledger.receipt import parse_receipt
from ledger.tree import hash_leaf, inclusion_root
from ledger.trust import KeyLife, key_refusal, live_grant

SIGN1: Final = 18
ALG, CRIT, KID, CLAIMS, VDS, VDP, INCLUSION = 1, 2, 4, 15, 395, 396, -1
RFC9162_SHA256: Final = 1
ISSUER, SUBJECT = 1, 2
ALGORITHMS: Final = {"ed25519": -8, "ecdsa-p256-sha256": -7}
UNDERSTOOD = frozenset({ALG, CRIT, KID, CLAIMS, VDS})
HALF = 32
"""Bytes of r and of s in ES256."""
MAX_RECEIPT, MAX_PROOFS = 1 << 20, 16


@dataclass(frozen=True, slots=True)
class Included:
    """What a receipt proves: the entry is at `index` of the tree of `size` with `root`. `claims` as the signer states them."""

    index: int
    size: int
    root: bytes
    claims: Mapping[int, Any]


def make(given: Given) -> dict[str, bytes]:
    """The receipt of the entry asked for, and beside it the entry: what the receipt is over.

    Raises `Fault`: `flags-missing`, `not-found` where the entry is not shown, `key-unfit`, `extra-missing`.
    """
    signer = given.needed_signer()
    if given.entry is None:
        raise Fault("flags-missing", "failed", "a receipt is of one entry", "name its index: --entry 12")
    one = given.shown.by_index.get(given.entry)
    if one is None:
        raise Fault("not-found", "failed", f"the bundle does not show entry {given.entry}", "see data/events/ in it")
    _fit(given.shown, signer)
    path = parse_receipt(given.shown.proofs[one.index].decode()).path
    head = given.shown.checkpoint
    claims = {ISSUER: head.origin, SUBJECT: one.stream}
    proof = (head.size, one.index, list(path))
    return {"": format_receipt(proof, head.root, signer, claims), ".entry.json": one.raw}


def _fit(shown: Shown, signer: Signer) -> None:
    """The signer is an engine key of this ledger, alive at the checkpoint, of an algorithm that the form has."""
    at, state = shown.claims.as_of.time, fold_shown(shown).state
    life: KeyLife | None = state.get("key", signer.keyid)
    refusal = key_refusal(life, signer.keyid, at, use="engine")
    if refusal is not None or life is None or live_grant(state, life.record.principal, "engine", at) is None:
        detail = (
            f"it is no engine key of this ledger: {refusal.detail}"
            if refusal is not None
            else "it holds no role engine"
        )
        raise Fault(
            "key-unfit", "failed", detail, "take keys/engine.pem of the ledger, or ask its keeper for the receipt"
        )
    if signer.alg not in ALGORITHMS:
        raise Fault(
            "key-unfit", "failed", f"a COSE receipt can't be signed with {signer.alg} here", "take ed25519 or P-256"
        )


def format_receipt(
    proof: tuple[int, int, list[bytes]], root: bytes, signer: Signer, claims: Mapping[int, str]
) -> bytes:
    """The receipt over (size, index, path) with `root`. Deterministic but for the signature of P-256."""
    cbor = _cbor()
    protected = cbor.dumps(
        {ALG: ALGORITHMS[signer.alg], KID: bytes.fromhex(signer.keyid), CLAIMS: dict(claims), VDS: RFC9162_SHA256},
        canonical=True,
    )
    signature = signer.sign(_signed(cbor, protected, root))
    if signer.alg == "ecdsa-p256-sha256":
        r, s = decode_dss_signature(signature)
        signature = r.to_bytes(HALF) + s.to_bytes(HALF)
    body = [protected, {VDP: {INCLUSION: [cbor.dumps(list(proof), canonical=True)]}}, None, signature]
    raw: bytes = cbor.dumps(cbor.CBORTag(SIGN1, body), canonical=True)
    return raw


def open_receipt(raw: bytes, entry: bytes, spki: bytes, alg: str) -> Included:
    """What a receipt, ours or another log's, proves of `entry` under a key that the reader brings.

    Raises `Malformed` (`cose-form`, a proof's own code), `Unverified` (`cose-signature`): in this order, as RFC 9942 §4.4.
    """
    cbor = _cbor()
    protected, headers, unprotected, signature = _parts(cbor, raw)
    if headers.get(VDS) != RFC9162_SHA256 or isinstance(headers.get(VDS), bool):
        raise _no("vds")
    _check_critical(headers)
    found = [_proof(cbor, one) for one in _proofs(unprotected)]
    roots = []
    for size, index, path in found:
        try:
            roots.append((size, index, inclusion_root(hash_leaf(entry), index, size, path)))
        except LedgerError as err:
            raise _no("proof") from err
    if headers.get(ALG) != ALGORITHMS.get(alg):
        raise Unverified("cose", "alg", "cose-signature")
    signed_form = _der(signature) if alg == "ecdsa-p256-sha256" else signature
    try:
        public = load_public(spki, alg)
    except Malformed as err:
        raise Unverified("cose", "key", "cose-signature") from err
    claims = headers.get(CLAIMS)
    for size, index, root in roots:
        if verify(public, alg, _signed(cbor, protected, root), signed_form):
            return Included(index, size, root, claims if isinstance(claims, Mapping) else {})
    raise Unverified("cose", "signature", "cose-signature")


def key_id(raw: bytes) -> str | None:
    """The key that a receipt names, hex; nothing of it is believed. Raises `Malformed` `cose-form`."""
    named = _parts(_cbor(), raw)[1].get(KID)
    return named.hex() if isinstance(named, bytes) else None


def _signed(cbor: Any, protected: bytes, root: bytes) -> bytes:
    """`Sig_structure` of RFC 9052 §4.4."""
    raw: bytes = cbor.dumps(["Signature1", protected, b"", root], canonical=True)
    return raw


def _parts(cbor: Any, raw: bytes) -> tuple[bytes, Mapping[Any, Any], Mapping[Any, Any], bytes]:
    if len(raw) > MAX_RECEIPT:
        raise _no("size")
    outer = _read(cbor, raw)
    value = outer.value if isinstance(outer, cbor.CBORTag) and outer.tag == SIGN1 else None
    if not isinstance(value, list | tuple) or len(value) != 4:
        raise _no("sign1")
    protected, unprotected, payload, signature = value
    if payload is not None:
        raise _no("attached")
    if not isinstance(protected, bytes) or not isinstance(signature, bytes) or not isinstance(unprotected, Mapping):
        raise _no("sign1")
    headers = _read(cbor, protected)
    if not isinstance(headers, Mapping):
        raise _no("protected")
    return protected, headers, unprotected, signature


def _read(cbor: Any, raw: bytes) -> Any:
    """A CBOR item; one that its encoder would write in another length is refused: a key twice, bytes behind it, a long form."""
    try:
        stream = io.BytesIO(raw)
        value = cbor.CBORDecoder(stream).decode()
        again = cbor.dumps(value)
    except Exception as err:  # whatever a decoder of another's raises for bad bytes: they are not the format
        raise _no("cbor") from err
    if stream.read(1) or len(again) != len(raw):
        raise _no("cbor")
    return value


def _check_critical(headers: Mapping[Any, Any]) -> None:
    if CRIT in headers:
        crit = headers[CRIT]
        if not isinstance(crit, list | tuple) or not crit or any(c not in headers or c not in UNDERSTOOD for c in crit):
            raise _no("crit")


def _proofs(unprotected: Mapping[Any, Any]) -> list[bytes] | tuple[bytes, ...]:
    vdp = unprotected.get(VDP)
    proofs = vdp.get(INCLUSION) if isinstance(vdp, Mapping) else None
    if not isinstance(proofs, list | tuple) or not 0 < len(proofs) <= MAX_PROOFS:
        raise _no("vdp")
    return proofs


def _proof(cbor: Any, blob: object) -> tuple[int, int, list[bytes]]:
    value = _read(cbor, blob) if isinstance(blob, bytes) else None
    if not isinstance(value, list | tuple) or len(value) != 3:
        raise _no("proof")
    size, index, path = value
    if type(size) is not int or type(index) is not int or not isinstance(path, list | tuple):
        raise _no("proof")
    if not all(isinstance(node, bytes) for node in path):
        raise _no("proof")
    return size, index, list(path)


def _der(signature: bytes) -> bytes:
    if len(signature) != 2 * HALF:
        raise Unverified("cose", "signature", "cose-signature")
    s = int.from_bytes(signature[HALF:])  # COSE knows no low S; both are signatures by the key
    return encode_dss_signature(int.from_bytes(signature[:HALF]), min(s, P256_ORDER - s) if s < P256_ORDER else s)


def _no(place: str) -> Malformed:
    return Malformed("cose", place, "cose-form")


def _cbor() -> Any:
    try:
        import cbor2  # noqa: PLC0415  # an extra: everything else works without it
    except ImportError as err:
        raise Fault(
            "extra-missing", "failed", "COSE is written in CBOR by cbor2, which is not installed",
            "pip install 'holdpoint[report]'",
        ) from err  # fmt: skip
    return cbor2
