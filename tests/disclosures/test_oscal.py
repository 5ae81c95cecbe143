"""OSCAL assessment results: NIST's model as compliance-trestle has it takes them, and `trestle verify` their side-car."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.founding import ENGINE
from disclosures.oscal import SIDE_CAR, VERSION, line, make, token
from ledger.canonical import dumps
from ledger.errors import Fault
from ledger.keys import Signer
from tests.disclosures.forger import MODEL, Forger, honest, told
from tests.disclosures.given import SAID, given, public_pem
from tests.simulator import Lab, signer

TRESTLE = Path(sys.executable).with_name("trestle")


def model_of(raw: bytes) -> Any:
    """The document as trestle's model reads it, and writes it again."""
    from trestle.oscal import OSCAL_VERSION
    from trestle.oscal.assessment_results import Model

    assert OSCAL_VERSION == VERSION
    parsed = Model.model_validate_json(raw)
    return parsed.assessment_results


def test_trestle_s_model_takes_it() -> None:
    what = given()
    found = model_of(make(what)[""])
    (result,) = found.results
    props = {p.name: p.value for p in result.props}
    assert props["verify-verdict"] == SAID.verdict
    assert props["bundle-sha256"] == what.digest
    assert props["withheld-entries"] == "1"
    assert "that it rained" in result.remarks
    assert found.import_ap.href == f"#{found.back_matter.resources[0].uuid}"
    assert found.back_matter.resources[0].rlinks[0].hashes[0].value == what.digest


def test_nothing_assessed_is_not_everything_assessed() -> None:
    """OSCAL has no word for none: the adopted frameworks stand there as a whole, and without any it is refused."""
    (result,) = model_of(make(given())[""]).results
    (selected,) = result.reviewed_controls.control_selections
    assert [c.control_id for c in selected.include_controls] == ["anthropic-rsp-2.2"]
    assert "no answer on any single requirement is shown" in selected.description
    lab = Lab(name="bare")
    lab.say_model = None  # type: ignore[attr-defined]  # nothing is adopted in it
    from ledger.events import model

    lab.say(model.Registered, {"kind": "base"}, MODEL, "assessor", subject="ab" * 32)
    lab.commit_index()
    with pytest.raises(Fault, match="empty"):
        make(given(Forger(lab)))


def test_identifiers_follow_from_the_bundle() -> None:
    what = given()
    assert make(what)[""] == make(what)[""]
    uuids = re.findall(r'"uuid":"([^"]+)"', make(what)[""].decode())
    assert len(uuids) == len(set(uuids)) > 3
    assert {u[14] for u in uuids} == {"5"}
    other = re.findall(r'"uuid":"([^"]+)"', make(replace(what, digest="ab" * 32))[""].decode())
    assert not set(uuids) & set(other)


def trestle(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(TRESTLE), *words], cwd=folder, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("alg", ["ed25519", "ecdsa-p256-sha256"])
def test_trestle_verify_takes_the_side_car(tmp_path: Path, alg: str) -> None:
    by = signer("oscal", alg)
    parts = make(given(signer=by))
    (tmp_path / "results.json").write_bytes(parts[""])
    (tmp_path / "results.json.dsse.json").write_bytes(parts[SIDE_CAR])
    (tmp_path / "key.pem").write_bytes(public_pem(by))
    words = (
        "verify",
        "--beta",
        "-f",
        "results.json",
        "--signature",
        "results.json.dsse.json",
        "--public-key",
        "key.pem",
    )
    done = trestle(tmp_path, *words)
    assert done.returncode == 0, done.stdout + done.stderr


def holds(folder: Path, raw: bytes, side_car: bytes, by: Signer) -> bool:
    """What that command runs, without its second of start."""
    from trestle.common.err import TrestleError
    from trestle.core.commands.verify import VerifyCmd

    (folder / "r.json").write_bytes(raw)
    (folder / "s.json").write_bytes(side_car)
    (folder / "k.pem").write_bytes(public_pem(by))
    try:
        VerifyCmd.verify(folder / "r.json", folder / "s.json", folder / "k.pem", "results.json")
    except TrestleError:
        return False
    return True


def test_what_the_side_car_binds(tmp_path: Path) -> None:
    by = signer("oscal")
    parts = make(given(signer=by))
    raw, side_car = parts[""], parts[SIDE_CAR]
    value = json.loads(raw)
    assert holds(tmp_path, raw, side_car, by)
    assert holds(tmp_path, json.dumps(value, indent=4).encode(), side_car, by), (
        "laid out anew, its canonical form is the same"
    )
    assert not holds(tmp_path, raw, side_car, signer("another"))
    value["assessment-results"]["metadata"]["title"] += "."
    assert not holds(tmp_path, dumps(value), side_car, by)
    assert not holds(tmp_path, raw, make(given(signer=by, name="other.json"))[SIDE_CAR], by)


def test_a_key_that_trestle_can_t_read_is_refused() -> None:
    with pytest.raises(Fault, match="key-unfit"):
        make(given(signer=signer("oscal", "ml-dsa-65")))


def test_without_a_key_there_is_no_side_car() -> None:
    assert set(make(given(signer=None))) == {""}
    assert set(make(given(signer=told()[0].keys[ENGINE]))) == {"", SIDE_CAR}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("a b/c", "a_b_c"), ("1x", "_1x"), ("", "_"), ("-x", "_-x"), ("Ünï", "_n_"), ("a.b-c_d", "a.b-c_d")],
)
def test_tokens(text: str, wanted: str) -> None:
    assert token(text) == wanted


def test_lines_are_one_line() -> None:
    assert line("  a\nb ") == "a\\nb"
    assert line("") == line(" \t".strip()) == "–"


def test_a_subject_with_any_name() -> None:
    """What a submitter wrote stays within the model's patterns."""
    from tests.threats.test_t55_markup_injection import PAYLOADS, registered

    what = given()
    for text in PAYLOADS[::7]:
        model_of(make(replace(what, shown=registered(text)))[""])
    assert honest().subject == MODEL
