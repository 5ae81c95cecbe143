"""Two witnesses as real processes beside a real service: cosignatures reach `/log/checkpoint`, and a reader's own policy is met."""

import json
import subprocess
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.commands import HOLDPOINT, serving
from tests.faults.test_killed_witness import free_port


def holdpoint(*words: object, code: int = 0) -> str:
    done = subprocess.run([str(HOLDPOINT), *map(str, words)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout


def witness(stack: ExitStack, folder: Path, name: str, keys: Path) -> tuple[str, list[str]]:
    words = [
        str(HOLDPOINT),
        "witness",
        name,
        "--log",
        str(keys),
        "--folder",
        str(folder),
        "--port",
        str(free_port()),
        "--json",
    ]
    process = stack.enter_context(subprocess.Popen(words, stdout=subprocess.PIPE, text=True))
    stack.callback(process.kill)
    assert process.stdout is not None
    said = json.loads(process.stdout.readline())
    return said["details"][0].rstrip("/"), said["vkeys"]


@pytest.mark.timeout(180)
def test_a_served_log_is_witnessed(story_folder: Path, tmp_path: Path) -> None:
    pin, keys, policy = tmp_path / "pin.json", tmp_path / "log.vkeys", tmp_path / "policy"
    holdpoint("pin", pin, "--data", story_folder)
    vkeys = json.loads(pin.read_text())["vkeys"]
    keys.write_text("".join(f"{v}\n" for v in vkeys))
    with ExitStack() as stack:
        lines = [f"log {v}" for v in vkeys]
        for name in ("one", "two"):
            url, own = witness(stack, tmp_path / name, f"w.example/{name}", keys)
            lines += [f"witness {name}-{n} {vkey} {url}" for n, vkey in enumerate(own)]
        lines += ["group both all one-0 two-0", "quorum both"]
        policy.write_text("".join(f"{line}\n" for line in lines))
        said = json.loads(holdpoint("cosign", policy, "--data", story_folder, "--json"))
        assert [d["status"] for d in said["details"]] == ["cosigned", "cosigned"]
        holdpoint("principal", "register", "newcomer", "--data", story_folder)
        with serving("--data", str(story_folder), "--witness-policy", str(policy), cwd=tmp_path) as (
            url,
            _,
        ):
            note = ""
            until = time.monotonic() + 60
            while "w.example/two" not in note and time.monotonic() < until:
                time.sleep(0.5)
                with urllib.request.urlopen(f"{url}/log/checkpoint", timeout=30) as answer:
                    note = answer.read().decode()
            assert note.count("w.example/one") == note.count("w.example/two") == 2
            (tmp_path / "checkpoint").write_text(note)
            assert "VALID (exit 0)" in holdpoint("verify", url, "--pin", pin, "--witness-policy", policy)
            assert "VALID (exit 0)" in holdpoint("verify-checkpoint", tmp_path / "checkpoint", "--policy", policy)
    # Nobody is there any more: not one answers, and that is said.
    holdpoint("cosign", policy, "--data", story_folder, code=5)
