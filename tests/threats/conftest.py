"""What the rows attack: one door and one simulated lab per worker, and the vault, whose copies the storage rows attack.

At the door attacks leave nothing behind, and honest twins append under names of their own.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.wiring import opened
from tests.conftest import copy_of
from tests.simulator import Lab
from tests.threats.door import Door
from tests.threats.storage import Copy, Vault, make_vault


@pytest.fixture(scope="session")
def door(founded_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """The application over a founded ledger, shared: whoever needs a quiet ledger takes `ledger`."""
    with opened(copy_of(founded_folder, tmp_path_factory.mktemp("door") / "ledger")) as ledger:
        door = Door(ledger)
        yield door
        door.close()


@pytest.fixture(scope="session")
def founded_lab() -> Lab:
    """A simulated lab with a principal per role; take `lab`."""
    return Lab()


@pytest.fixture
def lab(founded_lab: Lab) -> Lab:
    """A fork of the founded lab."""
    return founded_lab.fork()


@pytest.fixture(scope="session")
def vault(told_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    """A ledger of the demo's story and fictional models after it; nobody changes this one."""
    yield from make_vault(told_folder, tmp_path_factory.mktemp("vault"))


@pytest.fixture
def copy(vault: Vault, tmp_path: Path) -> Copy:
    """A copy of the vault, for one test to attack."""
    return vault.copy(tmp_path)
