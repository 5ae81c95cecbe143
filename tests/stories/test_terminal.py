"""The people's verbs at a real terminal: questions, an answer, Ctrl-C in the middle of one."""

import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.commands import adopt, running
from tests.conftest import copy_of

HOLDPOINT = Path(sys.executable).parent / "holdpoint"
# The pseudo-terminal becomes the controlling one, so that its Ctrl-C is a signal, as a person's is.
AT_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


class Screen:
    """A command at a terminal of its own."""

    def __init__(self, *words: object) -> None:
        self._here, there = pty.openpty()
        argv = [sys.executable, "-c", AT_TERMINAL, str(HOLDPOINT), *map(str, words)]
        self.process = subprocess.Popen(argv, stdin=there, stdout=there, stderr=there, start_new_session=True)
        os.close(there)
        self.seen = ""

    def until(self, text: str) -> None:
        """Read until `text` is on the screen."""
        deadline = time.monotonic() + 60
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen
            self.seen += self._read()

    def type(self, text: str) -> None:
        os.write(self._here, text.encode())

    def end(self) -> int:
        """Read to the end; the exit code."""
        while more := self._read():
            self.seen += more
        os.close(self._here)
        return self.process.wait(60)

    def _read(self) -> str:
        try:
            return os.read(self._here, 4096).decode(errors="replace")
        except OSError:  # the other side has closed: on Linux that is EIO
            return ""


@pytest.fixture(scope="module")
def ledger(founded_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy_of(founded_folder, tmp_path_factory.mktemp("terminal") / "ledger")
    with running(folder) as cli:
        adopt(cli)
        cli.ok("register", "model/one", "--name", "One", "--weights", "sha256:" + "1" * 64, "--yes")
    return folder


def entries(folder: Path) -> int:
    with running(folder) as cli:
        return cli.ledger.desk.read_head().size


def test_a_person_is_asked_reads_and_says_yes(ledger: Path) -> None:
    before = entries(ledger)
    screen = Screen("determine", "one", "CBRN-4", "--as", "assessor", "--data", ledger)
    screen.until("state of CBRN-4 (below, not_ruled_out, crossed): ")
    screen.type("below\n")
    screen.until("rationale, which stays here: ")
    screen.type("seen in a fictional run\n")
    screen.until("Sign and post this? (yes or no): ")
    assert "clause: anthropic-rsp-2.2, CBRN-4: section 2; Appendix C" in screen.seen
    screen.type("yes\n")
    assert screen.end() == 0, screen.seen
    assert f"recorded at index {before}" in screen.seen
    assert "\x1b" not in screen.seen, "no colour was asked for"
    assert entries(ledger) == before + 1


def test_interrupted_while_asked(ledger: Path) -> None:
    before, spool = entries(ledger), ledger / "spool"
    screen = Screen("determine", "one", "CBRN-4", "--as", "assessor", "--data", ledger)
    screen.until("state of CBRN-4")
    screen.type("\x03")
    assert screen.end() == 130, screen.seen
    assert "Traceback" not in screen.seen
    assert entries(ledger) == before, "nothing was signed, and the folder is free again"
    assert not spool.exists() or not list(spool.iterdir())
