"""`add-checkpoint`, answer by answer: the requests of another witness's own tests, and each refusal of the protocol."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from api.witness import Witness
from auditor.witness import MAX_BODY, parse_request
from ledger.checkpoint import read_checkpoint
from ledger.entry import leaf_hash
from ledger.errors import Fault, Malformed
from ledger.note import ED25519, Vkey, parse_note, verified_keys
from ledger.strict import format_base64
from ledger.tree import hash_children, prove_consistency
from tests.simulator import Lab, log_signer

REQUESTS = Path(__file__).resolve().parents[2] / "../shared/vectors/litewitness-add-checkpoint/requests.json"
LAB = Lab()
NAME = "w.example/one"


def node(level: int, n: int) -> bytes:
    if level == 0:
        return leaf_hash(LAB.entries[n])
    return hash_children(node(level - 1, 2 * n), node(level - 1, 2 * n + 1))


def body(old: int, new: int, note: str | None = None, proof: list[bytes] | None = None) -> bytes:
    path = prove_consistency(node, old, new) if proof is None and old else proof or []
    lines = "".join(f"{format_base64(h)}\n" for h in path)
    return f"old {old}\n{lines}\n{note or LAB.note(new)}".encode()


@pytest.fixture
def witness(tmp_path: Path):  # a generator of one
    with closing(Witness(tmp_path / "w", NAME, LAB.log.vkeys, now=lambda: 1_780_000_000)) as found:
        yield found


@pytest.mark.skipif(not REQUESTS.is_file(), reason="the shared vectors are not beside this checkout")
def test_the_requests_of_another_witness(tmp_path: Path) -> None:
    said = json.loads(REQUESTS.read_text())
    log = Vkey(said["log_origin"], ED25519, bytes.fromhex(said["log_ed25519_public_key_hex"]))
    with closing(Witness(tmp_path / "w", "example.com/witness", [log])) as found:
        for n, request in enumerate(said["requests"]):
            status, _, text = found.add_checkpoint(request["request_body"].encode())
            # An unknown origin was 403 in 2025 and is 404 in the present text; the bent signature is no canonical base64 either,
            # which is not a checkpoint at all to us.
            assert status == {1: 400, 2: 404}.get(n, request["status"]), n
            if status == 200:
                assert text.startswith("\u2014 example.com/witness ")
            if status == 409:
                assert text == "3\n" if n == 6 else text.endswith("\n")


def test_it_cosigns_with_both_keys_what_extends_the_last(witness: Witness) -> None:
    for old, new in ((0, 3), (3, 3), (3, 20), (20, len(LAB.entries))):
        status, _, lines = witness.add_checkpoint(body(old, new))
        assert status == 200
        note = parse_note(f"{parse_note(LAB.note(new)).text}\n{lines}")
        assert verified_keys(note, witness.cosigner.vkeys, read_checkpoint(LAB.note(new))[0]) == witness.cosigner.vkeys


def other(size: int) -> str:
    """Another history under the log's own keys."""
    lab = Lab()
    lab.entries = [*LAB.entries[: size - 1], LAB.entries[0]]
    return lab.note(size)


def test_of_each_log_it_cosigns_one_history(witness: Witness) -> None:
    assert witness.add_checkpoint(body(0, 10))[0] == 200
    assert witness.add_checkpoint(body(10, 10, other(10), []))[::2] == (409, "10\n")
    assert witness.add_checkpoint(body(10, 20, other(20)))[0] == 422
    assert witness.add_checkpoint(body(10, 20, proof=[b"\0" * 32]))[0] == 422
    assert witness.add_checkpoint(body(10, 20, proof=[]))[0] == 422
    for stale in (0, 3, 9, 11):
        assert witness.add_checkpoint(body(stale, 20)) == (409, "text/x.tlog.size", "10\n")
    assert witness.add_checkpoint(body(10, 5, LAB.note(5), []))[0] == 400
    assert witness.add_checkpoint(body(10, 20))[0] == 200


def test_whose_checkpoint_it_is(witness: Witness) -> None:
    stranger = LAB.fork()
    stranger.log = log_signer("stranger", LAB.origin)
    assert witness.add_checkpoint(body(0, 3, stranger.note(3)))[::2] == (403, "invalid signature\n")
    assert witness.add_checkpoint(body(0, 3, Lab(origin="dev/other").note(3)))[::2] == (404, "unknown log\n")
    note = parse_note(LAB.note(3))
    bent = LAB.note(3).replace("\u2014 dev/simulated ", "\u2014 dev/simulated A", 1)
    assert witness.add_checkpoint(body(0, 3, bent))[0] in (400, 403)
    assert witness.add_checkpoint(body(0, 3, proof=[b"\0" * 32]))[0] == 422
    assert len(note.signatures) == 2


BAD = {
    "nothing": b"",
    "no old line": b"\n\n" + LAB.note(3).encode(),
    "an old size with a zero in front": body(0, 3).replace(b"old 0", b"old 00"),
    "a negative size": body(0, 3).replace(b"old 0", b"old -1"),
    "a huge size": body(0, 3).replace(b"old 0", b"old 99999999999999999999"),
    "no blank line": b"old 0\n" + LAB.note(3).encode().replace(b"\n\n", b"\n"),
    "a hash of 31 bytes": body(0, 3).replace(b"old 0\n", b"old 0\n" + b"A" * 40 + b"AA==\n"),
    "a hash that is none": body(0, 3).replace(b"old 0\n", b"old 0\n?\n"),
    "64 proof lines": body(0, 3, proof=[b"\0" * 32] * 64),
    "carriage returns": body(0, 3).replace(b"\n", b"\r\n"),
    "not UTF-8": b"\xff" + body(0, 3),
    "size 0": body(0, 3).replace(b"\n3\n", b"\n0\n"),
    "a fourth line": body(0, 3).replace(b"\n\n\xe2", b"\nmore\n\n\xe2"),
    "too large": body(0, 3) + b" " * MAX_BODY,
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_request_is_400(witness: Witness, name: str) -> None:
    with pytest.raises(Malformed):
        parse_request(BAD[name])
    assert witness.add_checkpoint(BAD[name])[0] == 400


def test_two_at_once_do_not_roll_back(witness: Witness) -> None:
    assert witness.add_checkpoint(body(0, 3))[0] == 200
    requests = [body(3, n) for n in range(4, 24)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(witness.add_checkpoint, requests))
    assert sorted(a[0] for a in answers) == [200] + [409] * 19
    (won,) = [n for n, a in enumerate(answers, 4) if a[0] == 200]
    assert {a[2] for a in answers if a[0] == 409} == {f"{won}\n"}


def test_it_remembers_and_keeps_its_keys(tmp_path: Path) -> None:
    with closing(Witness(tmp_path, NAME, LAB.log.vkeys)) as first:
        assert first.add_checkpoint(body(0, 10))[0] == 200
        with pytest.raises(Fault, match="folder-in-use"):
            Witness(tmp_path, NAME, LAB.log.vkeys)
        keys = first.cosigner.vkeys
    with closing(Witness(tmp_path, NAME, LAB.log.vkeys)) as again:
        assert again.cosigner.vkeys == keys
        assert again.add_checkpoint(body(0, 5))[::2] == (409, "10\n")
    kept = next(tmp_path.glob("*/checkpoint"))
    assert kept.stat().st_mode & 0o077 == 0
