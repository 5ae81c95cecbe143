"""The demo, run once for all stories as a stranger runs it: folder and what it printed. Stories may add to its ledger."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.commands import HOLDPOINT


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("demo") / "d"
    env = {k: v for k, v in os.environ.items() if not k.startswith("HOLDPOINT_")}
    began = time.monotonic()
    done = subprocess.run(
        [HOLDPOINT, "demo", "--data", folder], env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < 60, "20 s on an idle machine; this one may be busy"
    return folder, done.stdout
