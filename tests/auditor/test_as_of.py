"""What held at an earlier position, by the auditor's own fold."""

from pathlib import Path

import pytest

from auditor.as_of import answers_at, position
from auditor.explain import report_text
from auditor.pin import parse_pin
from auditor.reader import entry_of
from auditor.source import folder_reader
from auditor.verdict import Report
from auditor.verdict import VerifyVerdict as V
from auditor.verify import verify_export
from ledger.errors import Malformed
from ledger.positions import has_cause
from ledger.replay import Problem, Replay
from ledger.strict import shift
from policies.rules import RULES


@pytest.fixture(scope="module")
def story(told_folder: Path):
    """What `verify --as-of` says of the suite's told story."""
    read = folder_reader(told_folder / "export")
    pin = parse_pin((told_folder / "pin.json").read_bytes())
    return lambda text: verify_export(read, pin, as_of=text)


def answered(report: Report) -> dict[str, str]:
    assert report.answers is not None, report.to_json()
    return {m["stream"]: m["actions"]["external_deploy"]["clearance"] for m in report.answers["models"]}


def test_the_last_position_is_what_the_export_claims(story) -> None:
    whole = story(None)
    assert whole.answers is None
    now = story(str(whole.size))
    assert now.verdict is V.VALID_UNWITNESSED
    assert "permit" in answered(now).values()


@pytest.fixture(scope="module")
def folded(told_folder: Path):
    """The story's entries, and the state after all of them."""
    size = parse_pin((told_folder / "pin.json").read_bytes()).checkpoint.size
    report = verify_export(folder_reader(told_folder / "export"))
    find = entry_of(folder_reader(told_folder / "export"), report.size)
    entries = [raw for n in range(report.size) if (raw := find(n)) is not None]
    assert len(entries) == report.size >= size
    replay = Replay(RULES)
    for raw in entries:
        assert not isinstance(replay.step(raw), Problem)
    return replay.state, entries


def test_before_the_decision_it_did_not_permit(folded, story) -> None:
    state, entries = folded
    then: dict[int, set[str]] = {}
    for n in range(50, len(entries) + 1):
        if n < len(entries) and has_cause(entries[n]):
            with pytest.raises(Malformed, match="caused by"):
                position(str(n), len(entries), entries.__getitem__)
            continue
        found = answers_at(state, position(str(n), len(entries), entries.__getitem__))
        then[n] = {m["actions"]["external_deploy"]["clearance"] for m in found["models"]}
    first = min(n for n, told in then.items() if "permit" in told)
    assert all("permit" in told for n, told in then.items() if n >= first)
    before = story(str(max(n for n in then if n < first)))
    assert "clearance deny" in report_text(before)
    assert {n for n in range(50, len(entries)) if n not in then}, "the story has groups"


def test_a_time_reaches_what_was_recorded_until_then(story) -> None:
    at = story("45").answers["as_of"]["time"]
    assert story(at).answers["as_of"]["size"] >= 45
    assert story(shift(at, days=-9000)).to_json()["code"] == "as-of-range"
    assert story(shift(at, days=900)).answers["as_of"]["size"] == story(None).size


@pytest.mark.parametrize(
    ("text", "code"),
    [("0", "as-of-range"), ("99999", "as-of-range"), ("yesterday", "as-of-form"), ("2026-04-07", "as-of-form"), ("-1", "as-of-form"),
     ("", "as-of-form"), ("007", "as-of-form"), ("٣", "as-of-form")],
)  # fmt: skip
def test_no_position(story, text: str, code: str) -> None:
    report = story(text)
    assert (report.verdict, report.answers) == (V.ERROR, None)
    assert [c.code for c in report.checks if c.name == "as-of"] == [code]


def test_a_log_that_does_not_hold_answers_nothing(told_folder: Path) -> None:
    read = folder_reader(told_folder / "export")
    report = verify_export(lambda name: b"x" if name == "claims.json" else read(name), as_of="45")
    assert (report.verdict, report.answers) == (V.INVALID, None)
