"""COSE receipts: ours are read by scitt-cose, others' by us, the published vectors at the stage where each must fail."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import cbor2
import pytest
import scitt_cose
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from hypothesis import given as given_any
from hypothesis import strategies as st

from api.founding import ENGINE
from disclosures.cose_receipt import format_receipt, make, open_receipt
from ledger.errors import Fault, LedgerError, Malformed, Unverified
from ledger.keys import Signer
from ledger.tree import hash_children, hash_leaf, prove_inclusion, root_of
from tests.conftest import VECTORS, needs_vectors
from tests.disclosures.forger import told
from tests.disclosures.given import given, public_pem
from tests.simulator import signer

FOLDER = VECTORS / "cose_receipts" / "scitt-cose-0.5.0"
STATEMENTS = ["fail-tampered-path", "fail-unsupported-vds", "fail-zero-size-proof", "valid-eddsa", "valid-eddsa-multi-proof", "valid-es256"]  # fmt: skip
RECEIPTS = [
    "fail-attached-payload", "fail-attached-payload-root", "fail-eddsa-p256-key", "fail-es256-secp256k1-key", "fail-es384-p256-key",
    "fail-malformed-proof", "fail-malformed-tail-proof", "fail-tampered-grade", "fail-tampered-iat", "fail-unsupported-alg",
    "fail-wrong-log-key", "synthetic-eddsa-iat-grade", "synthetic-eddsa-iat-only", "synthetic-es256-iat-grade",
    "synthetic-es256-iat-grade-observed-only", "trace-sept7-witness",
]  # fmt: skip


def tree(leaves: list[bytes]) -> Any:
    def node(level: int, n: int) -> bytes:
        return hash_leaf(leaves[n]) if level == 0 else hash_children(node(level - 1, 2 * n), node(level - 1, 2 * n + 1))

    return node


def minted(index: int, size: int, by: Signer) -> tuple[bytes, bytes]:
    """A receipt of the leaf `index` of a tree of `size`, and the leaf."""
    leaves = [f"entry {n}".encode() for n in range(size)]
    node = tree(leaves)
    raw = format_receipt(
        (size, index, prove_inclusion(node, index, size)), root_of(size, node), by, {1: "dev/test", 2: "model/a"}
    )
    return raw, leaves[index]


@pytest.mark.parametrize("alg", ["ed25519", "ecdsa-p256-sha256"])
@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 2), (1, 2), (4, 7), (6, 7), (12, 13), (3, 16)])
def test_scitt_cose_reads_ours(alg: str, index: int, size: int) -> None:
    by = signer("cose", alg)
    raw, entry = minted(index, size, by)
    found = scitt_cose.verify_receipt(raw, leaf_entry_hex=entry.hex(), log_public_key_pem=public_pem(by))
    assert found.ok, found.errors
    assert (found.leaf_index, found.tree_size, found.issuer, found.subject) == (index, size, "dev/test", "model/a")
    ours = open_receipt(raw, entry, by.spki, by.alg)
    assert (ours.index, ours.size, ours.root.hex(), ours.claims) == (
        index,
        size,
        found.root,
        {1: "dev/test", 2: "model/a"},
    )
    other = scitt_cose.verify_receipt(raw, leaf_entry_hex=b"other".hex(), log_public_key_pem=public_pem(by))
    assert not other.ok


def test_we_read_those_of_scitt_cose() -> None:
    from cryptography.hazmat.primitives.serialization import NoEncryption, PrivateFormat

    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    entries = [bytes([n]) * 5 for n in range(9)]
    raw = scitt_cose.build_receipt(
        leaf_entry_hex=entries[5].hex(), leaf_index=5, tree_entries_hex=[e.hex() for e in entries], alg="EdDSA",
        log_private_key_pem=pem, iss="log", sub="thing", kid=b"k",
    )  # fmt: skip
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    found = open_receipt(raw, entries[5], spki, "ed25519")
    assert (found.index, found.size, found.root) == (5, 9, root_of(9, tree(entries)))
    with pytest.raises(Unverified):
        open_receipt(raw, entries[4], spki, "ed25519")


def stage(raw: bytes, entry: bytes, pem: bytes) -> str | None:
    """Where it fails: `structure`, `signature`, or nowhere."""
    public = load_pem_public_key(pem)
    alg = "ecdsa-p256-sha256" if isinstance(public, ec.EllipticCurvePublicKey) else "ed25519"
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    try:
        open_receipt(raw, entry, spki, alg)
    except LedgerError as err:
        return {"cose-form": "structure", "cose-signature": "signature"}[err.code]
    return None


def case(kind: str, name: str) -> tuple[dict[str, Any], bytes, Path]:
    folder = FOLDER / kind / name
    return json.loads((folder / "expected.json").read_text()), (folder / "log-key.pub").read_bytes(), folder


@needs_vectors
@pytest.mark.parametrize("name", RECEIPTS)
def test_the_published_receipts(name: str) -> None:
    wanted, pem, folder = case("receipt-v1", name)
    at = json.loads((FOLDER / "receipt-v1" / "failed-at.json").read_text())["failed_at"][name]
    assert stage((folder / "receipt.cose").read_bytes(), bytes.fromhex(wanted["leaf_entry_hex"]), pem) == at


@needs_vectors
@pytest.mark.parametrize("name", STATEMENTS)
def test_the_published_statements(name: str) -> None:
    """The entry of that log is the SHA-256 of the whole statement; one with another structure (vds) is not read."""
    wanted, pem, folder = case("v1", name)
    entry = sha256((folder / "statement.cose").read_bytes()).digest()
    assert entry.hex() == wanted["leaf_entry"]
    for path in sorted(folder.glob("receipt*.cose")):
        found = stage(path.read_bytes(), entry, pem)
        assert (found is None) == wanted["receipt_valid"], path.name


@needs_vectors
def test_every_published_case_is_run() -> None:
    listed = {p.name for p in (FOLDER / "receipt-v1").iterdir() if p.is_dir()}
    assert listed == set(RECEIPTS)
    others = {"fail-bad-statement-sig", "valid-ccf-vds2"}  # of the statement's own signature; of CCF's other tree
    assert {p.name for p in (FOLDER / "v1").iterdir() if p.is_dir()} - others == set(STATEMENTS)
    wanted, _, folder = case("v1", "valid-ccf-vds2")
    with pytest.raises(Malformed, match="cose-form"):
        open_receipt((folder / "receipt.cose").read_bytes(), bytes.fromhex(wanted["leaf_entry"]), b"", "ed25519")


def test_no_byte_of_it_is_free() -> None:
    by = signer("cose")
    raw, entry = minted(4, 7, by)
    for n in range(len(raw)):
        bent = bytearray(raw)
        bent[n] ^= 1
        with pytest.raises(LedgerError):
            open_receipt(bytes(bent), entry, by.spki, by.alg)
    for bad in (b"", raw[:-1], raw + b"\0", raw * 2, cbor2.dumps([1]), cbor2.dumps(cbor2.CBORTag(18, [b"", {}, None]))):
        with pytest.raises(Malformed, match="cose-form"):
            open_receipt(bad, entry, by.spki, by.alg)


def bent(raw: bytes, **change: Any) -> bytes:
    protected, unprotected, payload, signature = cbor2.loads(raw).value
    parts = {"protected": protected, "unprotected": unprotected, "payload": payload, "signature": signature, **change}
    return cbor2.dumps(
        cbor2.CBORTag(18, [parts["protected"], parts["unprotected"], parts["payload"], parts["signature"]])
    )


@pytest.mark.parametrize(
    "change",
    [
        {"payload": b"x" * 32}, {"unprotected": {}}, {"unprotected": {396: {}}}, {"unprotected": {396: {-1: []}}},
        {"unprotected": {396: {-1: [b"x"] * 17}}}, {"unprotected": {396: {-1: [cbor2.dumps([7, 4])]}}},
        {"unprotected": {396: {-1: [cbor2.dumps([7, True, []])]}}}, {"unprotected": {396: {-1: [cbor2.dumps([7, 4, [b"x"]])]}}},
        {"unprotected": {396: {-1: [cbor2.dumps([2**70, 4, []])]}}}, {"unprotected": {396: {-1: [[7, 4, []]]}}},
        {"protected": cbor2.dumps({1: -8})}, {"protected": cbor2.dumps({1: -8, 395: 2})}, {"protected": cbor2.dumps({1: -8, 395: True})},
        {"protected": cbor2.dumps({1: -8, 395: 1, 2: [99], 99: 1})}, {"protected": cbor2.dumps({1: -8, 395: 1, 2: []})},
        {"protected": b"\xa2\x01\x27\x01\x27"}, {"protected": b""}, {"signature": 5},
    ],
)  # fmt: skip
def test_forms_that_are_none(change: dict[str, Any]) -> None:
    by = signer("cose")
    raw, entry = minted(4, 7, by)
    assert bent(raw) == raw
    with pytest.raises(Malformed, match="cose-form"):
        open_receipt(bent(raw, **change), entry, by.spki, by.alg)


BOMBS = [
    b"\x81" * (1 << 20), b"\xd2" * (1 << 20), b"\x5b\x7f" + b"\xff" * 7, b"\x9b\x7f" + b"\xff" * 7, b"\xbb\x7f" + b"\xff" * 7,
    b"\x9b\0\0\0\0\x3f\xff\xff\xff", b"\x5b\0\0\0\0\x3f\xff\xff\xff", b"\xa1" * 100_000, b"\xd9\1\0" * 300_000, b"\xd8\x1c" * 400_000,
    b"\0" * ((1 << 20) + 1),
]  # fmt: skip


@pytest.mark.parametrize("bomb", range(len(BOMBS)))
def test_nesting_and_announced_lengths(bomb: int) -> None:
    by = signer("cose")
    with pytest.raises(Malformed, match="cose-form"):
        open_receipt(BOMBS[bomb], b"", by.spki, by.alg)


@given_any(st.binary(max_size=200))
def test_any_bytes(raw: bytes) -> None:
    by = signer("cose")
    with pytest.raises(LedgerError):
        open_receipt(raw, b"", by.spki, by.alg)


# -- of a bundle ----------------------------------------------------------------------------------------------------------


def test_of_a_bundle() -> None:
    what, engine = given(), told()[0].keys[ENGINE]
    parts = make(what)
    entry = what.files["data/events/44.json"]
    assert parts[".entry.json"] == entry
    found = scitt_cose.verify_receipt(parts[""], leaf_entry_hex=entry.hex(), log_public_key_pem=public_pem(engine))
    assert found.ok, found.errors
    assert (found.root, found.leaf_index) == (what.shown.checkpoint.root.hex(), 44)
    assert make(what) == parts


def test_who_may_not_sign_it() -> None:
    lab = told()[0]
    for by in (lab.keys["assessor"], signer("a stranger")):
        with pytest.raises(Fault, match="key-unfit"):
            make(replace(given(), signer=by))


@pytest.mark.parametrize(("less", "code"), [({"signer": None}, "flags-missing"), ({"entry": None}, "flags-missing"), ({"entry": 45}, "not-found"), ({"entry": 10**6}, "not-found")])  # fmt: skip
def test_what_it_asks_for(less: dict[str, Any], code: str) -> None:
    with pytest.raises(Fault, match=code):
        make(replace(given(), **less))
