"""`verify --as-of` and `--work` as a reader uses them."""

import json
from pathlib import Path

import pytest

from api.cli.main import main


def verify(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as done:
        main(["verify", *words])
    said = capsys.readouterr()
    assert isinstance(done.value.code, int)
    return done.value.code, said.out, said.err


def test_what_held_then(told_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(told_folder / "export"), "--pin", str(told_folder / "pin.json"), "--as-of", "45"]
    code, out, _ = verify(capsys, *words)
    assert code == 0
    assert "As of size 45" in out
    assert "external_deploy: verdict undetermined, clearance undetermined" in out
    code, out, _ = verify(capsys, *words, "--json")
    assert json.loads(out)["answers"]["as_of"]["size"] == 45


def test_no_such_position_is_undecided(told_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = verify(
        capsys, str(told_folder / "export"), "--pin", str(told_folder / "pin.json"), "--as-of", "2049"
    )
    assert code == 1
    assert "the log has" in out


def test_a_working_file_that_is_none(told_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = verify(capsys, str(told_folder / "export"), "--work", str(tmp_path))
    assert code == 2
    assert "give --work a file of its own" in err
