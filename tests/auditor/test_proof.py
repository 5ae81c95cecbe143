"""Foreign proofs and checkpoints: real ones of other logs hold; every bent one is named."""

from pathlib import Path

import pytest

from auditor.proof import check_checkpoint, check_proof, parse_proof, witnessed
from auditor.verdict import Report, VerifyVerdict
from auditor.verify import UNWITNESSED, verify_export
from auditor.witness_policy import parse_policy
from ledger.entry import leaf_hash
from ledger.errors import Malformed
from ledger.note import MLDSA44_COSIGNATURE, Vkey, parse_vkey
from ledger.receipt import format_receipt
from ledger.tree import hash_children, prove_inclusion
from tests.cosigner import cosigned, policy, witness_line, witness_vkey
from tests.simulator import Lab, log_signer

VECTORS = Path(__file__).resolve().parents[2] / "../shared/vectors"
here = pytest.mark.skipif(not VECTORS.is_dir(), reason="the shared vectors are not beside this checkout")
V = VerifyVerdict
LAB = Lab()
KEYS = LAB.log.vkeys


def node(level: int, n: int) -> bytes:
    if level == 0:
        return leaf_hash(LAB.entries[n])
    return hash_children(node(level - 1, 2 * n), node(level - 1, 2 * n + 1))


INDEX = 5
PROOF = format_receipt(INDEX, prove_inclusion(node, INDEX, len(LAB.entries)), LAB.note())
LINES = PROOF.split("\n")


def verdicts(
    text: str, keys: tuple[Vkey, ...] = KEYS, entry: bytes | None = LAB.entries[INDEX]
) -> list[tuple[str, str]]:
    return [(c.verdict.value, c.code) for c in check_proof(text, keys, entry)[1]]


HOLDS = [("VALID_UNWITNESSED", "ok"), ("VALID_UNWITNESSED", "ok")]


def test_ours_holds_with_and_without_extra_data() -> None:
    assert verdicts(PROOF) == HOLDS
    extra = PROOF.replace("\n", "\nextra YQ==\n", 1)
    assert verdicts(extra) == HOLDS
    assert parse_proof(extra).extra == b"a"


@here
@pytest.mark.parametrize("size", range(1, 16))
def test_checkpoints_of_another_log_hold(size: int) -> None:
    key = parse_vkey("example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")
    (path,) = (VECTORS / "tessera-testlog").rglob(f"checkpoint.{size}")
    checkpoint, checks = check_checkpoint(path.read_text(), (key,))
    assert checkpoint is not None
    assert (checkpoint.size, checks[0].verdict) == (size, V.VALID_UNWITNESSED)


def test_a_witness_s_key_is_no_log_s() -> None:
    note = cosigned(LAB.note(), "w.example/q", kind=MLDSA44_COSIGNATURE)
    _, checks = check_checkpoint(note, (witness_vkey("w.example/q", MLDSA44_COSIGNATURE),))
    assert [c.code for c in checks] == ["checkpoint-unsigned"]


@here
def test_what_other_logs_have_and_ours_never_is_not_judged() -> None:
    (path,) = (VECTORS / "tessera-testlog").rglob("checkpoint.0")
    extended = LAB.note().replace("\n\n\u2014", "\nmore\n\n\u2014", 1)
    for note in (path.read_text(), extended):
        assert [c.verdict for c in check_checkpoint(note, KEYS)[1]] == [V.ERROR]


def test_another_entry_and_no_entry() -> None:
    assert verdicts(PROOF, entry=LAB.entries[6])[-1] == ("INVALID", "root-mismatch")
    assert verdicts(PROOF, entry=None)[-1] == ("INCOMPLETE", "entry-missing")


def test_without_a_key_nothing_is_proven() -> None:
    assert verdicts(PROOF, ())[0] == ("UNANCHORED", "checkpoint-unsigned")
    strangers = log_signer("stranger", LAB.origin).vkeys
    assert verdicts(PROOF, strangers)[0] == ("UNANCHORED", "checkpoint-unsigned")


def test_a_policy_s_quorum_makes_it_valid() -> None:
    raw = policy(witness_line("w.example/a"), witness_line("w.example/b"), "group g all a b", quorum="g", log=KEYS[0])
    found = parse_policy(raw)
    note = LAB.note()
    for by, verdict in (
        ((), V.INCOMPLETE),
        (("w.example/a",), V.INCOMPLETE),
        (("w.example/a", "w.example/b"), V.VALID),
    ):
        _, checks = check_checkpoint(cosigned(note, *by), (), found)
        assert [c.verdict for c in checks] == [V.VALID_UNWITNESSED, verdict]


def test_a_foreign_line_is_ignored_in_ours_and_refused_nowhere() -> None:
    _, checks = check_checkpoint(cosigned(LAB.note(), "w.example/unknown"), KEYS)
    assert [c.verdict for c in checks] == [V.VALID_UNWITNESSED]
    with pytest.raises(Malformed):
        parse_proof("c2sp.org/tlog-proof@v1\n")


def export_report(lab: Lab, *by: str) -> Report:
    files = lab.export()
    files["checkpoint"] = cosigned(files["checkpoint"].decode(), *by).encode()
    return verify_export(files.get, lab.pin(1))


@pytest.mark.parametrize(
    ("by", "required", "verdict"),
    [
        ((), 0, V.INCOMPLETE), (("w.example/a",), 0, V.INCOMPLETE), (("w.example/a", "w.example/b"), 0, V.VALID),
        (("w.example/a", "w.example/b"), 2, V.VALID), (("w.example/a", "w.example/b"), 3, V.INCOMPLETE),
    ],
)  # fmt: skip
def test_an_export_that_the_reader_s_witnesses_cosigned_is_valid(
    by: tuple[str, ...], required: int, verdict: VerifyVerdict
) -> None:
    raw = policy(witness_line("w.example/a"), witness_line("w.example/b"), "group g all a b", quorum="g", log=KEYS[0])
    report = export_report(LAB, *by)
    assert report.verdict is V.VALID_UNWITNESSED, "lines of witnesses that nobody named say nothing"
    found = witnessed(report, parse_policy(raw), required)
    assert found.verdict is verdict
    assert (UNWITNESSED in found.notes) == (verdict is not V.VALID)


def test_two_keys_of_one_witness_are_one_witness() -> None:
    lines = [f"witness {n} {witness_vkey('w.example/a', kind)}" for n, kind in (("ed", 4), ("q", 6))]
    found = parse_policy(policy(*lines, "group g any ed q", quorum="g"))
    files = LAB.export()
    note = cosigned(cosigned(files["checkpoint"].decode(), "w.example/a"), "w.example/a", kind=MLDSA44_COSIGNATURE)
    files["checkpoint"] = note.encode()
    report = verify_export(files.get, LAB.pin(1))
    assert witnessed(report, found, 1).verdict is V.VALID
    assert witnessed(report, found, 2).verdict is V.INCOMPLETE


def test_a_quorum_hides_no_fault() -> None:
    raw = policy(witness_line("w.example/a"), quorum="a")
    files = LAB.export()
    files["checkpoint"] = cosigned(files["checkpoint"].decode(), "w.example/a").encode()
    assert witnessed(verify_export(files.get), parse_policy(raw)).verdict is V.UNANCHORED
    files["claims.json"] = b"{}"
    assert witnessed(verify_export(files.get, LAB.pin(1)), parse_policy(raw)).verdict is V.INVALID
    assert witnessed(export_report(LAB), None, 1).verdict is V.INCOMPLETE
