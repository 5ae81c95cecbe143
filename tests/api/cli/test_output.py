"""One JSON object, four lines, the exit codes of interface.md §2; no control character of an event reaches a terminal."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from api.book import RefusedError
from api.cli.output import EXITS, exit_of, four_lines
from ledger.errors import Conflict, Fault, LedgerError, Malformed, Unverified
from ledger.reasons import Reason, Refused
from tests.commands import Cli
from tests.conftest import copy_of

HOLDPOINT = Path(sys.executable).parent / "holdpoint"
NASTY = "\x1b[2J\x07\r\n\u202e\u0000end"


@pytest.mark.parametrize(
    ("err", "code"),
    [
        (Malformed("log", "file", "not-json"), 2),
        (RefusedError(Refused(Reason.ROLE_MISSING, "no")), 3),
        (Unverified("receipt", "index", "index-mismatch"), 4),
        (Conflict("head", {}), 4),
        (Fault("diverged", "failed", "", ""), 4),
        (Fault("empty", "failed", "", ""), 5),
        (Fault("server-unreachable", "unknown", "", ""), 6),
        (Fault("anything-new", "unknown", "", ""), 6),
        (Fault("anything-new", "failed", "", ""), 1),
        (Fault("signer-missing", "failed", "", ""), 7),
        (ValueError("ours"), 1),
    ],
    ids=str,
)
def test_exit_codes(err: Exception, code: int) -> None:
    assert exit_of(err) == code


def test_a_code_has_one_exit() -> None:
    codes = [code for found in EXITS.values() for code in found]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    "err",
    [
        Malformed("log", NASTY, "not-json"),
        RefusedError(Refused(Reason.ROLE_MISSING, NASTY, (("principal", NASTY), ("role", NASTY)))),
        Unverified("receipt", NASTY, "index-mismatch"),
        Fault("empty", "failed", NASTY, NASTY),
    ],
    ids=lambda e: type(e).__name__,
)
def test_four_lines_and_no_control(err: LedgerError) -> None:
    lines = four_lines(err)
    assert len(lines) == 4
    assert all(line and line.isprintable() for line in lines)


def test_every_refusal_says_what_next() -> None:
    for reason in Reason:
        *_, following = four_lines(RefusedError(Refused(reason, "detail", (("principal", "p"), ("role", "decider")))))
        assert (
            "holdpoint" in following
            or "docs/" in following
            or "someone else" in following
            or "--" in following
            or "read" in following
        ), reason


def objects(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    "words",
    [
        ("gate", "one", "train"), ("status", "one"), ("status", "nobody"), ("event", "show", "0"), ("event", "show", "99999"),
        ("determine", "one", "CBRN-3"), ("import", "absent.eval", "--model", "one"), ("framework", "lint", "none"),
        ("framework", "show", "xai-faif-2025-12-30"), ("verify", "nowhere"), ("history", "--limit", "0"), ("gate", "one", "train", "--nonsense"),
        ("role", "grant", "key-admin-1", "approver", "--as", "key-admin"), ("keys", "new", "k.pem", "--alg", "rsa"),
        ("gate", "one", "train", "--at", "yesterday"), ("gate", "one", "train", "--at", "999999"), ("nothing",),
    ],
    ids=" ".join,
)  # fmt: skip
def test_json_is_exactly_one_object_of_the_common_shape(cli: Cli, words: tuple[str, ...]) -> None:
    done = cli(*words, "--json")
    (value,) = objects(done.out)
    assert {"schema", "ok", "code", "details", "checkpoint"} <= set(value)
    assert re.fullmatch(r"holdpoint\.[a-z-]+/1", str(value["schema"]))
    assert value["ok"] is (done.code == 0)
    checkpoint = value["checkpoint"]
    assert checkpoint is None or set(checkpoint) == {"origin", "size", "root"}  # type: ignore[call-overload]  # JSON
    assert done.code in range(8)


def test_lists_are_ndjson(cli: Cli) -> None:
    for words in (("history", "ledger", "--limit", "3"), ("keys", "list"), ("thresholds", "one")):
        rows = objects(cli.ok(*words, "--json").out)
        assert len(rows) >= 3
        assert {str(r["schema"]) for r in rows} == {f"holdpoint.{words[0]}/1"}


def test_pages_say_how_to_go_on(cli: Cli) -> None:
    first = cli.ok("history", "ledger", "--limit", "2")
    assert "--after 1" in first.err
    second = cli.ok("history", "ledger", "--limit", "2", "--after", "1")
    assert second.out.split()[0] == "2"
    assert cli("history", "ledger", "--after", "99999").code == 5
    assert cli("history", "model/nobody").code == 5


def test_controls_in_events_are_escaped(cli: Cli) -> None:
    text = "body.informed=" + json.dumps({"body": "BOARD", "documents": [], "of": "0" * 64})
    done = cli("event", "post", text, "--stream", "model/\x1b[31m", "--as", "deployer")
    assert done.code in (2, 3)
    assert "\x1b" not in done.err + done.out
    assert "\x1b" not in cli("status", "model/\x1b]0;x\x07").err
    assert "\x1b" not in cli("gate", "model/\x1b[2J", "train").out


def test_json_is_ascii_whatever_an_event_says(cli: Cli) -> None:
    text = "body.informed=" + json.dumps({"body": "BOARD", "documents": [], "of": "x\u202e\u009b31m"})
    done = cli("event", "post", text, "--stream", "model/one", "--as", "deployer", "--json")
    assert done.code == 2
    assert done.out.isascii()
    cli.ok("request", "one", "train", "--audience", "general", "--condition", "\u009b2J\u202ehidden", "--yes")
    index = cli.ledger.desk.read_head().size - 2
    shown = cli.ok("event", "show", index, "--json")
    assert shown.out.isascii()
    assert "\u202e" in json.loads(shown.out)["details"]["predicate"]["body"]["conditions"][0]
    plain = cli.ok("event", "show", index)
    assert "\u202e" not in plain.out
    assert "\u009b" not in plain.out


def test_a_misspelt_setting_stops_every_command(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOLDPOINT_PINN": "x"}
    done = subprocess.run(
        [HOLDPOINT, "framework", "lint", "anthropic-rsp-2.2"],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("setting-unknown")


def test_a_folder_that_is_open_elsewhere_names_the_server(cli: Cli) -> None:
    done = subprocess.run(
        [HOLDPOINT, "status", "one", "--data", cli.folder], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 6
    assert done.stderr.startswith("folder-in-use")
    assert "--server URL" in done.stderr


def test_interrupted_is_130_and_leaves_nothing_half_written(founded_folder: Path, tmp_path: Path) -> None:
    """SIGINT comes after the first file of an export."""
    folder = copy_of(founded_folder, tmp_path / "ledger")
    interrupted = (
        "import os, signal, sys, api.handing_over as h\n"
        "real = h.write_synced\n"
        "def once(path, content, mode=0o666):\n"
        "    real(path, content, mode)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "h.write_synced = once\n"
        "from api.cli.main import main\n"
        "main(sys.argv[1:])\n"
    )
    words = ["export", str(tmp_path / "out"), "--data", str(folder)]
    done = subprocess.run(
        [sys.executable, "-c", interrupted, *words], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "out").rglob("*.new"))
    assert not (tmp_path / "out" / "checkpoint").exists(), "the checkpoint comes last"
    free = subprocess.run(
        [HOLDPOINT, "status", "one", "--data", str(folder)], capture_output=True, text=True, timeout=60, check=False
    )
    assert free.returncode == 5, "the database was stopped: the folder is free again"
