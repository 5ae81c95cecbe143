"""The long scenario as a story: every expected answer, as of its time, and an export that verifies (domain.md §9)."""

import json
import subprocess
from pathlib import Path

import pytest

from api.cli.scenarios import by_hand, scenario_folder
from api.scenario import read_answers, read_scenario, unrolled
from auditor.verdict import VerifyVerdict
from ledger.errors import Fault, Malformed
from policies.answer import AsOf
from tests.api.test_unblock_ways import known
from tests.commands import HOLDPOINT
from tests.stories.conftest import Told
from tests.stories.prefixes import answers, entries_in, replayed


def test_every_answer_is_the_expected_one(told: Told) -> None:
    assert len(told.answered) == len(read_answers(scenario_folder("withheld")))
    assert [(a.asked.at, a.asked.what, a.came, a.wrong) for a in told.answered if a.wrong] == []


def test_a_stranger_finds_the_export_valid(told: Told) -> None:
    assert told.report.verdict is VerifyVerdict.VALID_UNWITNESSED
    assert told.size >= 380
    assert "fictional" in told.lines[0]


def test_framework_2_would_not_have_denied_what_framework_1_did(told: Told) -> None:
    pack = scenario_folder("withheld") / "fictional-lab-2.toml"
    words = ["framework", "simulate", pack, "--model", "model/fictional-two", "--action", "external_deploy", "--json"]
    done = subprocess.run(
        [HOLDPOINT, *words, "--data", told.folder], capture_output=True, text=True, check=True, timeout=60
    )
    steps = [json.loads(line) for line in done.stdout.splitlines()]
    denied = [s for s in steps if s["recorded"]["answer"] == "deny"]
    assert [s["time"][:10] for s in denied] == ["2026-03-04"]
    assert [s["simulated"]["answer"] for s in denied] == ["undetermined"]
    assert steps[-1]["simulated"]["answer"] == "permit"


def test_status_of_what_was_released_says_what_its_request_was_permitted(told: Told) -> None:
    """Asked bare, the model's status is about the release as decided, the facts of its request too."""
    words = [HOLDPOINT, "status", "model/fictional-two", "--at", "2026-10-07T00:00:00.000000Z", "--json"]
    done = subprocess.run([*words, "--data", told.folder], capture_output=True, text=True, check=True, timeout=60)
    row = json.loads(done.stdout)["details"]["external_deploy"]
    assert (row["verdict"], row["clearance"]) == ("permit", "permit"), row


def test_what_a_reader_is_told_to_type_are_commands(told: Told) -> None:
    lines = by_hand(told.folder)
    assert [line for line in lines if not known(line)] == []
    done = subprocess.run([HOLDPOINT, *lines[1].split()[1:]], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith("DIVERGENCE, index ")


def test_what_is_answered_of_the_past_is_what_a_fresh_replay_answered_then(told: Told) -> None:
    """Gate, status, duties, incidents and lives, at every twelfth position (domain.md §8.1 and .11)."""
    entries = entries_in(told.folder / "export", told.size)
    *_, (whole, events) = replayed(entries)
    compared = 0
    for fresh, prefix in replayed(entries):
        if fresh.size % 12 == 0 or fresh.size == told.size:
            as_of = AsOf(fresh.size, fresh.recorded_at)
            now = answers(whole.state.at(fresh.size), events[: fresh.size], as_of)
            assert now == answers(fresh.state, prefix, as_of), fresh.size
            compared += 1
    assert compared > 20


def test_the_second_framework_is_five_days_old_at_the_decision() -> None:
    steps = unrolled(read_scenario(scenario_folder("withheld")).step)
    adopted = next(at for at, s in steps if s.event == "framework.adopted" and s.body["id"] == "fictional-lab-2")
    decided = next(at for at, s in steps if s.name == "withheld")
    assert (adopted[:10], decided[:10]) == ("2026-04-02", "2026-04-07")
    assert (steps[0][0][:4], steps[-1][0][:4]) == ("2024", "2026")


def test_an_unknown_scenario_names_those_that_there_are() -> None:
    with pytest.raises(Fault, match="no scenario nothing"):
        scenario_folder("nothing")


@pytest.mark.parametrize("text", ["title = 1", 'title = "x"\norigin = "dev/x"\nmember = []\nstep = []\nmore = 1'])
def test_a_malformed_scenario_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "steps.toml").write_text(text)
    with pytest.raises(Malformed, match="steps"):
        read_scenario(tmp_path)
