"""An exceptional grant is the first thing that every view, answer, export and verification says, until two others review it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.exporting import export
from api.keyring import load_signer
from api.routes.listed import ROUTES
from auditor.explain import report_text
from auditor.source import folder_reader
from auditor.verify import verify_export
from tests.api.asker import Asker
from tests.commands import Cli, adopt, running
from tests.conftest import copy_of

SAYS = "BREAK-GLASS, not reviewed: entry "
ABOUT = [
    r for r in ROUTES if r.answer is not None and (r.guard in ("status:read", "gate:read") or r.path == "/v1/keys")
]
"""Every route that answers in JSON what stands at a position: raw entries and proofs are no view."""
LISTS = [
    r.path.replace("{ref:path}", "one").replace("{action}", "external_deploy").replace("{which}", "DECISION")
    + ("?from=1" if r.path.endswith("/diff") else "")
    for r in ABOUT
    if "{bundle_id}" not in r.path  # nothing was handed over here
]
VIEWS = [("status", "model/one"), ("gate", "model/one", "external_deploy"), ("decision", "show", "model/one"),
         ("status", "model/one", "--why"), ("status", "model/one", "--why", "--action", "train"), ("incident", "show", "one")]  # fmt: skip
LINED = [("history", "model/one"), ("keys", "list"), ("decision", "list"), ("obligations",), ("incident", "list"),
         ("thresholds", "model/one"), ("safeguards", "model/one"), ("framework", "timeline")]  # fmt: skip


@pytest.fixture(scope="module")
def cli(founded_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """A ledger with a model and two more key-admins, who can review."""
    work = tmp_path_factory.mktemp("glass")
    before = Path.cwd()
    os.chdir(work)
    try:
        with running(copy_of(founded_folder, work / "held")) as commands:
            adopt(commands)
            Path("weights.bin").write_bytes(b"fictional")
            commands.ok("register", "model/one", "--name", "Fictional One", "--weights", "weights.bin", "--yes")
            for who in ("key-admin-3", "key-admin-4"):
                path = commands.folder / "keys" / f"{who}.pem"
                commands.ok("principal", "register", who)
                commands.ok("keys", "new", path)
                commands.ok("keys", "register", path, who)
                commands.ok("role", "grant", who, "key-admin", "--stream", "ledger")
            commands.ok("principal", "register", "night-shift", "--operates")
            commands.ok("incident", "observe", "one", "--model", "model/one", "--kind", "fictional misuse", "--first-at",
                        "2026-01-01T00:00:00.000000Z", "--yes")  # fmt: skip
            commands.ok("request", "model/one", "external_deploy", "--audience", "general", "--yes")
            commands.ok("decide", "model/one", "external_deploy", "withhold", "--yes")
            yield commands
    finally:
        os.chdir(before)


def test_it_is_said_first_everywhere_until_it_is_reviewed(cli: Cli) -> None:
    asker, whole = Asker(cli.ledger), ("status", "model/one", "--diff", 1)
    urls = [url.replace("DECISION", str(cli.ledger.appender.size - 1)) for url in LISTS]

    def said() -> list[str]:
        return [cli(*words).out for words in (*VIEWS, *LINED, (*whole, cli.ledger.appender.size))]

    def glass() -> list[list[dict[str, object]]]:
        return [asker.ask(url).json()["break_glass"] for url in urls]

    assert not any(SAYS in text for text in (*said(), cli("export", "quiet").out))
    assert glass() == [[]] * len(urls)
    assert cli("role", "grant", "night-shift", "decider").code == 3, "who operates the machine does not decide"
    done = json.loads(cli.ok("role", "grant", "night-shift", "decider", "--break-glass", "--json").out)
    index = done["index"]
    for text in said():
        assert text.startswith(f"{SAYS}{index} gave night-shift the role decider until "), text
    for words in (*VIEWS, (*whole, cli.ledger.appender.size)):
        assert json.loads(cli(*words, "--json").out)["break_glass"][0]["index"] == index, words
    for words in LINED:
        assert json.loads(cli(*words, "--json").out.splitlines()[0])["schema"] == "holdpoint.break-glass/1", words
    for (found,) in glass():
        assert (found["index"], found["principal"], found["granted_by"]) == (
            index,
            "night-shift",
            ["key-admin-1", "key-admin-2"],
        )
    later = "2099-01-01T00:00:00.000000Z"
    for path in ("/v1/keys", "/v1/obligations", "/v1/incidents"):
        assert asker.ask(f"{path}?at={later}").json()["break_glass"][0]["index"] == index, "if nothing is recorded"
    assert asker.ask(f"/v1/keys?at={index}").json()["break_glass"] == [], "not before it was given"
    page = asker.ask("/").text
    assert page.index('role="alert"') < page.index("<header>")
    assert f"{SAYS}{index}" in page
    _exported(cli, Path("open"), index)
    _reviewed(cli, index)
    assert not any(SAYS in text for text in said())
    assert glass() == [[]] * len(urls)
    assert asker.ask(f"/v1/keys?at={index + 1}").json()["break_glass"] != [], "at that position it was open"
    assert 'role="alert"' not in asker.ask("/").text


def _exported(cli: Cli, folder: Path, index: int) -> None:
    assert cli.ok("export", folder).out.startswith(f"{SAYS}{index}")
    claims = json.loads((folder / "claims.json").read_bytes())
    assert [g["index"] for g in claims["break_glass"]] == [index]
    report = verify_export(folder_reader(folder), workers=1)
    assert report_text(report).startswith(f"{SAYS}{index}")
    assert report.to_json()["alerts"][0].startswith(f"{SAYS}{index}")
    lying = {**claims, "break_glass": []}  # a keeper who leaves it out of the claims is found out
    (folder / "claims.json").write_bytes(json.dumps(lying, separators=(",", ":")).encode())
    assert verify_export(folder_reader(folder), workers=1).verdict.value == "INVALID"


def _reviewed(cli: Cli, index: int) -> None:
    why = ("--outcome", "justified", "--reason", "fictional: one night")
    assert cli("break-glass", "review", index, *why).code == 3, "who gave it does not review it"
    one = cli("break-glass", "review", index, *why, "--as", "key-admin-3")
    assert (one.code, "quorum-short" in one.err) == (3, True)
    cli.ok("break-glass", "review", index, *why, "--as", "key-admin-3", "--as", "key-admin-4")


def test_it_ends_within_a_day_and_takes_two(cli: Cli) -> None:
    late = cli("role", "grant", "night-shift", "approver", "--break-glass", "--until", "2199-01-01T00:00:00.000000Z")
    assert (late.code, "break-glass-too-long" in late.err) == (3, True)


def test_an_export_of_a_reviewed_ledger_says_nothing_first(cli: Cli) -> None:
    export(cli.ledger, Path("after"), load_signer(cli.folder / "keys" / "engine.pem"))
    assert "break_glass" in json.loads((Path("after") / "claims.json").read_bytes())
