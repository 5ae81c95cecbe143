"""Every command's help carries one example, and every example is run here for real."""

import re
import shlex
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from api.cli.main import app
from tests.commands import HOLDPOINT, ROOT, Cli, serving

# In the order of a ledger's life; what follows is the exit code where it is not 0.
FOLDERS = ["init", "migrate", "doctor", "fsck", "dev", "demo", "serve"]
ORDER: list[tuple[str, int]] = [
    ("framework lint", 0), ("framework show", 0), ("framework list", 0), ("framework diff", 3),
    ("framework publish", 0), ("framework adopt", 0), ("framework interpret", 0), ("framework source", 0),
    ("principal register", 0), ("keys new", 0), ("keys new-log", 0), ("keys register", 0), ("keys list", 0), ("role grant", 0),
    ("register", 0), ("import", 0), ("determine", 0), ("attest", 0), ("document submit", 0), ("document confirm", 0),
    ("document publish", 0), ("request", 0), ("approve", 0), ("inform", 0), ("decide", 0),
    ("training start", 0), ("training pause", 0), ("training resume", 0), ("training end", 0), ("reassess", 0),
    ("deployment start", 0), ("deployment change", 0), ("deployment end", 0),
    ("framework simulate", 0), ("gate", 3), ("status", 0), ("history", 0), ("decision list", 0),
    ("decision show", 0), ("thresholds", 0), ("safeguards", 0), ("framework timeline", 0),
    ("incident observe", 0), ("incident involve", 0), ("incident classify", 0), ("report incident", 0),
    ("incident report-filed", 0), ("incident resolve", 0), ("incident show", 0), ("incident list", 0), ("obligations", 0),
    ("obligation fulfil", 0), ("obligation toll", 0), ("obligation not-applicable", 0),
    ("root rotate", 0), ("log rotate", 0), ("rules adopt", 0), ("entry suppress", 0), ("freeze", 0), ("restore-note", 0),
    ("event new", 0), ("event sign", 0), ("event post", 0), ("event show", 0),
    ("token issue", 0), ("token revoke", 3), ("role revoke", 0), ("keys revoke", 0),
    ("pin", 0), ("export", 0), ("verify", 0),
]  # fmt: skip
OTHERS = {
    "break-glass review",
    "compare",
    "cosign",
    "disclose",
    "erase",
    "framework scope",
    "exception invoke",
    "recommend",
    "report bundle",
    "anchor",
    "hammer",
    "mirror",
    "monitor",
    "rebuild",
    "restore",
    "timestamp",
    "verify-checkpoint",
    "verify-proof",
    "witness",
}  # run by the tests of what they do


def commands(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{name} ")
        else:
            yield prefix + name, command


COMMANDS = dict(commands(typer.main.get_command(app)))


def example_of(name: str) -> list[str]:
    text = " ".join((COMMANDS[name].help or "").split())
    found = re.findall(r"Example: (holdpoint .+)$", text)
    assert len(found) == 1, f"{name}: its help carries one example"
    words = shlex.split(found[0])
    assert words[1 : 1 + len(name.split())] == name.split(), f"the example of {name} is one of {name}"
    return words[1:]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_carries_one_example_and_json(name: str) -> None:
    example_of(name)
    assert any("--json" in p.opts for p in COMMANDS[name].params), f"{name} has --json"


def test_no_example_is_left_out() -> None:
    assert {name for name, _ in ORDER} | set(FOLDERS) == set(COMMANDS) - OTHERS


def test_examples_on_an_open_ledger(cli: Cli) -> None:
    shutil.copyfile(ROOT / "README.md", "README.md")
    shutil.copytree(ROOT / "examples" / "logs", "examples/logs")
    for name, code in ORDER:
        if name == "incident observe":
            cli.ok("framework", "publish", "eu-gpai-cop-safety-security", "--adopt", "--as", "framework-admin")
        done = cli(*example_of(name))
        assert done.code == code, f"{name}: {done.err}{done.out}"
        if name == "event sign":
            cli.ok("event", "sign", "revoke.dsse.json", "--add", "--as", "key-admin-2", "--yes")


def test_examples_on_folders_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "examples").mkdir()
    for name in FOLDERS:
        words = [str(HOLDPOINT), *example_of(name)]
        if name == "serve":
            with (
                serving(*words[2:], cwd=tmp_path) as (url, _),
                urllib.request.urlopen(f"{url}/readyz", timeout=30) as answer,
            ):
                assert answer.status == 200
        else:
            done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
            assert done.returncode == 0, f"{name}: {done.stderr}{done.stdout}"
