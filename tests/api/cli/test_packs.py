"""`framework lint | show | list`: every fault with file, line and clause; what ships; what was in force when; what a ledger holds."""

import json
from pathlib import Path

import pytest

from api.cli.packs import shipped_ids
from tests.commands import Cli
from tests.policies.world import FRAMEWORKS

RSP = (FRAMEWORKS / "anthropic-rsp-2.2.toml").read_text()


def rows(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_lint_reads_all_that_ship_and_finds_no_fault(cli: Cli) -> None:
    told = json.loads(cli.ok("framework", "lint", "--json").out)
    assert (told["ok"], told["faults"]) == (True, [])
    assert [r["id"] for r in told["details"]] == shipped_ids()
    assert cli.ok("framework", "lint").out.splitlines()[-1] == f"{len(shipped_ids())} packs read, 0 faults"


def test_lint_goes_on_after_a_fault_and_names_file_line_and_clause(cli: Cli) -> None:
    Path("bent.toml").write_text(
        RSP.replace('trigger_event = "deployment.started"', 'trigger_event = "deployment.dreamt"')
    )
    Path("torn.toml").write_text('id = "a"\nid = "b"\n')
    Path("lone.toml").write_text(RSP + '\n[statutory]\nlaw = "us-xx-none"\nclauses = ["1"]\n')
    done = cli("framework", "lint", "bent.toml", "torn.toml", "lone.toml", "meta-aasf-2.0", "--json")
    told = json.loads(done.out)
    assert (done.code, told["ok"], told["code"]) == (1, False, "faults")
    assert [r["id"] for r in told["details"]] == ["anthropic-rsp-2.2", "meta-aasf-2.0"]
    bent, torn, lone = told["faults"]
    line = RSP[: RSP.index('trigger_event = "deployment.started"')].count("\n") + 1
    assert bent == {
        "file": "bent.toml",
        "line": str(line),
        "clause": "obligations O-PUBLIC trigger_event",
        "rule": "pack-trigger",
    }
    assert (torn["file"], torn["rule"]) == ("torn.toml", "pack-toml")
    assert "line 2" in torn["clause"]
    assert (lone["file"], lone["rule"]) == ("lone.toml", "lint-law")
    assert int(lone["line"]) == RSP.count("\n") + 3
    text = cli("framework", "lint", "bent.toml").out
    assert f"bent.toml:{line}: obligations O-PUBLIC trigger_event: pack-trigger" in text


def test_show_says_what_was_not_read_and_who_acts(cli: Cli) -> None:
    told = cli.ok("framework", "show", "us-ny-raise").out
    assert "NOT READ: section 1421 after subdivision 1" in told
    assert "gate G-STATEMENT (1428)" in told
    assert "72 hours from the determination, or reasonable belief if earlier" in told
    rsp = cli.ok("framework", "show", "anthropic-rsp-2.2").out
    assert "CEO and RSO decide; BOARD and LTBT are told before" in rsp
    assert "known as a difference to anthropic-rsp-3.1" in cli.ok("framework", "show", "anthropic-rsp-3.0").out


@pytest.mark.parametrize(
    ("day", "rsp"),
    [
        ("2025-05-13", []),
        ("2025-05-14", ["2.2"]),
        ("2026-02-23", ["2.2"]),
        ("2026-02-24", ["3.0"]),
        ("2026-04-07", ["3.1"]),
    ],
)
def test_list_says_what_was_in_force_on_a_day(cli: Cli, day: str, rsp: list[str]) -> None:
    found = rows(cli.ok("framework", "list", "--at", day, "--json").out)
    assert [r["version"] for r in found if str(r["id"]).startswith("anthropic-rsp")] == rsp
    assert all(str(r["in_force_from"]) <= day for r in found)


def test_list_all_is_everything_and_a_size_is_no_day(cli: Cli) -> None:
    found = rows(cli.ok("framework", "list", "--all", "--json").out)
    assert [r["id"] for r in found] == shipped_ids()
    assert "published" not in found[0], "no ledger was named"
    assert cli("framework", "list", "--at", "12").code == 2


def test_list_says_what_the_ledger_holds(cli: Cli) -> None:
    for name in ("us-ca-sb53", "xai-faif-2025-12-30"):
        cli.ok("framework", "publish", name, "--as", "framework-admin")
    between = cli.ledger.now()
    cli.ok("framework", "adopt", "xai-faif-2025-12-30", "--as", "framework-admin")
    found = {r["id"]: r for r in rows(cli.ok("framework", "list", "--all", "--data", ".holdpoint", "--json").out)}
    held = {i: [n for n in ("published", "adopted", "binding") if r[n]] for i, r in found.items()}
    assert held["us-ca-sb53"] == ["published", "binding"], "a law binds as published, from its date"
    assert held["xai-faif-2025-12-30"] == ["published", "adopted", "binding"]
    assert held["meta-aasf-2.0"] == []
    # Adopted now is not adopted then; before entry 0 the ledger held nothing.
    listed = ("framework", "list", "--all", "--data", ".holdpoint", "--json", "--at")

    def then(at: str) -> dict[str, list[str]]:
        told = rows(cli.ok(*listed, at).out)
        return {str(r["id"]): [n for n in ("published", "adopted", "binding") if r[n]] for r in told}

    assert then(between)["xai-faif-2025-12-30"] == ["published"]
    assert then(between)["us-ca-sb53"] == ["published", "binding"]
    assert set(map(tuple, then("2026-01-02").values())) == {()}
    assert then("2099-01-01")["xai-faif-2025-12-30"] == ["published", "adopted", "binding"]
