"""The restore drill as an operator does it: an old backup comes back, and the console says each step and exit code."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from api.exporting import export
from api.handing_over import write_pin
from api.keyring import load_signer
from api.session import Session
from api.wiring import open_ledger
from ledger.events import model
from tests.conftest import copy_of
from tests.faults.test_f01_killed_service import free_port

HOLDPOINT = Path(sys.executable).parent / "holdpoint"


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([HOLDPOINT, *map(str, words)], capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def rolled_back(founded_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of 43 entries whose database is the backup of 40; its export and pin are of 43."""
    folder = copy_of(founded_folder, tmp_path_factory.mktemp("drill") / "ledger")
    backup = shutil.copytree(folder / "pg", folder.parent / "backup", ignore=shutil.ignore_patterns("socket", "lock"))
    ledger = open_ledger(folder)
    session = Session(ledger)
    for n in range(3):
        said = {"kind": "base", "subject": {"name": f"Fictional {n}", "weights": "sha256:" + "0" * 64}}
        session.post(session.write(model.Registered, said, f"model/d{n}", session.signers("assessor")))
    export(ledger, folder.parent / "export", load_signer(folder / "keys" / "engine.pem"))
    write_pin(ledger, folder.parent / "pin.json")
    ledger.close()
    shutil.rmtree(folder / "pg")
    backup.rename(folder / "pg")
    return folder


def test_the_drill(rolled_back: Path) -> None:
    folder, out, pin = rolled_back, rolled_back.parent / "export", rolled_back.parent / "pin.json"
    asked = run("status", "model/d1", "--json", "--data", folder)
    assert (asked.returncode, json.loads(asked.stdout)["code"]) == (4, "diverged")
    checked = run("fsck", "--json", "--data", folder)
    assert (checked.returncode, json.loads(checked.stdout)["details"][0]["index"]) == (4, 40)
    assert "anchored size 43, stored size 40" in checked.stdout
    examined = json.loads(run("doctor", "--json", "--data", folder).stdout)
    (item,) = [i for i in examined["details"] if i["check"] == "ledger"]
    assert (item["colour"], "holdpoint restore" in item["remedy"]) == ("red", True)

    port = free_port()
    with subprocess.Popen(
        [HOLDPOINT, "serve", "--data", folder, "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as service:
        try:
            ready = _ready(service, port)
            assert "anchored size 43, stored size 40" in ready["parts"]["appender"]
            assert ready["writes"] is False
        finally:
            service.terminate()
        assert service.stderr is not None
        assert "READ-ONLY: diverged: anchored size 43, stored size 40" in service.stderr.read()

    brought = run("restore", "--from", out, "--json", "--data", folder)
    assert brought.returncode == 0, brought.stderr
    assert json.loads(brought.stdout)["details"] == [{"after": 43, "before": 40}]
    again = run("restore", "--from", out, "--data", folder)
    assert (again.returncode, "nothing-missing" in again.stderr) == (5, True)
    assert run("fsck", "--data", folder).returncode == 0

    (folder / "anchor").unlink()
    missing = run("fsck", "--data", folder)
    assert (missing.returncode, "anchor-missing" in missing.stdout) == (4, True)
    asked = run("status", "model/d1", "--data", folder)
    assert (asked.returncode, "holdpoint anchor --from-pin" in asked.stderr) == (5, True)
    assert run("anchor", "--data", folder).returncode == 2
    made = run("anchor", "--from-pin", pin, "--json", "--data", folder)
    assert (made.returncode, json.loads(made.stdout)["details"]) == (0, [{"anchored": 43, "stored": 43}])

    shutil.rmtree(folder / "pg")
    gone = run("status", "model/d1", "--data", folder)
    assert (gone.returncode, "data-missing" in gone.stderr) == (5, True)
    assert not (folder / "pg").exists(), "nothing empty is made in its place"
    assert run("restore", "--from", out, "--data", folder).returncode == 0
    assert run("fsck", "--data", folder).returncode == 0
    assert run("export", folder.parent / "export", "--data", folder).returncode == 0
    verified = run("verify", folder.parent / "export", "--pin", pin, "--json")
    assert (verified.returncode, json.loads(verified.stdout)["verdict"]) == (0, "VALID_UNWITNESSED")


def _ready(service: "subprocess.Popen[str]", port: int) -> dict[str, object]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert service.poll() is None
        try:
            return httpx2.get(f"http://127.0.0.1:{port}/readyz", timeout=5).json()
        except httpx2.HTTPError:
            time.sleep(0.05)
    raise AssertionError("the service did not come up")
