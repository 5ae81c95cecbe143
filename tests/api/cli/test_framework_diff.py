"""`framework diff`: the exit code says whether something was lost; files, shipped packs and published ones are compared alike."""

import json
from pathlib import Path

import pytest

from api.cli.options import open_book
from api.cli.pack_named import named_pack
from ledger.errors import Fault
from tests.commands import ROOT, Cli

FRAMEWORKS = ROOT / "policies" / "frameworks"
XAI, NEXT = "xai-faif-2025-12-30", "xai-faif-2026-06-30"
UNKNOWN = "no pack nowhere-1 ships with Holdpoint or is published in a ledger here"


def test_the_summary_is_first_and_both_dropped_numbers_follow(cli: Cli) -> None:
    done = cli("framework", "diff", XAI, NEXT)
    assert done.code == 3
    summary, unread, *lines = done.out.splitlines()
    assert summary.startswith(f"{XAI} → {NEXT}: ")
    assert "unread, and so not compared" in unread
    assert [x.split()[:3] for x in lines[:2]] == [
        ["vanished", "number", "RESTRICTED-ANSWER-RATE"], ["vanished", "number", "MASK-DISHONESTY"],
    ]  # fmt: skip
    counted = {k: int(n) for n, k in (x.split() for x in summary.split(": ")[1].split(", "))}
    assert counted == {k: sum(x.split()[0] == k for x in lines) for k in counted}


def test_json_says_the_same_on_one_line(cli: Cli) -> None:
    done = cli("framework", "diff", XAI, NEXT, "--json")
    said = json.loads(done.out)
    assert (done.code, said["ok"], said["code"]) == (3, False, "weaker")
    assert (said["before"]["id"], said["after"]["id"]) == (XAI, NEXT)
    assert sum(said["counts"].values()) == len(said["details"])
    first = said["details"][0]
    assert (first["kind"], first["part"], first["after"], first["ref_after"]) == ("vanished", "numbers", "absent", None)


def test_nothing_lost_is_exit_0(cli: Cli, tmp_path: Path) -> None:
    done = cli("framework", "diff", XAI, XAI)
    assert done.code == 0
    assert "0 vanished, 0 weaker, 0 changed, 0 stronger, 0 added" in done.out
    stricter = tmp_path / "stricter.toml"
    text = (FRAMEWORKS / f"{XAI}.toml").read_text()
    assert text.count('effect = "non_conformance"') == 1
    stricter.write_text(text.replace('effect = "non_conformance"', 'effect = "block"'))
    done = cli("framework", "diff", XAI, stricter)
    assert done.code == 0, done.out
    assert "stronger gate G-INTERNAL effect" in done.out
    assert cli("framework", "diff", stricter, XAI).code == 3


def test_one_published_is_named_by_its_digest_or_its_own_id(cli: Cli, tmp_path: Path) -> None:
    drafted = tmp_path / "drafted.toml"
    text = (FRAMEWORKS / f"{XAI}.toml").read_text().replace(f'id = "{XAI}"', 'id = "fictional-draft"', 1)
    drafted.write_text(text.replace("soft = true\n", "", 1))
    cli.ok("framework", "publish", drafted, "--as", "framework-admin")
    done = cli("framework", "diff", "fictional-draft", XAI, "--json")
    said = json.loads(done.out)
    assert (done.code, said["before"]["id"]) == (3, "fictional-draft")
    assert [(c["kind"], c["part"], c["what"]) for c in said["details"]] == [("weaker", "obligations", "soft")]
    assert cli("framework", "diff", XAI, said["before"]["digest"]).code == 0


def test_what_nobody_knows_is_named(cli: Cli) -> None:
    done = cli("framework", "diff", XAI, "nowhere-1")
    assert done.code == 2
    assert UNKNOWN in done.err


def test_what_nobody_knows_is_named_where_there_is_no_ledger_either(tmp_path: Path) -> None:
    with pytest.raises(Fault, match=UNKNOWN) as caught:
        named_pack("nowhere-1", lambda: open_book(tmp_path / "none", None, None, 1.0))
    assert caught.value.code == "not-found"
