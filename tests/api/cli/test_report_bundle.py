"""`holdpoint report bundle`: every form of a bundle that verifies, with its verdict; nothing of one that does not."""

import json
import shlex
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import scitt_cose

from api.cli.report_bundle import report_bundle
from api.founding import ENGINE
from api.session import Session
from api.wiring import opened
from disclosures.form import Given
from disclosures.forms import FORMS
from disclosures.shown import read_shown
from disclosures.stored_zip import format_zip, parse_zip
from tests.commands import run
from tests.disclosures.bent import BENT, BENT_REPORT
from tests.disclosures.forger import MODEL, honest, told
from tests.disclosures.given import SAID, public_pem
from tests.disclosures.test_one_file_verifier import trust_file
from tests.disclosures.test_oscal import model_of
from tests.simulator import Lab

FIRST = {
    "cose": b"\xd2", "csv": b'\xef\xbb\xbf"what"', "html": b"<!doctype html>", "in-toto": b'{"payload":"', "oscal": b'{"assessment-results":',
    "pdf": b"%PDF",
}  # fmt: skip
SIDE = {"cose": {".entry.json"}, "oscal": {".dsse.json"}}


def unpack(files: dict[str, bytes], to: Path) -> Path:
    for name, raw in files.items():
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        (to / name).write_bytes(raw)
    return to


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle, its trust file, and the engine's key."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    monkeypatch.chdir(tmp_path)
    (tmp_path / "notice.zip").write_bytes(format_zip(honest(withheld={(MODEL, 3): "x"}).files()))
    (tmp_path / "pin.json").write_bytes(trust_file(told()[0]))
    key: Any = told()[0].keys[ENGINE]._private
    (tmp_path / "engine.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "engine.pem").chmod(stat.S_IRUSR)
    return tmp_path


def made(form: str, *more: object, out: str = "out") -> int:
    need = ("--key", "engine.pem") if form in SIDE else ()
    need += ("--entry", "44") if form == "cose" else ()
    return run("report", "bundle", "notice.zip", "--as", form, "--out", out, *need, *more)


@pytest.mark.parametrize("form", sorted(FORMS))
def test_every_form(place: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert made(form, "--pin", "pin.json", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["schema"], said["verdict"], said["form"]) == ("holdpoint.report-bundle/1", "VALID_UNWITNESSED", form)
    assert set(said["files"]) == {"out", *(f"out{s}" for s in SIDE.get(form, ()))}
    assert (place / "out").read_bytes().startswith(FIRST[form])
    again = (place / "out").read_bytes()
    assert made(form, "--pin", "pin.json") == 0
    assert (place / "out").read_bytes() == again
    assert "VALID_UNWITNESSED" in capsys.readouterr().out


@pytest.mark.parametrize("form", ["csv", "html", "oscal"])
def test_the_verdict_stands_in_it(place: Path, form: str) -> None:
    assert made(form) == 5
    assert b"UNANCHORED" in (place / "out").read_bytes()
    assert made(form, "--pin", "pin.json") == 0
    assert b"VALID_UNWITNESSED" in (place / "out").read_bytes()


def test_a_folder_too(place: Path) -> None:
    files = parse_zip((place / "notice.zip").read_bytes())
    folder = unpack(dict(files), place / "notice")
    assert run("report", "bundle", folder, "--as", "html", "--out", "a", "--pin", "pin.json") == 0
    assert made("html", "--pin", "pin.json", out="b") == 0
    assert (place / "a").read_bytes() == (place / "b").read_bytes()


@pytest.mark.parametrize("case", [BENT[0], BENT[7], BENT_REPORT[1]], ids=["statement", "proof", "report"])
def test_nothing_is_written_of_what_does_not_hold(place: Path, case: Any, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "notice.zip").write_bytes(format_zip(honest().files(case[0])))
    for form in ("cose", "html"):
        assert made(form, "--pin", "pin.json") == 4
    assert not (place / "out").exists()
    assert "nothing was written" in capsys.readouterr().out
    assert made("csv", "--pin", "pin.json", "--json") == 4
    said = json.loads(capsys.readouterr().out)
    assert (said["verdict"], said["files"], said["ok"]) == ("INVALID", [], False)
    assert case[1] in {c["code"] for c in said["details"]}


def test_nor_of_another_history_nor_of_what_is_no_bundle(place: Path) -> None:
    (place / "pin.json").write_bytes(trust_file(Lab(name="anew")))
    assert made("html", "--pin", "pin.json") == 4
    (place / "notice.zip").write_bytes(b"PK")
    assert made("html") == 4
    (place / "notice.zip").unlink()
    assert made("html") == 2
    assert not (place / "out").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--as", "docx"), 2), (("--as", "cose"), 2), (("--as", "cose", "--key", "engine.pem"), 2),
        (("--as", "cose", "--key", "engine.pem", "--entry", "45"), 2), (("--as", "csv", "--pin", "none.json"), 2),
        (("--as", "cose", "--key", "none.pem", "--entry", "44"), 7),
    ],
)  # fmt: skip
def test_what_it_refuses(place: Path, words: tuple[str, ...], code: int) -> None:
    assert run("report", "bundle", "notice.zip", "--out", "out", *words) == code
    assert not (place / "out").exists()


def test_a_receipt_by_a_key_that_is_no_engine_s(place: Path) -> None:
    from api.keyring import new_key

    new_key(place / "mine.pem")
    assert (
        run("report", "bundle", "notice.zip", "--as", "cose", "--entry", "44", "--key", "mine.pem", "--out", "out") == 7
    )


def test_the_example_of_its_help_is_run(place: Path) -> None:
    words = shlex.split((report_bundle.__doc__ or "").split("Example: holdpoint ")[1].strip())
    assert run(*words) == 0
    assert (place / "notice.csv").read_bytes().startswith(FIRST["csv"])


def first_answer(bundle: Path) -> dict[str, Any]:
    """The OSCAL result of what stood when the gate first answered."""
    files = parse_zip(bundle.read_bytes())
    shown = read_shown(files)
    first = next(n for n, e in enumerate(shown.entries) if e.type == "gate.evaluated")
    before = replace(shown, entries=shown.entries[: first + 1])
    raw = FORMS["oscal"].make(Given(files, before, "ab" * 32, SAID, "b.json"))[""]
    model_of(raw)
    (result,) = json.loads(raw)["assessment-results"]["results"]
    return dict(result)


def test_a_real_ledger_s_bundle(story_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decisions, evaluations, findings of the gate: in OSCAL each where that model has a place for it."""
    monkeypatch.chdir(tmp_path)
    with opened(story_folder) as ledger:
        Path("pin.json").write_bytes(Session(ledger).pin())
    asked = ("--subject", "model/fictional-one", "--recipient", "a fictional auditor", "--action", "external_deploy")
    assert run("disclose", "--data", story_folder, "--profile", "auditor-full", *asked, "--out", "b.zip", "--yes") == 0
    engine = story_folder / "keys" / "engine.pem"
    base = ("report", "bundle", "b.zip", "--pin", "pin.json", "--key", engine)
    assert run(*base, "--as", "oscal", "--out", "b.oscal.json") == 0
    (result,) = model_of(Path("b.oscal.json").read_bytes()).results
    assert {o.methods[0].value if hasattr(o.methods[0], "value") else o.methods[0] for o in result.observations} == {
        "EXAMINE",
        "TEST",
    }
    assert len(result.assessment_log.entries) == 2
    states = {f.target.status.state.value for f in result.findings}
    assert states == {"satisfied"}, "at the end of the story everything is met"
    earlier = [f["target"]["status"] for f in first_answer(Path("b.zip"))["findings"]]
    assert {(s["state"], s["reason"]) for s in earlier} >= {("not-satisfied", "fail")}
    assert {s["state"] for s in earlier if s["reason"] != "pass"} == {"not-satisfied"}, "unknown is never met"
    controls = {c.control_id for s in result.reviewed_controls.control_selections for c in s.include_controls}
    assert controls == {f.target.target_id for f in result.findings}
    observed = {o.uuid for o in result.observations}
    assert {r.observation_uuid for f in result.findings for r in f.related_observations or ()} <= observed
    assert any(f.related_observations for f in result.findings)
    assert run(*base, "--as", "html", "--out", "b.html") == 0
    page = Path("b.html").read_text()
    for said in (
        "Verification: VALID_UNWITNESSED",
        "evaluation.recorded",
        "decision.made",
        "external_deploy",
        "cited, ",
    ):
        assert said in page, said
    assert run(*base, "--as", "cose", "--entry", "0", "--out", "b.cose") == 0
    from api.keyring import load_signer

    found = scitt_cose.verify_receipt(
        Path("b.cose").read_bytes(), leaf_entry_hex=Path("b.cose.entry.json").read_bytes().hex(),
        log_public_key_pem=public_pem(load_signer(engine)),
    )  # fmt: skip
    assert found.ok, found.errors
    assert run(*base, "--as", "pdf", "--out", "b.pdf") == 0
