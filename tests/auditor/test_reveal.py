"""April's withheld name, shown in October: proven to be the one meant in April, or not at all."""

import json
from pathlib import Path

import pytest

from api.cli.main import main
from auditor.bundle import Trust
from auditor.reveal import verify_with
from auditor.verdict import Report
from auditor.verdict import VerifyVerdict as V
from disclosures.stored_zip import format_zip
from ledger.events import model
from tests.disclosures.forger import MODEL, Forger, honest, told
from tests.disclosures.test_one_file_verifier import trust_file
from tests.simulator import Lab

Files = dict[str, bytes]
NAME = "Fictional-1"


def april(**more: object) -> Files:
    """What was handed over first: the model's entry, and not its name."""
    made = honest(**more)
    made.disclosures = {}
    return made.files()


def october(since: tuple[int, ...] = (1, 49)) -> Files:
    """The log grew; the name is shown, and the bundle proves that it contains April's tree."""
    lab, disclosed = told()
    grown = lab.fork()
    grown.say(model.ComputeReached, {"of": "model/b", "ratio": "9"}, MODEL, "evaluator")
    grown.commit_index()
    return Forger(grown, disclosed, since=since).files()


def revealed(later: Files, earlier: Files, **trust: object) -> Report:
    return verify_with(later, earlier, Trust(told()[0].pin(1), **trust))  # type: ignore[arg-type]  # as named


def found(report: Report) -> set[str]:
    return {c.code for c in report.checks if c.code != "ok"}


def test_the_name_of_october_is_april_s() -> None:
    report = revealed(october(), april())
    assert (report.verdict, found(report)) == (V.VALID_UNWITNESSED, set())
    said = next(c for c in report.checks if c.name == "reveal")
    assert "entry 42 subject" in said.detail
    assert json.loads(dict(said.shown)["entry 42 subject"])["name"] == NAME
    assert "size 49" in said.detail


def test_of_one_checkpoint() -> None:
    assert revealed(honest().files(), april()).verdict is V.VALID_UNWITNESSED


def test_an_entry_withheld_whole_is_proven_by_the_leaf_that_the_chain_told() -> None:
    report = revealed(october(), april(withheld={(MODEL, 3): "x"}))
    said = next(c for c in report.checks if c.name == "reveal")
    assert report.verdict is V.VALID_UNWITNESSED
    assert {"entry 42 subject", "entry 45 model.compute-reached"} <= set(dict(said.shown))


def test_nothing_new_is_no_reveal() -> None:
    """Empty is failure: whoever asks whether something was revealed is not told that all is well."""
    report = revealed(october(), honest().files())
    assert (report.verdict, found(report)) == (V.INCOMPLETE, {"nothing-revealed"})


def test_without_a_link_between_the_two_nothing_is_said_of_then() -> None:
    report = revealed(october(since=(1,)), april())
    assert (report.verdict, found(report)) == (V.UNANCHORED, {"pin-not-linked"})
    report = revealed(april(), october())
    assert "earlier-larger" in found(report)
    assert report.exit_code == 5


def test_another_history_is_a_split_view() -> None:
    """The same keys, the same entry 0; what stands at entry 42 is another model."""
    other = Lab(name="bundled")
    other.say(model.Registered, {"kind": "base"}, "model/b", "assessor", subject="bc" * 32)
    while len(other.entries) < 44:
        other.say(model.ComputeReached, {"of": "model/b", "ratio": "2"}, "model/b", "evaluator")
    other.say(model.Registered, {"kind": "base"}, MODEL, "assessor", subject="ab" * 32)
    other.commit_index()
    while len(other.entries) < 49:
        other.commit_index()
    earlier = Forger(other, since=(1,)).files()
    report = revealed(october(), earlier)
    assert report.verdict is V.DIVERGED
    assert found(report) & {"root-differs", "leaf-differs", "founded-anew"}


@pytest.mark.parametrize("which", ["later", "earlier"])
def test_a_bundle_that_does_not_hold_reveals_nothing(which: str) -> None:
    files = {"later": october(), "earlier": april()}
    files[which] = {**files[which], "data/checkpoint": b"x"}
    report = revealed(**files)
    assert report.exit_code == 4
    assert not any(c.name == "reveal" for c in report.checks)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, files in (("april", april()), ("october", october())):
        (tmp_path / f"{name}.zip").write_bytes(format_zip(files))
    (tmp_path / "pin.json").write_bytes(trust_file(told()[0]))
    words = [
        "verify",
        str(tmp_path / "october.zip"),
        "--with",
        str(tmp_path / "april.zip"),
        "--pin",
        str(tmp_path / "pin.json"),
    ]
    with pytest.raises(SystemExit) as done:
        main(words)
    assert done.value.code == 0
    assert f'entry 42 subject: {{"name":"{NAME}"' in capsys.readouterr().out
    with pytest.raises(SystemExit) as done:
        main([*words[:3], str(tmp_path / "nothing.zip")])
    assert done.value.code == 2
    assert "--with compares two bundles" in capsys.readouterr().err
