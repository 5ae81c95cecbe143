"""A client on another machine, as far as this one can show it: the real `serve`, the console script, and a server that goes away."""

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.commands import HOLDPOINT, ROOT, adopt, running, serving
from tests.conftest import copy_of

NOBODY = "http://127.0.0.1:9"


def run(client: Path, url: str, *words: object, timeout: int = 20) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("HOLDPOINT_")} | {
        "HOLDPOINT_DATA": str(client), "HOLDPOINT_SERVER": url, "HOLDPOINT_TIMEOUT": str(timeout),
    }  # fmt: skip
    return subprocess.run(
        [HOLDPOINT, *map(str, words)], env=env, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def ledger(founded_folder: Path, tmp_path: Path) -> Path:
    folder = copy_of(founded_folder, tmp_path / "ledger")
    with running(folder) as cli:
        adopt(cli)
        cli.ok("register", "model/one", "--name", "One", "--weights", "sha256:" + "1" * 64, "--yes")
        cli.ok("pin", folder / "pin.json")
    return folder


def test_a_client_and_a_server_that_goes_away(ledger: Path, tmp_path: Path) -> None:
    client = tmp_path / "client"
    shutil.copytree(ledger / "keys", client / "keys")
    log = tmp_path / "uplift-trials.eval"
    shutil.copyfile(ROOT / "examples" / "logs" / log.name, log)
    no_pin = run(client, NOBODY, "status", "one")
    assert no_pin.returncode == 2
    assert "pin-missing" in no_pin.stderr
    shutil.copyfile(ledger / "pin.json", client / "pin.json")

    down = run(client, NOBODY, "import", log, "--model", "one", timeout=1)
    assert down.returncode == 6
    assert "retry is safe" in down.stderr
    with serving("--data", ledger) as (url, process):
        imported = run(client, url, "import", log, "--model", "one", "--json")
        assert imported.returncode == 0, imported.stderr
        assert (json.loads(imported.stdout)["code"], log.with_name(f"{log.name}.receipt").exists()) == (
            "recorded",
            True,
        )
        asked = run(client, url, "gate", "one", "external_deploy", "--audience", "general")
        assert asked.returncode == 3
        line = re.findall(r"^ +(holdpoint determine .* CBRN-4 .*)$", asked.stdout, re.MULTILINE)[0]
        words = [*shlex.split(line)[1:], "--state", "below", "--rationale", "shown", "--yes", "--json"]
        determined = run(client, url, *words)
        assert determined.returncode == 0, determined.stderr
        index = json.loads(determined.stdout)["index"]
        assert (client / "receipts" / f"{index}.tlog-proof").exists()
        assert run(client, url, "history", "model/one").stdout.count("\n") == 3
        assert run(client, url, "pin", tmp_path / "later.json").returncode == 0

        verified = run(client, url, "verify", url, "--pin", tmp_path / "later.json")
        assert verified.returncode == 0, verified.stdout
        assert "VALID_UNWITNESSED" in verified.stdout
        assert "simulate" in verified.stdout, "a development ledger says so"
        embedded = subprocess.run(
            [HOLDPOINT, "status", "one", "--data", ledger], capture_output=True, text=True, timeout=60, check=False
        )
        assert (embedded.returncode, "--server URL" in embedded.stderr) == (6, True)
        process.kill()
        process.wait()

    said = ("determine", "one", "AIRD-4", "--state", "below", "--rationale", "shown", "--yes")
    gone = run(client, NOBODY, *said, timeout=1)
    assert gone.returncode == 6, "what fills it in can't be read either: nothing was signed"
    text = 'evaluation.invalidated={"evaluation":{"index":99,"leaf":"%s"},"reason":"x"}' % ("0" * 64)
    assert (
        run(client, NOBODY, "event", "post", text, "--stream", "model/one", "--as", "evaluator", timeout=1).returncode
        == 6
    )
    with serving("--data", ledger) as (url, _):
        assert run(client, url, "status", "one").returncode == 0, "it came up again by itself"
        assert run(client, url, *said).returncode == 0
