"""README's ten minutes by hand, read out of README and run, line by line, with the exit codes that its comments promise."""

import contextlib
import os
import re
import shlex
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.commands import Cli, running

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
BY_ITSELF = frozenset({"demo", "fsck", "doctor"})
PROMISE = re.compile(r"# exit ([0-9])")


def by_hand() -> list[tuple[list[str], int]]:
    """Words and promised exit code of each command."""
    section = (ROOT / "README.md").read_text().split("## Ten minutes by hand")[1].split("\n## ")[0]
    block = section.split("```")[1]
    found = []
    for line in filter(None, block.strip().split("\n")):
        promise = PROMISE.search(line)
        found.append((shlex.split(line, comments=True), int(promise.group(1)) if promise else 0))
    return found


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that looks like a checkout: what README's commands name, and nothing that they could write into ours."""
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "logs").mkdir()
    for log in (ROOT / "examples" / "logs").iterdir():
        if log.is_file():
            (tmp_path / "examples" / "logs" / log.name).write_bytes(log.read_bytes())
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(BIN)
    return tmp_path


def test_ten_minutes_by_hand(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What opens the ledger shares one open one; what makes, checks or serves the folder runs by itself."""
    monkeypatch.chdir(checkout)
    commands = by_hand()
    assert commands[0] == (["make", "setup"], 0)
    assert len(commands) >= 10
    assert {"demo", "gate", "import", "verify", "fsck", "doctor", "serve"} <= {words[1] for words, _ in commands[1:]}
    with contextlib.ExitStack() as stack:
        cli: Cli | None = None
        for words, promised in commands[1:]:
            assert words[0] == ".venv/bin/holdpoint", words
            if words[1] == "serve":
                stack.close()
                serve(words, checkout)
                continue
            if words[1] in BY_ITSELF:
                stack.close()
                cli = None
                done = subprocess.run(words, cwd=checkout, capture_output=True, text=True, timeout=120, check=False)
                code, said = done.returncode, done.stdout + done.stderr
            else:
                cli = cli or stack.enter_context(
                    running(Path(words[words.index("--data") + 1]) if "--data" in words else Path("demo"))
                )
                ran = cli(*words[1:])
                code, said = ran.code, ran.out + ran.err
            assert code == promised, f"{shlex.join(words)}\n{said}"


def serve(words: list[str], cwd: Path) -> None:
    process = subprocess.Popen([*words, "--port", "8478"], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        for _ in range(300):
            try:
                with urllib.request.urlopen("http://127.0.0.1:8478/", timeout=5) as answer:
                    assert b"DEVELOPMENT" in answer.read()
                    break
            except OSError:
                time.sleep(0.1)
        else:
            pytest.fail("it never answered")
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output


def test_the_console_script_is_the_one_that_readme_names() -> None:
    assert os.access(BIN / "holdpoint", os.X_OK)
