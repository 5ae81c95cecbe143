"""`verify-proof`, `verify-checkpoint` by hand: the examples of their help, exit codes, JSON."""

import json
from pathlib import Path

import pytest

from tests.auditor.test_proof import INDEX, LAB, PROOF
from tests.commands import run
from tests.cosigner import cosigned, policy, witness_line
from tests.simulator import log_signer


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "receipts").mkdir()
    (tmp_path / "receipts" / "0.tlog-proof").write_text(PROOF)
    (tmp_path / "entry.json").write_bytes(LAB.entries[INDEX])
    (tmp_path / "log.vkeys").write_text("".join(f"{v}\n" for v in LAB.log.vkeys))
    (tmp_path / "checkpoint").write_text(cosigned(LAB.note(), "w.example/a"))
    raw = policy(witness_line("w.example/a"), quorum="a", log=LAB.log.vkeys[0])
    (tmp_path / "policy").write_bytes(raw)
    return tmp_path


def test_examples_and_exit_codes(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify-proof", "receipts/0.tlog-proof", "--key", "log.vkeys", "--entry", "entry.json") == 0
    assert "the entry stands at index" in capsys.readouterr().out
    assert run("verify-checkpoint", "checkpoint", "--key", "log.vkeys") == 0
    assert "VALID_UNWITNESSED" in capsys.readouterr().out
    assert run("verify-checkpoint", "checkpoint", "--policy", "policy", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["verdict"], said["checkpoint"]["size"]) == ("VALID", len(LAB.entries))
    assert run("verify-proof", "receipts/0.tlog-proof", "--key", "log.vkeys") == 5
    stranger = log_signer("stranger", LAB.origin).vkeys[0]
    assert run("verify-checkpoint", "checkpoint", "--key", stranger) == 5
    (place / "entry.json").write_bytes(LAB.entries[0])
    assert run("verify-proof", "receipts/0.tlog-proof", "--key", "log.vkeys", "--entry", "entry.json") == 4
    (place / "policy").write_text("quorum nobody\n")
    assert run("verify-checkpoint", "checkpoint", "--policy", "policy") == 2
    assert "line 1" in capsys.readouterr().err
    assert run("verify-checkpoint", "missing", "--key", stranger) != 0
