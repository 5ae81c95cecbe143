"""The acceptance script of interface.md §1, as a stranger runs it: the console script, its words, its exit codes.

Steps 1, 3, 4, 7, 9 and 10; the others belong to later orders.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from api.tamper import tampered_copy
from auditor.pin import parse_pin
from auditor.source import folder_reader
from auditor.verify import verify_export

ROOT = Path(__file__).resolve().parents[2]
HOLDPOINT = Path(sys.executable).parent / "holdpoint"
MODEL = "model/fictional-one"


def run(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("HOLDPOINT_")} | {"PYTHONWARNINGS": "default"}
    return subprocess.run(
        [HOLDPOINT, *map(str, words)], cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False
    )


def printed(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A command line exactly as it was printed."""
    words = shlex.split(line, comments=True)
    assert words[0] == "holdpoint"
    return run(*words[1:], cwd=cwd)


def test_step_1_the_short_story(demo: tuple[Path, str]) -> None:
    folder, text = demo
    assert "fictional" in text.split("\n")[0]
    assert "Not legal advice" in text
    assert "founded dev/fictional-lab.example" in text
    assert "it persists there" in text
    assert str(folder) in text
    assert re.search(r"exported \d+ entries", text)
    assert "verify the export, under the pin: VALID_UNWITNESSED (exit 0)" in text
    following = re.findall(r"^  (holdpoint .*)$", text.split("Go on by hand:")[1], re.MULTILINE)
    assert len(following) == 3
    for line in following:
        assert printed(line, folder).returncode == 0, line


def test_step_3_the_gate_denies_with_reasons(demo: tuple[Path, str]) -> None:
    folder, text = demo
    denied = re.search(r"DENY\n  as of size (\d+)", text)
    assert denied is not None
    done = run("gate", MODEL, "external_deploy", "--at", denied.group(1), "--data", folder)
    assert done.returncode == 3
    assert "DENY" in done.stdout.split("\n")[0]
    assert "x G-EXTERNAL-ASL3 (section 4; section 5; section 6.2): unmet" in done.stdout
    assert "unblocked by" in done.stdout
    said = json.loads(run("gate", MODEL, "external_deploy", "--at", denied.group(1), "--json", "--data", folder).stdout)
    unmet = [f for f in said["details"] if f["state"] != "met"]
    assert said["clearance"] == "deny"
    assert all(f["clause"] and f["ref"] and f["why"] for f in unmet)
    assert any(f["indexes"] for f in said["details"]), "it names the events that it looked at"


def test_step_4_import_is_one_line(demo: tuple[Path, str], tmp_path: Path) -> None:
    folder, _ = demo
    log = tmp_path / "answer-rate.eval"
    shutil.copyfile(ROOT / "examples" / "logs" / log.name, log)
    done = run("import", log, "--model", MODEL, "--data", folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert re.search(r"at index \d+ \d{4}-\d\d-\d\dT[0-9:.]+Z receipt \S+\.receipt", done.stdout)
    assert "distrusted: no revision" in done.stderr
    assert (tmp_path / "answer-rate.eval.receipt").read_text().startswith("c2sp.org/tlog-proof@v1\n")


def test_step_7_a_cut_tail(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    whole = sorted(p.read_bytes() for p in (folder / "export").rglob("*") if p.is_file())
    done = run("demo", "--tamper", "tail", "--data", folder)
    assert done.returncode == 0, done.stderr
    under, without = re.findall(r"^  (holdpoint verify .*)$", done.stdout, re.MULTILINE)
    diverged = printed(under, folder)
    assert diverged.returncode == 4
    assert re.search(r"DIVERGED.*\n", diverged.stdout)
    sizes = re.search(r"pinned size (\d+), shown size (\d+): first missing index (\d+)", diverged.stdout)
    assert sizes is not None
    assert int(sizes.group(1)) > int(sizes.group(2)) == int(sizes.group(3))
    unanchored = printed(without, folder)
    assert unanchored.returncode == 5
    assert "UNANCHORED" in unanchored.stdout
    for kind in ("byte", "swap"):
        copy = tampered_copy(folder, kind)
        assert verify_export(folder_reader(copy), parse_pin((folder / "pin.json").read_bytes())).exit_code == 4
    assert sorted(p.read_bytes() for p in (folder / "export").rglob("*") if p.is_file()) == whole
    assert run("demo", "--tamper", "everything", "--data", folder).returncode == 2


def test_step_9_a_fresh_key(tmp_path: Path) -> None:
    """A key that nobody knows, then one that holds no role: each refusal prints what would grant it, and that works."""
    folder = tmp_path / "lab"
    where = ("--data", folder)
    assert run("dev", *where).returncode == 0
    weights = ("--name", "One", "--weights", "sha256:" + "1" * 64)
    assert run("keys", "new", folder / "keys" / "newcomer.pem").returncode == 0
    first = run("register", "model/one", *weights, "--as", "newcomer", "--yes", *where)
    assert first.returncode == 3
    assert first.stderr.split("refused: ")[1].startswith("key-unknown")
    for line in ("principal register newcomer", f"keys register {folder / 'keys' / 'newcomer.pem'} newcomer"):
        done = run(*line.split(), *where)
        assert done.returncode == 0, done.stderr
    second = run("register", "model/one", *weights, "--as", "newcomer", "--yes", *where)
    assert second.returncode == 3
    assert second.stderr.split("refused: ")[1].startswith("role-missing")
    grant, again = re.findall(r"holdpoint [^;\n]+", second.stderr.split("next:")[1])
    assert grant.startswith("holdpoint role grant newcomer assessor")
    for line in (grant, again):
        done = printed(line, tmp_path)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    assert "recorded at index" in done.stdout
    assert len(list((folder / "refused").glob("*"))) == 1, "what was sent again is kept no longer"


def test_step_10_roles_as_sql_first_and_a_doctor(demo: tuple[Path, str], tmp_path: Path) -> None:
    done = run("init", "--database", "postgresql://db.example/holdpoint", "--print-sql", cwd=tmp_path)
    assert done.returncode == 0
    assert "CREATE ROLE" in done.stdout
    assert not list(tmp_path.iterdir()), "nothing was done"
    folder, _ = demo
    found = run("doctor", "--data", folder)
    assert found.returncode == 0, found.stdout
    lines = found.stdout.split("\n")
    assert any(line.startswith("green") for line in lines)
    for here, after in zip(lines, lines[1:], strict=False):
        if here.startswith(("amber", "red")):
            assert after.startswith("       "), f"{here} has no remedy"
