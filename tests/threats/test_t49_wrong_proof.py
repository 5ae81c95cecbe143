"""T49: entry, leaf, index, path, checkpoint and origin of a proof are all bound, and nothing that it carries goes unused."""

import pytest

from auditor.proof import check_checkpoint, check_proof, parse_proof
from auditor.verdict import VerifyVerdict as V
from auditor.witness_policy import parse_policy
from ledger.checkpoint import Checkpoint, read_checkpoint, sign_checkpoint
from ledger.note import Note, Vkey, format_note, parse_note, parse_vkey
from ledger.receipt import format_receipt
from ledger.strict import format_base64
from ledger.tree import hash_leaf, prove_inclusion
from tests.auditor.test_proof import HOLDS, INDEX, KEYS, LAB, LINES, PROOF, VECTORS, node, verdicts
from tests.cosigner import cosigned, policy, witness_line
from tests.simulator import Lab, log_signer

SIZE = len(LAB.entries)
ROOT = read_checkpoint(LAB.note())[0].root
HEAD, NOTE = PROOF.split("\n\n", 1)
THIEF = log_signer("thief", LAB.origin)


def other(n: int) -> str:
    return format_receipt(n, prove_inclusion(node, n, SIZE), LAB.note())


def only(*keep: int) -> str:
    parsed = parse_note(NOTE)
    return f"{HEAD}\n\n{format_note(Note(parsed.text, tuple(parsed.signatures[i] for i in keep)))}"


def flipped(line: int, at: int) -> str:
    """A character of a signature's base64 replaced."""
    lines = PROOF.split("\n")
    text = lines[line]
    lines[line] = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
    return "\n".join(lines)


def thief_s(size: int, root: bytes) -> str:
    return f"{HEAD}\n\n{sign_checkpoint(Checkpoint(LAB.origin, size, root), THIEF, 1_780_000_000)}"


WRONG: dict[str, tuple[str, str, str]] = {
    "another entry's proof": (other(6), "INVALID", "root-mismatch"),
    "an index beside it": (PROOF.replace(f"index {INDEX}", f"index {INDEX + 1}"), "INVALID", "root-mismatch"),
    "an index beyond the tree": (PROOF.replace(f"index {INDEX}", "index 4000"), "INVALID", "index-range"),
    "an index with a zero in front": (PROOF.replace(f"index {INDEX}", f"index 0{INDEX}"), "INVALID", "number-domain"),
    "a negative index": (PROOF.replace(f"index {INDEX}", "index -5"), "INVALID", "number-domain"),
    "no index": (PROOF.replace(f"index {INDEX}\n", ""), "INVALID", "receipt-form"),
    "an index twice": (PROOF.replace(f"index {INDEX}\n", f"index {INDEX}\nindex {INDEX}\n"), "INVALID", "base64-form"),
    "a hash too few": ("\n".join(LINES[:2] + LINES[3:]), "INVALID", "proof-too-short"),
    "a hash too many": ("\n".join(LINES[:3] + LINES[2:]), "INVALID", "proof-too-long"),
    "two hashes swapped": ("\n".join([*LINES[:2], LINES[3], LINES[2], *LINES[4:]]), "INVALID", "root-mismatch"),
    "a hash that is not base64": ("\n".join([*LINES[:2], "!" + LINES[2][1:], *LINES[3:]]), "INVALID", "base64-form"),
    "a hash of 31 bytes": ("\n".join([*LINES[:2], "A" * 40 + "AA==", *LINES[3:]]), "INVALID", "receipt-path"),
    "a hash without padding": ("\n".join([*LINES[:2], LINES[2].rstrip("="), *LINES[3:]]), "INVALID", "base64-form"),
    "another header": (PROOF.replace("@v1", "@v2"), "INVALID", "receipt-form"),
    "no header": ("\n".join(LINES[1:]), "INVALID", "receipt-form"),
    "extra after the index": (
        PROOF.replace(f"index {INDEX}\n", f"index {INDEX}\nextra YQ==\n"),
        "INVALID",
        "base64-form",
    ),
    "extra twice": (PROOF.replace("\n", "\nextra YQ==\nextra YQ==\n", 1), "INVALID", "receipt-extra"),
    "extra that is not base64": (PROOF.replace("\n", "\nextra ?\n", 1), "INVALID", "base64-form"),
    "carriage returns": (PROOF.replace("\n", "\r\n"), "INVALID", "receipt-form"),
    "no blank line": (PROOF.replace("\n\n", "\n", 1), "INVALID", "base64-form"),
    "no checkpoint": (PROOF.split("\n\n")[0] + "\n\n", "INVALID", "note-form"),
    "nothing": ("", "INVALID", "receipt-form"),
    "another size": (
        PROOF.replace(f"\n{len(LAB.entries)}\n", f"\n{len(LAB.entries) - 1}\n"),
        "INVALID",
        "note-signature-invalid",
    ),
    "size 0": (PROOF.replace(f"\n{len(LAB.entries)}\n", "\n0\n"), "ERROR", "checkpoint-head"),
    "another origin": (
        PROOF.replace("\n\ndev/simulated\n", "\n\ndev/simulatec\n"),
        "INVALID",
        "note-signature-invalid",
    ),
    "an extension line": (PROOF.replace("\n\n\u2014", "\nmore\n\n\u2014", 1), "ERROR", "checkpoint-lines"),
    "the ML-DSA-44 signature stripped": (only(0), "UNANCHORED", "checkpoint-unsigned"),
    "the Ed25519 signature stripped": (only(1), "UNANCHORED", "checkpoint-unsigned"),
    "no signature": (PROOF.split("\n\u2014")[0] + "\n", "INVALID", "note-form"),
    "a signature cut short": (PROOF[:-8] + "\n", "INVALID", "base64-form"),
    "something behind": (PROOF + "x", "INVALID", "note-form"),
    "an older checkpoint under it": (PROOF.split("\n\n")[0] + "\n\n" + LAB.note(20), "INVALID", "proof-too-long"),
    "another log's checkpoint": (
        PROOF.split("\n\n")[0] + "\n\n" + Lab(name="another").note(),
        "UNANCHORED",
        "checkpoint-unsigned",
    ),
    "the path of a leaf as the root": (
        PROOF.replace(LINES[2], LINES[-4]) if len(LINES) > 4 else PROOF + "x",
        "ERROR",
        "checkpoint-lines",
    ),
    "a hash of 33 bytes": ("\n".join([*LINES[:2], format_base64(bytes(33)), *LINES[3:]]), "INVALID", "receipt-path"),
    "an empty hash line": ("\n".join([*LINES[:2], "", *LINES[2:]]), "ERROR", "checkpoint-lines"),
    "a hash with a space behind": (PROOF.replace(LINES[2], LINES[2] + " "), "INVALID", "base64-form"),
    "a hash in the URL-safe alphabet": (PROOF.replace(LINES[2], "-" + LINES[2][1:]), "INVALID", "base64-form"),
    "last bits of a hash that say nothing": (
        PROOF.replace(LINES[2], LINES[2][:-2] + chr(ord(LINES[2][-2]) + 1) + "="),
        "INVALID",
        "base64-bits",
    ),
    "more hashes than any tree is deep": (
        PROOF.replace(LINES[2], "\n".join([LINES[2]] * 64)),
        "INVALID",
        "receipt-path",
    ),
    "the whole path reversed": (
        "\n".join([*LINES[:2], *HEAD.split("\n")[:1:-1], "", NOTE]),
        "INVALID",
        "root-mismatch",
    ),
    "no path at all": ("\n".join([*LINES[:2], "", NOTE]), "INVALID", "proof-too-short"),
    "the leaf itself as its sibling": (
        PROOF.replace(LINES[2], format_base64(hash_leaf(LAB.entries[INDEX]))),
        "INVALID",
        "root-mismatch",
    ),
    "the root as a sibling": (PROOF.replace(LINES[2], format_base64(ROOT)), "INVALID", "root-mismatch"),
    "the sibling's index, this path": (
        PROOF.replace(f"index {INDEX}", f"index {INDEX ^ 1}"),
        "INVALID",
        "root-mismatch",
    ),
    "an index beyond 63 bits": (PROOF.replace(f"index {INDEX}", f"index {1 << 63}"), "INVALID", "number-domain"),
    "an index in hexadecimal": (PROOF.replace(f"index {INDEX}", f"index 0x{INDEX}"), "INVALID", "number-domain"),
    "an index with a plus": (PROOF.replace(f"index {INDEX}", f"index +{INDEX}"), "INVALID", "number-domain"),
    "an index in other digits": (PROOF.replace(f"index {INDEX}", "index \u0665"), "INVALID", "number-domain"),
    "an index with an underscore": (PROOF.replace(f"index {INDEX}", "index 0_5"), "INVALID", "number-domain"),
    "an index with a blank behind": (PROOF.replace(f"index {INDEX}", f"index {INDEX} "), "INVALID", "number-domain"),
    "a blank line in front": ("\n" + PROOF, "INVALID", "receipt-form"),
    "a byte order mark in front": ("\ufeff" + PROOF, "INVALID", "receipt-form"),
    "a NUL in the origin": (PROOF.replace("\n\ndev/", "\n\nde\0v/"), "INVALID", "note-control"),
    "a root in the checkpoint that fits nothing": (
        PROOF.replace(format_base64(ROOT), format_base64(bytes(32))),
        "INVALID",
        "note-signature-invalid",
    ),
    "a root of 31 bytes": (PROOF.replace(format_base64(ROOT), format_base64(bytes(31))), "INVALID", "checkpoint-head"),
    "a bent Ed25519 signature": (flipped(-3, -20), "INVALID", "note-signature-invalid"),
    "a bent ML-DSA-44 signature": (flipped(-2, -20), "INVALID", "note-signature-invalid"),
    "a bent signed time": (flipped(-2, len(LAB.origin) + 12), "INVALID", "note-signature-invalid"),
    "a thief's signature over the true tree": (thief_s(SIZE, ROOT), "UNANCHORED", "checkpoint-unsigned"),
    "a thief's signature over his own tree": (
        thief_s(1, hash_leaf(LAB.entries[INDEX])),
        "UNANCHORED",
        "checkpoint-unsigned",
    ),
    "the signatures of a smaller tree": (
        f"{HEAD}\n\n{NOTE.split(chr(8212), 1)[0]}\u2014{LAB.note(20).split(chr(8212), 1)[1]}",
        "INVALID",
        "note-signature-invalid",
    ),
    "two checkpoints": (PROOF + "\n" + NOTE, "ERROR", "checkpoint-lines"),
    "the checkpoint's text twice": (f"{HEAD}\n\n{NOTE.split(chr(8212), 1)[0]}{NOTE}", "ERROR", "checkpoint-lines"),
}


@pytest.mark.parametrize("name", WRONG)
def test_attack_a_wrong_proof_is_named(name: str) -> None:
    text, verdict, code = WRONG[name]
    assert text != PROOF
    first = next(found for found in verdicts(text) if found[0] != "VALID_UNWITNESSED")
    assert first == (verdict, code)


@pytest.mark.parametrize("at", range(0, len(PROOF.split("\n\u2014")[0]), 11))
def test_attack_no_byte_before_the_signatures_is_free(at: int) -> None:
    """Behind them, a line whose name or key id is bent is some other key's, and ignored as C2SP signed-note says."""
    raw = bytearray(PROOF.encode())
    raw[at] ^= 1
    assert verdicts(raw.decode("utf-8", "surrogateescape")) != HOLDS


ENTRY = LAB.entries[INDEX]
ENTRIES = {
    "another entry": LAB.entries[INDEX + 1], "a byte more": ENTRY + b"\n", "a byte less": ENTRY[:-1], "no byte": b"",
    "its leaf hash": hash_leaf(ENTRY), "its leaf's preimage": b"\0" + ENTRY, "two of them": ENTRY * 2,
    "a bit flipped": bytes([ENTRY[0] ^ 1]) + ENTRY[1:],
}  # fmt: skip


@pytest.mark.parametrize("name", ENTRIES)
def test_attack_the_proof_of_another_entry(name: str) -> None:
    assert verdicts(PROOF, entry=ENTRIES[name]) == [HOLDS[0], ("INVALID", "root-mismatch")]


def test_attack_a_proof_of_nothing_in_particular() -> None:
    assert verdicts(PROOF, entry=None)[-1] == ("INCOMPLETE", "entry-missing")


KEYRINGS: dict[str, tuple[Vkey, ...]] = {
    "no key": (), "a thief's": THIEF.vkeys, "half of the log's and half of a thief's": (KEYS[0], THIEF.vkeys[1]),
}  # fmt: skip


@pytest.mark.parametrize("name", KEYRINGS)
def test_attack_keys_that_are_not_the_log_s(name: str) -> None:
    assert verdicts(PROOF, KEYRINGS[name])[0] == ("UNANCHORED", "checkpoint-unsigned")


def test_attack_an_old_checkpoint_does_not_pass_for_a_witnessed_one() -> None:
    """Freshness on demand: the reader's policy asks for a cosignature, and the old checkpoint has none of those witnesses."""
    wanted = parse_policy(policy(witness_line("w.example/a"), quorum="a", log=KEYS[0]))
    stale = cosigned(LAB.note(), "w.example/b")
    assert [c.code for c in check_checkpoint(stale, (), wanted)[1]] == ["ok", "witnesses-short"]


def test_honest_proofs_hold() -> None:
    for index in (0, 1, INDEX, SIZE - 1):
        assert verdicts(other(index), entry=LAB.entries[index]) == HOLDS
    assert verdicts(PROOF.replace("\n", "\nextra YQ==\n", 1)) == HOLDS
    assert verdicts(f"{HEAD}\n\n{cosigned(NOTE, 'w.example/unknown')}") == HOLDS, "a line of an unknown key is ignored"
    assert verdicts(PROOF, KEYS[:1]) == HOLDS, "a reader who knows the Ed25519 key alone"


@pytest.mark.skipif(not VECTORS.is_dir(), reason="the shared vectors are not beside this checkout")
def test_honest_proof_of_another_log_holds() -> None:
    folder = VECTORS / "gosumdb-tlog-proof"
    key = parse_vkey((folder / "sum.golang.org.vkey").read_text().strip())
    text = (folder / "go.sum-database-tree-43930254.tlog-proof").read_text()
    assert verdicts(text, (key,), (folder / "go.sum-database-tree-43930254.raw").read_bytes()) == HOLDS
    raw = (folder / "go.sum-database-tree-43930254.raw").read_bytes()
    assert verdicts(text, (key,), raw[:-1])[-1] == ("INVALID", "root-mismatch")
    assert verdicts(text, KEYS, raw)[0] == ("UNANCHORED", "checkpoint-unsigned")
    assert parse_proof(text).receipt.index == 43930254
    assert check_proof(text, (key,))[1][-1].verdict is V.INCOMPLETE
