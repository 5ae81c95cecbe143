"""T53: `../`, absolute, drive, NUL, links, double members in a bundle, as a zip and as a folder; members by the hundred thousand."""

import io
import warnings
import zipfile
from pathlib import Path

import pytest

from auditor.bundle import Trust, verify_zip
from auditor.cli import verify_path
from auditor.source import read_bag
from auditor.verdict import VerifyVerdict as V
from disclosures.static import verify as one_file
from disclosures.stored_zip import format_zip, parse_zip
from ledger.errors import Malformed
from tests.disclosures.forger import honest, told

ASTRAY = [
    "../evil", "data/../../evil", "/etc/passwd", "C:\\evil", "C:evil", "data\\evil", "data//evil", "./evil", "data/./evil", "evil\x00.txt",
    "evil\n", "e\u0301vil", "data/", "", "a" * 201, "data/evil ", "data/ev%2e%2e", "~/evil", "$HOME/evil",
]  # fmt: skip


def zipped(*members: tuple[str, bytes], **options: int) -> bytes:
    """A zip by the standard library, as an attacker would make one."""
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", **options) as box:
        warnings.simplefilter("ignore")
        for name, content in members:
            box.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def refused(raw: bytes) -> None:
    """Both verifiers: INVALID, by a code of the container, and nothing is written anywhere."""
    report = verify_zip(raw)
    checks, _ = one_file.verify(raw, None)
    assert (report.verdict, report.checks[0].code) in {(V.INVALID, "bag-path"), (V.INVALID, "zip-form")}, (
        report.to_json()
    )
    assert checks[0][1] == "INVALID"


@pytest.mark.parametrize("name", ASTRAY)
def test_attack_a_member_that_leads_astray(name: str) -> None:
    refused(zipped(*honest().files().items(), (name, b"evil")))
    if name:
        with pytest.raises(Malformed, match="bag-path"):
            format_zip({name: b"evil"})


def test_attack_a_name_twice_and_a_name_in_other_letters() -> None:
    """The second member of one name wins in some readers and the first in others: neither wins here."""
    files = honest().files()
    refused(zipped(*files.items(), ("data/checkpoint", b"another")))
    refused(format_zip(files) + format_zip({"data/checkpoint": b"another"}))
    refused(b"junk" + format_zip(files))
    refused(format_zip(files) + b"junk")
    report = verify_zip(format_zip({**files, "DATA/checkpoint": b"another"}))
    assert (report.verdict, report.checks[0].code) == (V.INVALID, "bag-manifest")


def test_attack_a_compressed_member() -> None:
    """A zip bomb: nothing is ever inflated."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr("data/checkpoint", bytes(50_000_000))
    refused(out.getvalue())


def test_attack_a_link_as_a_member() -> None:
    info = zipfile.ZipInfo("data/keys")
    info.external_attr = 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as box:
        box.writestr(info, b"/etc/passwd")
    refused(out.getvalue())


def test_attack_a_hundred_thousand_members() -> None:
    """More than a bundle may hold: refused after as many, and in seconds."""
    raw = b"".join(format_zip({f"data/{n}": b""})[: 30 + len(f"data/{n}")] for n in range(100_000))
    refused(raw)


@pytest.mark.parametrize("target", ["/etc/passwd", "data/checkpoint", "..", "nowhere"])
def test_attack_a_link_in_a_folder(tmp_path: Path, target: str) -> None:
    """Links are refused, wherever they lead; what they lead to is not read."""
    laid_out(tmp_path)
    (tmp_path / "data" / "keys").unlink()
    (tmp_path / "data" / "keys").symlink_to(target)
    report = verify_path(tmp_path, Trust(told()[0].pin(1)))
    assert (report.verdict, report.checks[0].code) == (V.INVALID, "bag-path")


def laid_out(folder: Path) -> dict[str, bytes]:
    files = honest().files()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return files


def test_honest_a_deep_legal_path(tmp_path: Path) -> None:
    """Deep, with every legal sign, 200 long: read as it is from zip and folder."""
    deep = "/".join(["a.b_c-D9"] * 22)[:200].rstrip("/")
    assert parse_zip(format_zip({deep: b"x"})) == {deep: b"x"}
    (tmp_path / deep).parent.mkdir(parents=True)
    (tmp_path / deep).write_bytes(b"x")
    assert read_bag(tmp_path) == {deep: b"x"}


def test_honest_the_same_bundle_from_zip_and_folder(tmp_path: Path) -> None:
    files = laid_out(tmp_path)
    trust = Trust(told()[0].pin(1))
    assert verify_path(tmp_path, trust) == verify_zip(format_zip(files), trust)
    assert verify_path(tmp_path, trust).exit_code == 0
