"""A ledger that is open for a module, and the commands on it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import Cli, adopt, running
from tests.conftest import copy_of


@pytest.fixture(scope="module")
def cli(founded_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """The founded ledger with RSP 2.2 adopted and model/one registered, open for the module; cwd is a scratch folder."""
    work = tmp_path_factory.mktemp("cli")
    before = Path.cwd()
    os.chdir(work)
    try:
        with running(copy_of(founded_folder, work / "held")) as commands:
            adopt(commands)
            (work / "weights.bin").write_bytes(b"weights of a fictional model")
            commands.ok("register", "model/one", "--name", "Fictional One", "--weights", "weights.bin", "--yes")
            yield commands
    finally:
        os.chdir(before)
