"""`demo --scenario disclosure` as a stranger runs it: every line comes to what it must; and its lies are lies."""

import json
import subprocess
from pathlib import Path

import pytest

from api.bending import KINDS, bend
from api.cli.scenarios import scenario_folder
from api.commanded import read_lines
from disclosures.stored_zip import parse_zip
from ledger.errors import Fault
from tests.commands import HOLDPOINT


@pytest.fixture(scope="module")
def seat(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    folder = tmp_path_factory.mktemp("seat") / "d"
    words = [HOLDPOINT, "demo", "--scenario", "disclosure", "--data", folder, "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    return folder, json.loads(done.stdout)


def test_every_line_did_what_it_must(seat) -> None:
    _, said = seat
    lines = read_lines(scenario_folder("disclosure"))
    assert (said["ok"], said["code"], len(said["details"])) == (True, "told", len(lines.line))
    assert {row["exit"] for row in said["details"]} >= {0, 4, 5}


def test_every_kind_of_lie_is_told(seat) -> None:
    """An attack that changes nothing would be found by nobody."""
    folder, _ = seat
    lines = read_lines(scenario_folder("disclosure"))
    bent = [line.bend for line in lines.line if line.bend is not None]
    assert {b.kind for b in bent} == set(KINDS)
    for each in bent:
        assert (folder / each.source).read_bytes() != (folder / each.target).read_bytes()


def test_the_insider_s_bundle_differs_by_one_entry(seat) -> None:
    folder, _ = seat
    whole, less = (parse_zip((folder / name).read_bytes()) for name in ("october.zip", "honest-looking.zip"))
    gone = {path for path in whole if path not in less}
    assert {path.split("/")[1] for path in gone} <= {"events", "proofs", "disclosures"}
    assert len([path for path in gone if "events" in path]) == 1


def test_an_unknown_way_to_bend_names_those_that_there_are(seat) -> None:
    folder, _ = seat
    with pytest.raises(Fault, match="no way to bend"):
        bend("wish", folder / "october.zip", folder / "x", folder)
