"""The distribution as a stranger gets it: six rooms, and a verifier that needs no server, no database and no network."""

import json
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SITE = sysconfig.get_path("purelib")
ROOMS = {"api", "auditor", "disclosures", "ledger", "policies", "projections"}
AUDITOR_NEEDS = ("cryptography", "cffi", "_cffi_backend", "msgspec", "rfc8785", "typing_extensions")
ALONE = """
import os, sys
class Refuse:
    # A machine that has the three packages and no others: what else lies beside them here is not there.
    needed = set(%r)
    beside = {name.partition(".")[0] for name in os.listdir(sys.argv[2])} - needed
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in {"api", "socket", "_socket", "ssl"} or name in {"ledger.store", "projections.store"}:
            raise ImportError("not for an auditor: " + name)
        if top in self.beside and top not in sys.stdlib_module_names:
            raise ImportError("not on an auditor's machine: " + name)
        return None
sys.meta_path.insert(0, Refuse())
sys.path[:0] = [sys.argv[1]]
sys.path.append(sys.argv[2])
from auditor.cli import main
import auditor.cli
if not auditor.cli.__file__.startswith(sys.argv[1]):
    raise SystemExit("not the installed one: " + auditor.cli.__file__)
code = main(sys.argv[3:])
tops = {n.partition(".")[0] for n, m in sys.modules.items() if "site-packages" in (getattr(m, "__file__", None) or "")}
extra = tops - Refuse.needed
if extra:
    raise SystemExit("needs more than it may: " + ", ".join(sorted(extra)))
raise SystemExit(code)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    source = out / "source"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.split(b"\0")
    for name in (n.decode() for n in listed if n):
        if name.split("/")[0] in ROOMS | {"pyproject.toml", "README.md", "LICENSE"} and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    words = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "-w", str(out)]
    subprocess.run([sys.executable, "-m", "pip", *words, str(source)], check=True, timeout=120)
    return next(out.glob("*.whl"))


def test_it_holds_the_six_rooms_and_their_files(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {n.split("/")[0] for n in names if ".dist-info/" not in n} == ROOMS
    for needed in (
        "ledger/store/schema/0001_evidence.sql",
        "policies/frameworks/anthropic-rsp-2.2.toml",
        "api/pages/overview.html",
    ):
        assert needed in names


def verify_alone(wheel: Path, *words: str) -> subprocess.CompletedProcess[str]:
    place = wheel.parent / "installed"
    if not place.exists():
        zipfile.ZipFile(wheel).extractall(place)
    program = [sys.executable, "-I", "-S", "-W", "error", "-c", ALONE % (AUDITOR_NEEDS,), str(place), SITE, *words]
    return subprocess.run(program, cwd=place, capture_output=True, text=True, timeout=120, check=False)


def test_the_verifier_runs_alone(wheel: Path, told_folder: Path) -> None:
    done = verify_alone(wheel, str(told_folder / "export"), "--pin", str(told_folder / "pin.json"), "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["verdict"], said["development"]) == ("VALID_UNWITNESSED", True)
    assert done.stderr == ""  # quick work says nothing on the way


def test_alone_it_refuses_what_it_refuses_here(wheel: Path, told_folder: Path) -> None:
    assert verify_alone(wheel, str(told_folder / "export")).returncode == 5
    assert (
        verify_alone(wheel, str(told_folder / "export-earlier"), "--pin", str(told_folder / "pin.json")).returncode == 4
    )
    assert verify_alone(wheel, str(told_folder / "nothing")).returncode == 2
    (empty := wheel.parent / "empty").mkdir(exist_ok=True)
    assert verify_alone(wheel, str(empty)).returncode == 5
