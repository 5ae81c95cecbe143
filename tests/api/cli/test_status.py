"""`status --why`, `--diff`, `--what-if`, `gate --what-if`, `thresholds`, `safeguards`, `framework timeline`, on a ledger that grows."""

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.strict import shift
from tests.commands import Cli

MODEL = "model/one"
CLAIM = (
    "attest", MODEL, "--set", "ASL-3-DEPLOYMENT", "--audience", "general", "--surface", "api", "--host", "own", "--yes",
)  # fmt: skip


def determine(cli: Cli, state: str, threshold: str = "CBRN-3") -> int:
    words = (
        "determine",
        MODEL,
        threshold,
        "--state",
        state,
        "--rationale",
        "fictional",
        "--confidence",
        "low",
        "--yes",
        "--json",
    )
    return int(json.loads(cli.ok(*words).out)["index"])


@pytest.fixture(scope="module")
def told(cli: Cli) -> list[int]:
    """A determination, made again: their indexes."""
    return [determine(cli, "below"), determine(cli, "not_ruled_out")]


def test_the_argument_as_a_tree_and_as_json(cli: Cli, told: list[int]) -> None:
    text = cli.ok("status", MODEL, "--why", "--action", "external_deploy").out
    assert "external_deploy: deny" in text
    assert f"`-- {told[1]} threshold.determined" in text
    assert f"holdpoint event show {told[1]}" in text
    assert "|-- clearance: deny (no-decision, policy-denies)" in text
    assert "`-- policy verdict: deny" in text
    said = json.loads(cli.ok("status", MODEL, "--why", "--json").out)
    assert said["schema"] == "holdpoint.why/1"
    by_action = {a["action"]: a for a in said["details"]}
    entries = [e["index"] for f in by_action["external_deploy"]["verdict"]["findings"] for e in f["entries"]]
    assert told[1] in entries
    assert cli("status", "model/nobody", "--why").code == 5


def test_what_changed_and_which_entry_did_it(cli: Cli, told: list[int]) -> None:
    first, second = told
    text = cli.ok("status", MODEL, "--diff", first, second + 1).out
    assert f"by {second} threshold.determined  assessor" in text
    said = json.loads(cli.ok("status", MODEL, "--diff", first, second + 1, "--json").out)
    found = {(c["kind"], *c["name"]): c for c in said["details"]}
    change = found["threshold", "anthropic-rsp-2.2", "CBRN-3"]
    assert [c["index"] for c in change["causes"]] == [first, second]
    assert (change["before"]["state"], change["after"]["state"]) == (None, "not_ruled_out")
    assert cli.ok("status", MODEL, "--diff", second, second).out.endswith("nothing holds otherwise\n")
    assert cli("status", MODEL, "--diff", second + 1, first).code == 2


def test_the_clock_alone(cli: Cli, told: list[int]) -> None:
    """A favourable determination grows stale with no entry: `clock` did it."""
    determine(cli, "below", "CBRN-4")
    at, late = cli.ledger.now(), shift(cli.ledger.now(), days=1000)
    said = json.loads(cli.ok("status", MODEL, "--diff", told[0] + 1, late, "--json").out)["details"]
    assert ["clock", told[1]] in [[c if c == "clock" else c["index"] for c in s["causes"]] for s in said]
    alone = json.loads(cli.ok("status", MODEL, "--diff", at, late, "--json").out)["details"]
    assert ["threshold", "anthropic-rsp-2.2", "CBRN-4"] in [[c["kind"], *c["name"]] for c in alone]
    assert all(c["causes"] == ["clock"] for c in alone)


def test_one_question_at_a_time(cli: Cli) -> None:
    assert cli("status", MODEL, "--why", "--diff", 1, 2).code == 2
    assert cli("status", MODEL, "--at", 3, "--diff", 1, 2).code == 2


def supposed(cli: Cli, path: Path, **more: Any) -> Path:
    digest = next(a.digest for _, a in cli.ledger.appender.state.scan("adopted"))
    body = {
        "evidence": [], "framework": digest, "made": "role", "precautionary": False, "review_by": None, "state": "below",
        "subjects": [MODEL], "threshold": "CBRN-3",
    }  # fmt: skip
    path.write_text(json.dumps([{"type": "threshold.determined", "stream": MODEL, "body": body, **more}]))
    return path


def test_what_would_be(cli: Cli, told: list[int], tmp_path: Path) -> None:
    assert told
    size = cli.ledger.appender.size
    file = supposed(cli, tmp_path / "events.json")
    text = cli.ok("status", MODEL, "--what-if", file).out
    assert text.startswith(
        "HYPOTHETICAL: nothing of this is recorded\n  [0] threshold.determined by assessor: would be entry"
    )
    said = json.loads(cli.ok("status", MODEL, "--what-if", file, "--json").out)
    assert (said["hypothetical"], said["supposed"][0]["admitted"]) == (True, True)
    now, would = (
        cli("gate", MODEL, "external_deploy", "--json"),
        cli("gate", MODEL, "external_deploy", "--what-if", file, "--json"),
    )
    assert would.code == 3, "a hypothesis clears nothing"
    assert set(json.loads(would.out)) == {*json.loads(now.out), "hypothetical", "supposed"}
    assert json.loads(would.out)["hypothetical"] is True
    assert json.loads(now.out)["details"] != json.loads(would.out)["details"]
    assert "HYPOTHETICAL" in cli("gate", MODEL, "external_deploy", "--what-if", file).out
    refused = cli.ok("status", MODEL, "--what-if", supposed(cli, tmp_path / "no.json", by=["deployer"])).out
    assert "would be refused, role-missing" in refused
    assert cli.ledger.appender.size == size


def test_a_malformed_file_is_refused_by_its_member(cli: Cli, tmp_path: Path) -> None:
    file = supposed(cli, tmp_path / "events.json", when="now")
    done = cli("status", MODEL, "--what-if", file)
    assert done.code == 2
    assert "[0].when" in done.err
    assert cli("status", MODEL, "--what-if", tmp_path / "absent.json").code == 2


def test_standings(cli: Cli, told: list[int]) -> None:
    cli.ok(*CLAIM)
    text = cli.ok("thresholds", MODEL).out
    assert "CBRN-3                 not_ruled_out" in text
    assert f"before: below at {told[0]}" in text
    rows = [json.loads(line) for line in cli.ok("thresholds", MODEL, "--at", told[1], "--json").out.splitlines()]
    assert {r["threshold"]: r["state"] for r in rows}["CBRN-3"] == "below"
    claimed = cli.ok("safeguards", MODEL).out
    assert "7 of 7 stand: A3D-1" in claimed
    assert cli("safeguards", MODEL, "--at", told[0]).code == 5
    assert "adopted          anthropic-rsp-2.2 from" in cli.ok("framework", "timeline").out
    assert cli("thresholds", "model/nobody").code == 5


def test_a_misspelt_action_is_no_question(cli: Cli) -> None:
    done = cli("gate", "model/one", "external-deploy")
    assert done.code == 2
    assert "no pack can gate external-deploy" in done.err
    assert "external_deploy" in done.err
