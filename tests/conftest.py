"""Fixtures: a founded development ledger on a real embedded PostgreSQL, copied for each test that changes it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.founding import admit_members, found
from api.story import tell_story
from api.wiring import Ledger, open_ledger

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def founded_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A founded ledger with a principal per role, closed."""
    folder = tmp_path_factory.mktemp("founded") / "ledger"
    ledger = found(folder, "dev/tests")
    admit_members(ledger)
    ledger.close()
    return folder


@pytest.fixture(scope="session")
def told_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's whole story, closed: a ledger of 72 entries, its export and its pin."""
    folder = tmp_path_factory.mktemp("told") / "ledger"
    tell_story(folder, ROOT / "examples" / "logs", lambda _text: None)
    return folder


def copy_of(folder: Path, to: Path) -> Path:
    """A copy of a closed ledger's folder."""
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns("socket", "lock"))
    return to


@pytest.fixture
def ledger_folder(founded_folder: Path, tmp_path: Path) -> Path:
    """A copy of the founded ledger, for one test to change."""
    return copy_of(founded_folder, tmp_path / "ledger")


@pytest.fixture
def ledger(ledger_folder: Path) -> Iterator[Ledger]:
    """The copy, open."""
    opened = open_ledger(ledger_folder)
    yield opened
    opened.close()


@pytest.fixture
def story_folder(told_folder: Path, tmp_path: Path) -> Path:
    """A copy of the told story, for one test to attack."""
    return copy_of(told_folder, tmp_path / "ledger")
