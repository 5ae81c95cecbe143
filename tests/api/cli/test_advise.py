"""OpenAI's framework on a fictional lab: advisers recommend, leadership decides, or goes on without them and says so."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import Cli, running
from tests.conftest import copy_of

PACK = "openai-preparedness-2"
SCOPE = ("--audience", "general", "--host", "own-cloud", "--surface", "api", "--fact", "covered_deployment=true")


@pytest.fixture(scope="module")
def cli(founded_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    work = tmp_path_factory.mktemp("advise")
    before = Path.cwd()
    os.chdir(work)
    try:
        with running(copy_of(founded_folder, work / "held")) as commands:
            commands.ok("framework", "publish", PACK, "--adopt")
            for who, role, title in (("assessor", "assessor", "SAG"), ("approver-1", "approver", "LEADERSHIP")):
                commands.ok("role", "grant", who, role, "--pack-role", f"{PACK}:{title}")
            Path("weights.bin").write_bytes(b"fictional")
            commands.ok("register", "model/one", "--name", "Fictional One", "--weights", "weights.bin", "--yes")
            path = commands.folder / "keys" / "decider-2.pem"
            commands.ok("principal", "register", "decider-2")
            commands.ok("keys", "new", path)
            commands.ok("keys", "register", path, "decider-2")
            commands.ok("role", "grant", "decider-2", "decider")
            yield commands
    finally:
        os.chdir(before)


def life(cli: Cli) -> dict[str, object]:
    found: dict[str, object] = json.loads(cli("decision", "show", "model/one", "--json").out)
    return found


WHY = ("--divergence-reason", "fictional", "--basis", "discretionary", "--yes")


def test_advice_first_then_leadership(cli: Cli) -> None:
    cli.ok("request", "model/one", "external_deploy", *SCOPE, "--yes")
    for who in ("approver-1", "approver-2"):
        cli.ok("approve", "model/one", "external_deploy", "--as", who, "--yes")
    early = cli("decide", "model/one", "external_deploy", "permit", *WHY)
    assert (early.code, "recommendation-missing" in early.err) == (3, True)
    (asked,) = [m for m in life(cli)["moves"] if m["what"] == "recommend"]  # type: ignore[attr-defined]  # JSON
    assert (asked["role"], asked["holders"]) == ("SAG", ["assessor"])
    assert "--without-recommendation SAG, as LEADERSHIP may" in asked["note"]
    done = cli.line(f"{asked['command']} --yes", typed="restrict\n")
    assert done.code == 0, done.err
    assert "role: SAG" in done.err
    step = next(
        s
        for s in json.loads(cli("decision", "show", "model/one", "--json").out)["details"]
        if s["name"] == "recommended"
    )
    assert step["seen"][0]["note"] == "SAG: restrict"
    cli.ok("decide", "model/one", "external_deploy", "permit", *WHY)
    assert life(cli)["flags"] == ["diverges"]


def test_leadership_alone_says_so(cli: Cli) -> None:
    cli.ok("request", "model/one", "external_deploy", *SCOPE, "--jurisdiction", "us", "--yes")
    for who in ("approver-1", "approver-2"):
        cli.ok("approve", "model/one", "external_deploy", "--as", who, "--yes")
    cli.ok("decide", "model/one", "external_deploy", "permit", "--without-recommendation", "SAG", *WHY)
    assert life(cli)["flags"] == ["diverges", "without-recommendation"]
    text = cli("decision", "show", "model/one").out.splitlines()
    assert text[0].startswith("DIVERGENCE: ")
    assert text[1] == "NOTE: taken without a recommendation that the pack asks for"
    assert "without-recommendation" in cli("decision", "list").out


def test_who_holds_no_advising_role_recommends_nothing(cli: Cli) -> None:
    cli.ok("request", "model/one", "external_deploy", *SCOPE, "--jurisdiction", "eu", "--yes")
    cli.ok("role", "revoke", "assessor", "assessor", "--pack-role", f"{PACK}:SAG")
    try:
        done = cli("recommend", "model/one", "external_deploy", "permit", "--yes")
        assert (done.code, "verb-missing" in done.err) == (3, True)
    finally:
        cli.ok("role", "grant", "assessor", "assessor", "--pack-role", f"{PACK}:SAG")


def test_an_exception_shows_each_of_its_conditions(cli: Cli) -> None:
    Path("note.txt").write_text("fictional evidence")
    cli.ok("request", "model/one", "external_deploy", *SCOPE, "--jurisdiction", "uk", "--yes")
    said = ("exception", "invoke", "model/one", "X-MARGINAL", "--reason", "a fictional rival", "--yes")
    two = ("--as", "decider", "--as", "decider-2")
    none = cli(*said, *two)
    assert (none.code, "condition-missing" in none.err) == (3, True)
    shown = [w for n in (1, 2, 3) for w in ("--shown", f"{n}=note.txt")]
    one = cli(*said, "--as", "decider", *shown)
    assert one.code == 7, "two people sign it"
    cli.ok(*said, *two, *shown)
    assert cli(*said, *two, "--shown", "4=note.txt").code == 2
    assert "X-MARGINAL" in cli("decision", "show", "model/one").out
