"""The deny screen's commands are real: running exactly what it prints, as the people it names, ends in permit."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.entry import parse_entry
from ledger.envelope import parse_envelope
from tests.commands import ROOT, Cli, adopt, running
from tests.conftest import copy_of

ASKED = ("gate", "model/one", "external_deploy", "--audience", "general", "--surface", "api", "--host", "own cloud'1")
STATES = {"CBRN-3": "not_ruled_out"}


@pytest.fixture
def cli(founded_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    monkeypatch.chdir(tmp_path)
    with running(copy_of(founded_folder, tmp_path / "held")) as commands:
        adopt(commands)
        commands.ok("register", "model/one", "--name", "One", "--weights", "sha256:" + "1" * 64, "--yes")
        Path("report.txt").write_text("a fictional report")
        yield commands


def answers(line: str) -> str:
    """What the person says who runs a printed command: only what no program can know."""
    verb = line.split()[1]
    if verb == "determine":
        return f"{STATES.get(line.split()[3], 'below')}\nseen in a fictional run\nyes\n"
    if verb == "decide":
        return "permit\nyes\n"
    return {"document": "report.txt\nyes\n" if "submit" in line else "yes\n", "inform": "yes\nyes\n"}.get(verb, "yes\n")


def printed(screen: str) -> tuple[list[str], list[str]]:
    """Commands that unblock findings, and those that have to follow."""
    before, _, after = screen.partition("in this order:")
    return [re.findall(r"^ +(holdpoint .*)$", part, re.MULTILINE) for part in (before, after)]  # type: ignore[return-value]  # two


def test_running_exactly_the_printed_commands_ends_in_permit(cli: Cli) -> None:
    asked = tuple(w.replace("own cloud'1", "own-cloud-1") for w in ASKED)
    screens = []
    for _ in range(5):
        done = cli(*asked)
        screens.append(done.out)
        if done.code == 0:
            break
        unblock, following = printed(done.out)
        assert unblock or following, done.out
        for line in unblock or following:
            ran = cli.line(line, typed=answers(line))
            assert ran.code == 0, f"{line}\n{ran.err}"
    assert done.code == 0, screens[-1]
    assert "PERMIT" in screens[-1].split("\n")[0]
    assert 3 <= len(screens) <= 5
    # asked again without a context, the standing decision gives it
    assert cli("gate", "model/one", "external_deploy").code == 0
    # and for another audience nothing was decided
    assert cli("gate", "model/one", "external_deploy", "--audience", "everyone").code == 3


def test_what_is_asked_for_is_quoted_for_a_shell(cli: Cli) -> None:
    done = cli(*ASKED)
    lines = [line for part in printed(done.out) for line in part]
    assert any("'own cloud'\"'\"'1'" in line for line in lines), done.out


def test_each_command_is_printed_once(cli: Cli) -> None:
    done = cli(*ASKED)
    lines = [line for part in printed(done.out) for line in part]
    assert len(lines) == len(set(lines))
    assert "as above" in done.out


def test_the_screen_names_the_ledger_that_was_asked(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from api.session import Session

    monkeypatch.setattr(Session, "where", " --data other")
    done = cli(*ASKED)
    lines = [line for part in printed(done.out) for line in part]
    assert lines
    assert all("--data other" in line for line in lines)


def test_a_determination_cites_the_runs_that_were_announced_for_it(cli: Cli) -> None:
    """By hand, as the demo does it: announce a run, import it, determine; the evidence is filled in."""
    (pack,) = [p for _, p in cli.ledger.appender.state.scan("published")]
    promised = {
        "comparator": "<", "framework": pack.digest, "max_runs": 1, "metric": "accuracy", "min_samples": 5,
        "scorer": "includes", "task": "toy_uplift_trials", "task_digest": "sha256:" + "4" * 64, "threshold": "CBRN-3",
        "value": "0.2",
    }  # fmt: skip
    text = f"evaluation.preregistered={json.dumps(promised)}"
    cli.ok("event", "post", text, "--stream", "model/one", "--as", "evaluator")
    shutil.copyfile(ROOT / "examples" / "logs" / "uplift-trials.eval", "run.eval")
    recorded = json.loads(cli.ok("import", "run.eval", "--model", "one", "--json").out)
    done = cli.ok("determine", "one", "CBRN-3", "--state", "not_ruled_out", "--rationale", "x", "--yes", "--json")
    entry, _ = cli.ledger.receipt(json.loads(done.out)["index"])
    body = json.loads(parse_envelope(parse_entry(entry).envelope).payload)["predicate"]["body"]
    leaf = cli.ledger.desk.find(recorded["index"] - 1, 1)[0].leaf.hex()
    assert body["evidence"] == [{"index": recorded["index"], "leaf": leaf}]
