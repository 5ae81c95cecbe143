"""Bundles of a log in which the root suppressed entries: each stands as withheld by its own class, named, INCOMPLETE in both verifiers."""

import json
from typing import Any

import pytest
from msgspec.structs import force_setattr

from auditor.bundle import Trust, verify_zip
from auditor.bundle_parts import check_suppressed
from auditor.checks import Checks
from auditor.pin import format_pin
from auditor.verdict import VerifyVerdict as V
from disclosures.closure import read_found
from disclosures.shown import read_shown
from disclosures.static import verify as one_file
from disclosures.stored_zip import format_zip
from ledger.events import entry
from ledger.root import suppressible
from tests.auditor.test_suppressed import suppress
from tests.disclosures.chromium import Chromium, bundle_verdict
from tests.disclosures.forger import MODEL, told
from tests.disclosures.lab_source import LabSource, built
from tests.disclosures.test_one_file_verifier import trust_file
from tests.disclosures.test_profile import SHIPPED, shipped
from tests.simulator import Lab


def both(files: dict[str, bytes], lab: Lab) -> tuple[Any, Any]:
    """The auditor's report, and the checks of the verifier in one file: they must agree."""
    raw, size = format_zip(files), len(lab.entries)
    report = verify_zip(raw, Trust(lab.pin(size)))
    checks, _ = one_file.verify(
        raw, json.loads(format_pin(lab.origin, lab.founding, tuple(map(str, lab.log.vkeys)), lab.note(size)))
    )
    return report, checks


@pytest.fixture(scope="module")
def suppressed() -> tuple[Lab, list[int]]:
    """The told story, in which whatever may be suppressed of the model's stream is."""
    lab = told()[0].fork()
    source = LabSource(lab, {})
    gone = [n for n, raw in source.of_stream(MODEL) if suppressible(read_found(n, raw).body.event.name)]
    assert gone
    for n in gone:
        suppress(lab, n)
    lab.commit_index()
    return lab, gone


@pytest.mark.parametrize("name", SHIPPED)
def test_each_is_counted_and_named_and_nothing_of_it_leaves(suppressed: tuple[Lab, list[int]], name: str) -> None:
    lab, gone = suppressed
    files = built(lab, shipped(name), {}, note=lab.note())
    assert not {f"data/events/{n}.json" for n in gone} & files.keys()
    assert not {f"data/disclosures/{n}.jsonl" for n in gone} & files.keys()
    report, checks = both(files, lab)
    found = {c.index for c in report.checks if c.code == "suppressed"}
    assert (found, {c.verdict for c in report.checks if c.code == "suppressed"}) == ({*gone}, {V.INCOMPLETE})
    assert report.verdict is V.INCOMPLETE, report.to_json()
    assert one_file.lowest([c[1] for c in checks]) == "INCOMPLETE"
    assert ("suppressed", gone[0]) in {(c[2], c[4]) for c in checks}, checks


def test_a_source_that_gives_the_bytes_or_none_makes_the_same_bundle(suppressed: tuple[Lab, list[int]]) -> None:
    lab, gone = suppressed
    profile, note = shipped("auditor-full"), lab.note()
    whole = built(lab, profile, {}, note=note)
    original = LabSource.of_stream

    def without(self: LabSource, stream: str) -> Any:
        return ((n, b"" if n in gone else raw) for n, raw in original(self, stream))

    patch = pytest.MonkeyPatch()
    patch.setattr(LabSource, "of_stream", without)
    try:
        assert built(lab, profile, {}, note=note) == whole
    finally:
        patch.undo()


def test_a_suppression_of_another_leaf_backs_nothing() -> None:
    """The root's event names the version, but not the entry that the chain holds there: it is refused."""
    lab = told()[0].fork()
    source = LabSource(lab, {})
    index = next(n for n, raw in source.of_stream(MODEL) if suppressible(read_found(n, raw).body.event.name))
    suppress(lab, index)
    lab.commit_index()
    files = built(lab, shipped("auditor-full"), {}, note=lab.note())
    report, _ = both(files, lab)
    assert report.verdict is V.INCOMPLETE
    shown = read_shown(files)
    one = next(e for e in shown.entries if e.type == entry.Suppressed.event.name)
    assert [s.index for s in check_suppressed(shown, Checks())] == [index]
    force_setattr(one.statement.predicate.body, "leaf", "00" * 32)
    checks = Checks()
    assert check_suppressed(shown, checks) == []
    assert [c.code for c in checks.done] == ["redactions-ground"]


def test_the_browser_says_the_same(browser: Chromium, suppressed: tuple[Lab, list[int]]) -> None:
    lab, _ = suppressed
    files = built(lab, shipped("auditor-full"), {}, note=lab.note())
    found = bundle_verdict(browser, format_zip(files), trust_file(lab, len(lab.entries)))
    assert found["verdict"] == "INCOMPLETE"
    assert "suppressed" in found["codes"]
