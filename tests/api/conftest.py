"""Two ledgers per worker, open for the session: the demo's story to read, and a founded one that tests add to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.wiring import opened
from tests.api.asker import Asker
from tests.conftest import copy_of


@pytest.fixture(scope="session")
def story(told_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    """The told story: 72 entries or more, nothing is added to it."""
    with opened(copy_of(told_folder, tmp_path_factory.mktemp("story") / "ledger")) as ledger:
        yield Asker(ledger)


@pytest.fixture(scope="session")
def growing(founded_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    """A founded ledger that grows: assume nothing of its size."""
    with opened(copy_of(founded_folder, tmp_path_factory.mktemp("growing") / "ledger")) as ledger:
        yield Asker(ledger)
