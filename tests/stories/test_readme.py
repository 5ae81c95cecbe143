"""README's ten minutes by hand and the tutorial, read out of their pages and run, with the exit codes that comments promise."""

import contextlib
import os
import re
import shlex
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.commands import Cli, running, serving

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
BY_ITSELF = frozenset({"demo", "dev", "doctor", "fsck"})
PROMISE = re.compile(r"# exit ([0-9])")


def by_hand(page: str, heading: str) -> list[tuple[list[str], int]]:
    """Words and promised exit code of each command in the fenced blocks of a section."""
    section = (ROOT / page).read_text().split(heading)[1].split("\n## ")[0]
    blocks = section.split("```")[1::2]
    found = []
    for line in filter(None, "\n".join(block.strip() for block in blocks).split("\n")):
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
    (tmp_path / "README.md").write_bytes((ROOT / "README.md").read_bytes())
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(BIN)
    return tmp_path


@pytest.mark.parametrize(
    ("page", "heading"),
    [
        ("README.md", "## Ten minutes by hand"),
        ("docs/tutorial/first-ledger.md", "# A first ledger"),
        ("docs/how-to/rotate-a-key.md", "# Rotate or revoke a key"),
        ("docs/how-to/rotate-the-root.md", "# Rotate the root"),
        ("docs/how-to/freeze-a-ledger.md", "# Freeze a ledger"),
        ("docs/how-to/suppress-an-entry.md", "# Suppress an entry"),
    ],
)
def test_a_page_by_hand(page: str, heading: str, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What opens the ledger shares one open one; what makes, checks or serves the folder runs by itself."""
    monkeypatch.chdir(checkout)
    commands = by_hand(page, heading)
    assert commands[0] == (["make", "setup"], 0)
    if "how-to" not in page:
        assert len(commands) >= 10
        assert {"gate", "import", "history", "verify"} <= {words[1] for words, _ in commands[1:]}
    with contextlib.ExitStack() as stack:
        cli: Cli | None = None
        for words, promised in commands[1:]:
            assert words[0] == ".venv/bin/holdpoint", words
            if words[1] == "serve":
                stack.close()
                serve(words, checkout)
                continue
            if words[1] in BY_ITSELF or words[1:3] == ["keys", "new"]:
                stack.close()
                cli = None
                done = subprocess.run(words, cwd=checkout, capture_output=True, text=True, timeout=120, check=False)
                code, said = done.returncode, done.stdout + done.stderr
            else:
                cli = cli or stack.enter_context(running(Path(words[words.index("--data") + 1])))
                ran = cli(*words[1:])
                code, said = ran.code, ran.out + ran.err
            assert code == promised, f"{shlex.join(words)}\n{said}"


def serve(words: list[str], cwd: Path) -> None:
    with serving(*words[2:], cwd=cwd) as (url, _), urllib.request.urlopen(f"{url}/", timeout=30) as answer:
        assert b"DEVELOPMENT" in answer.read()


def test_the_console_script_is_the_one_that_readme_names() -> None:
    assert os.access(BIN / "holdpoint", os.X_OK)
