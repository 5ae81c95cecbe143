"""A bundle from a folder: the same files as from its zip, and nothing that a link or a device would add (T53)."""

import os
from pathlib import Path

import pytest

from auditor.bundle import Trust
from auditor.cli import main, verify_path
from auditor.source import read_bag
from auditor.verdict import VerifyVerdict as V
from disclosures.stored_zip import format_zip
from ledger.errors import Malformed
from tests.disclosures.forger import honest, told


def laid_out(folder: Path) -> dict[str, bytes]:
    files = honest().files()
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return files


def test_a_folder_and_its_zip_are_the_same_bundle(tmp_path: Path) -> None:
    files = laid_out(tmp_path / "bag")
    assert read_bag(tmp_path / "bag") == files
    (tmp_path / "bundle.zip").write_bytes(format_zip(files))
    trust = Trust(told()[0].pin(1))
    reports = [verify_path(tmp_path / name, trust) for name in ("bag", "bundle.zip")]
    assert reports[0] == reports[1]
    assert reports[0].verdict is V.VALID_UNWITNESSED


@pytest.mark.parametrize("where", ["data/events/link.json", "data/checkpoint"])
def test_links_are_refused_and_not_followed(tmp_path: Path, where: str) -> None:
    laid_out(tmp_path / "bag")
    (tmp_path / "bag" / where).unlink(missing_ok=True)
    (tmp_path / "bag" / where).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Malformed, match="bag-path"):
        read_bag(tmp_path / "bag")
    assert verify_path(tmp_path / "bag", Trust()).exit_code == 4


def test_a_linked_folder_and_a_pipe_are_refused(tmp_path: Path) -> None:
    laid_out(tmp_path / "bag")
    (tmp_path / "bag" / "more").symlink_to(tmp_path)
    with pytest.raises(Malformed, match="bag-path"):
        read_bag(tmp_path / "bag")
    (tmp_path / "bag" / "more").unlink()
    os.mkfifo(tmp_path / "bag" / "pipe")
    with pytest.raises(Malformed, match="bag-path"):
        read_bag(tmp_path / "bag")


def test_a_file_too_large_is_undecided_and_not_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.zip").open("wb") as file:
        file.truncate(3 << 30)
    report = verify_path(tmp_path / "huge.zip", Trust())
    assert (report.verdict, report.checks[0].code) == (V.ERROR, "limits")
    laid_out(tmp_path / "bag")
    with (tmp_path / "bag" / "data" / "keys").open("wb") as file:
        file.truncate(65 << 20)
    assert verify_path(tmp_path / "bag", Trust()).verdict is V.ERROR


def test_the_verifier_by_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    laid_out(tmp_path / "bag")
    (tmp_path / "bundle.zip").write_bytes(format_zip(read_bag(tmp_path / "bag")))
    assert main([str(tmp_path / "bundle.zip"), "--quiet"]) == 5
    assert "UNANCHORED" in capsys.readouterr().out
    assert main([str(tmp_path / "nothing")]) == 2
