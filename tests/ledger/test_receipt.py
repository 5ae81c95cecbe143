"""ledger/receipt.py: tlog-proof, a real one from the checksum database, and every way to bend ours."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.checkpoint import Checkpoint, open_checkpoint, read_checkpoint, sign_checkpoint
from ledger.errors import Malformed, Unverified
from ledger.note import LogSigner, parse_vkey, verified_keys
from ledger.receipt import check_receipt, format_receipt, parse_receipt
from ledger.strict import format_base64
from ledger.tile import BatchProofs, Edge
from ledger.tree import check_inclusion, hash_leaf
from tests.conftest import VECTORS, needs_vectors

ORIGIN = "lab.example/holdpoint"
LOG = LogSigner(
    ORIGIN,
    ed25519.Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32),
    mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes([1]) * 32),
)
ENTRIES = [b"entry %d" % n for n in range(300)]
BATCH = BatchProofs(Edge(), [hash_leaf(e) for e in ENTRIES])
HEAD = Checkpoint(ORIGIN, 300, BATCH.edge.root())
NOTE = sign_checkpoint(HEAD, LOG, 1_775_552_400)


def receipt(index=137):
    return format_receipt(index, BATCH.proof(index), NOTE)


def test_a_receipt_is_the_text_of_tlog_proof():
    path = "".join(format_base64(h) + "\n" for h in BATCH.proof(137))
    assert receipt() == f"c2sp.org/tlog-proof@v1\nindex 137\n{path}\n{NOTE}"
    parsed = parse_receipt(receipt())
    assert (parsed.index, parsed.path, parsed.note) == (137, BATCH.proof(137), NOTE)


def test_the_first_entry_of_a_ledger_has_an_empty_path():
    one, _ = Edge().extend([hash_leaf(b"only")])
    note = sign_checkpoint(Checkpoint(ORIGIN, 1, one.root()), LOG, 1)
    text = format_receipt(0, [], note)
    assert text.startswith("c2sp.org/tlog-proof@v1\nindex 0\n\nlab.example/")
    assert check_receipt(text, b"only", LOG.vkeys, ORIGIN).size == 1


def test_every_entry_proves_and_no_other_does():
    for index in (0, 1, 137, 255, 256, 298, 299):
        assert check_receipt(receipt(index), ENTRIES[index], LOG.vkeys, ORIGIN) == HEAD
        for wrong in (ENTRIES[index - 1], b"", ENTRIES[index] + b"\n"):
            with pytest.raises(Unverified, match="root-mismatch"):
                check_receipt(receipt(index), wrong, LOG.vkeys, ORIGIN)


def test_a_receipt_binds_index_path_checkpoint_and_origin():
    text, entry = receipt(), ENTRIES[137]
    for other in (136, 138, 9, 299):
        with pytest.raises(Unverified):
            check_receipt(format_receipt(other, BATCH.proof(137), NOTE), entry, LOG.vkeys, ORIGIN)
    with pytest.raises(Malformed, match="index-range"):
        check_receipt(format_receipt(300, BATCH.proof(137), NOTE), entry, LOG.vkeys, ORIGIN)
    proof = BATCH.proof(137)
    for bent, rule in (
        (proof[:-1], "proof-too-short"), ([*proof, proof[0]], "proof-too-long"), (proof[::-1], "root-mismatch"),
        *[([*proof[:k], bytes(32), *proof[k + 1 :]], "root-mismatch") for k in range(len(proof))],
    ):  # fmt: skip
        with pytest.raises(Unverified, match=rule):
            check_receipt(format_receipt(137, bent, NOTE), entry, LOG.vkeys, ORIGIN)
    with pytest.raises(Unverified, match="origin-mismatch"):
        check_receipt(text, entry, LOG.vkeys, "lab.example/other")
    with pytest.raises(Unverified, match="checkpoint-unsigned"):
        check_receipt(text, entry, LOG.vkeys[:1], ORIGIN)
    with pytest.raises(Unverified, match="checkpoint-unsigned"):
        check_receipt(text, entry, (), ORIGIN)
    older = sign_checkpoint(Checkpoint(ORIGIN, 299, bytes(32)), LOG, 1)
    with pytest.raises(Unverified):
        check_receipt(format_receipt(137, proof, older), entry, LOG.vkeys, ORIGIN)


def test_no_byte_of_a_receipt_is_free():
    raw = receipt().encode()
    for at in (*range(700), *range(700, len(raw), 53), len(raw) - 1):
        bent = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        with pytest.raises((Malformed, Unverified)):
            check_receipt(bent.decode(errors="replace"), ENTRIES[137], LOG.vkeys, ORIGIN)


HASH = format_base64(bytes(32))


@pytest.mark.parametrize(
    ("head", "rule"),
    [
        ("", "receipt-form"),
        ("c2sp.org/tlog-proof@v2\nindex 1\n", "receipt-form"),
        ("c2sp.org/tlog-proof@v1\n", "receipt-form"),
        (" c2sp.org/tlog-proof@v1\nindex 1\n", "receipt-form"),
        ("c2sp.org/tlog-proof@v1\nextra AAAA\nindex 1\n", "receipt-extra"),
        ("c2sp.org/tlog-proof@v1\nindex\n", "receipt-form"),
        ("c2sp.org/tlog-proof@v1\nIndex 1\n", "receipt-form"),
        ("c2sp.org/tlog-proof@v1\nindex 01\n", "number-domain"),
        ("c2sp.org/tlog-proof@v1\nindex -1\n", "number-domain"),
        ("c2sp.org/tlog-proof@v1\nindex  1\n", "number-domain"),
        ("c2sp.org/tlog-proof@v1\nindex ٤\n", "number-domain"),
        (f"c2sp.org/tlog-proof@v1\nindex {2**63}\n", "number-domain"),
        (f"c2sp.org/tlog-proof@v1\nindex 1\n{format_base64(bytes(31))}\n", "receipt-path"),
        (f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH} \n", "base64-form"),
        (f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH[:-2]}B=\n", "base64-bits"),
        ("c2sp.org/tlog-proof@v1\nindex 1\n" + f"{HASH}\n" * 64, "receipt-path"),
    ],
)
def test_receipts_that_are_refused(head, rule):
    with pytest.raises(Malformed) as caught:
        parse_receipt(f"{head}\n{NOTE}")
    assert caught.value.code == rule


def test_a_receipt_without_a_well_formed_note_is_malformed():
    head = receipt().partition("\n\n")[0]
    for text in (head, head + "\n", head + "\n\n", head + "\n\nno note\n", receipt()[:-1], receipt() + "\n"):
        with pytest.raises(Malformed):
            parse_receipt(text)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=120),
        st.text(max_size=60).map(lambda t: f"c2sp.org/tlog-proof@v1\n{t}\n\n{NOTE}"),
        st.text(max_size=60).map(lambda t: f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH}\n\n{t}"),
    )
)
def test_any_text_is_a_receipt_or_malformed(text):
    try:
        parsed = parse_receipt(text)
    except Malformed:
        return
    assert format_receipt(parsed.index, parsed.path, parsed.note) == text


@needs_vectors
def test_a_real_proof_from_the_checksum_database():
    folder = VECTORS / "gosumdb-tlog-proof"
    text = (folder / "go.sum-database-tree-43930254.tlog-proof").read_text()
    entry = (folder / "go.sum-database-tree-43930254.raw").read_bytes()
    vkey = parse_vkey((folder / "sum.golang.org.vkey").read_text().removesuffix("\n"))
    parsed = parse_receipt(text)
    assert format_receipt(parsed.index, parsed.path, parsed.note) == text
    checkpoint, note = read_checkpoint(parsed.note)
    assert (parsed.index, checkpoint.size, checkpoint.origin) == (43_930_254, 58_253_265, "go.sum database tree")
    assert verified_keys(note, [vkey]) == (vkey,)
    check_inclusion(hash_leaf(entry), parsed.index, checkpoint.size, parsed.path, checkpoint.root)
    with pytest.raises(Unverified, match="root-mismatch"):
        check_inclusion(hash_leaf(entry[:-1]), parsed.index, checkpoint.size, parsed.path, checkpoint.root)
    # One classical signature by a key of another name is not what this project calls a checkpoint.
    with pytest.raises(Unverified, match="checkpoint-unsigned"):
        open_checkpoint(parsed.note, [vkey])
