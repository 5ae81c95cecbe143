"""The long scenario as a story: every expected answer, as of its time, and an export that verifies (domain.md §9)."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.cli.scenarios import scenario_folder, tell_scenario
from api.expecting import Answered
from api.scenario import read_answers, read_scenario, unrolled
from auditor.verdict import Report, VerifyVerdict
from ledger.errors import Fault, Malformed
from tests.commands import HOLDPOINT


@dataclass(frozen=True)
class Told:
    """The scenario, told once for all tests here."""

    folder: Path
    answered: list[Answered]
    report: Report
    size: int
    lines: list[str]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    lines: list[str] = []
    folder = tmp_path_factory.mktemp("withheld") / "d"
    return Told(folder, *tell_scenario("withheld", folder, lines.append), lines)


def test_every_answer_is_the_expected_one(told: Told) -> None:
    assert len(told.answered) == len(read_answers(scenario_folder("withheld")))
    assert [(a.asked.at, a.asked.what, a.came, a.wrong) for a in told.answered if a.wrong] == []


def test_a_stranger_finds_the_export_valid(told: Told) -> None:
    assert told.report.verdict is VerifyVerdict.VALID_UNWITNESSED
    assert told.size >= 380
    assert "fictional" in told.lines[0]


def test_framework_2_would_not_have_blocked_what_framework_1_denied(told: Told) -> None:
    pack = scenario_folder("withheld") / "fictional-lab-2.toml"
    words = ["framework", "simulate", pack, "--model", "fictional-two", "--action", "external_deploy", "--json"]
    done = subprocess.run(
        [HOLDPOINT, *words, "--data", told.folder], capture_output=True, text=True, check=True, timeout=60
    )
    moments = [json.loads(line) for line in done.stdout.splitlines()]
    march = [m for m in moments if m["recorded_at"][:7] == "2026-03"]
    assert {m["recorded"] for m in march} <= {None, "deny"}
    assert "permit_with_conditions" in {m["answer"] for m in moments}
    paged = subprocess.run(
        [HOLDPOINT, *words[:-1], "--limit", "1", "--data", told.folder],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert f"more follow: --after {moments[0]['index']}" in paged.stdout


def test_the_second_framework_is_five_days_old_at_the_decision() -> None:
    steps = unrolled(read_scenario(scenario_folder("withheld")).step)
    adopted = next(at for at, s in steps if s.event == "framework.adopted" and s.body["id"] == "fictional-lab-2")
    decided = next(at for at, s in steps if s.name == "withheld")
    assert (adopted[:10], decided[:10]) == ("2026-04-02", "2026-04-07")
    assert steps[0][0][:4], steps[-1][0][:4] == ("2024", "2026")


def test_an_unknown_scenario_names_those_that_there_are() -> None:
    with pytest.raises(Fault, match="no scenario nothing"):
        scenario_folder("nothing")


@pytest.mark.parametrize("text", ["title = 1", 'title = "x"\norigin = "dev/x"\nmember = []\nstep = []\nmore = 1'])
def test_a_malformed_scenario_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "steps.toml").write_text(text)
    with pytest.raises(Malformed, match="steps"):
        read_scenario(tmp_path)
