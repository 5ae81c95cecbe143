"""The demo, run once for all stories as a stranger runs it; and the long scenario, told once."""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.cli.scenarios import tell_scenario
from api.expecting import Answered
from auditor.verdict import Report
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


@dataclass(frozen=True)
class Told:
    """The scenario, told once for all stories, which add nothing to it."""

    folder: Path
    answered: list[Answered]
    report: Report
    size: int
    lines: list[str]


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    lines: list[str] = []
    folder = tmp_path_factory.mktemp("withheld") / "d"
    return Told(folder, *tell_scenario("withheld", folder, lines.append), lines)
