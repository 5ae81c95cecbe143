"""`framework simulate` on a real ledger: steps with index and time, the recorded answer beside them, pages, nothing recorded."""

import json
from typing import Any

from tests.commands import Cli


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def simulated(cli: Cli, *words: object) -> list[dict[str, Any]]:
    return rows(cli.ok("framework", "simulate", *words, "--data", ".holdpoint", "--json").out)


def test_another_pack_over_this_ledgers_history(cli: Cli) -> None:
    before = cli.ledger.appender.size
    found = simulated(cli, "xai-faif-2025-12-30", "--action", "external_deploy", "--audience", "general")
    assert {(r["model"], r["action"]) for r in found} == {("model/one", "external_deploy")}
    first = found[0]
    assert (first["passed"], first["simulated"]["answer"], first["recorded"]["answer"]) == (
        False,
        "undetermined",
        "undetermined",
    )
    assert "subject-unknown" not in first["simulated"]["reasons"], "it begins with the model"
    last = found[-1]
    assert first["index"] <= last["index"] < before
    assert cli.ledger.appender.size == before, "nothing was recorded"


def test_the_answer_changes_at_the_entry_that_changed_it(cli: Cli) -> None:
    cli.ok("determine", "model/one", "CBRN-4", "--state", "crossed", "--rationale", "shown", "--yes")
    index = cli.ledger.appender.size
    found = simulated(cli, "anthropic-rsp-2.2", "--action", "internal_deploy", "--model", "model/one")
    denied = next(r for r in found if r["simulated"]["answer"] == "deny")
    assert not denied["differs"]
    assert denied["index"] < index
    entry = cli.ledger.desk.find(denied["index"] - 2, 3)
    assert any("threshold.determined" in row.topic for row in entry)
    text = cli.ok(
        "framework", "simulate", "anthropic-rsp-3.1", "--action", "internal_deploy", "--data", ".holdpoint"
    ).out
    assert "DIFFERS  model/one internal_deploy" in text
    assert "recorded: deny" in text


def test_steps_page_and_nothing_is_no_answer(cli: Cli) -> None:
    whole = simulated(cli, "anthropic-rsp-2.2", "--limit", "1000")
    first = cli.ok("framework", "simulate", "anthropic-rsp-2.2", "--limit", "1", "--data", ".holdpoint", "--json")
    assert "--skip 1" in first.err
    assert rows(first.out) == whole[:1]
    assert simulated(cli, "anthropic-rsp-2.2", "--limit", "1000", "--skip", "1") == whole[1:]
    assert cli("framework", "simulate", "anthropic-rsp-2.2", "--skip", "100000").code == 5
    assert cli("framework", "simulate", "eu-ai-act-gpai").code == 5, "it gates nothing"
