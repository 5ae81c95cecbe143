"""Absence in a bundle: built on request, refused for a stream that there is, said by both verifiers."""

import json
from typing import Any

import pytest

from auditor.bundle import Trust, verify_bundle
from disclosures.absence import absences, neighbours
from disclosures.shown import read_shown
from disclosures.static import verify as one_file
from disclosures.stored_zip import format_zip
from ledger.errors import Malformed
from ledger.stream_index import StreamIndex
from tests.disclosures.bent import LAST
from tests.disclosures.forger import MODEL, heads_at, told
from tests.disclosures.lab_source import built
from tests.disclosures.test_profile import shipped

ASKED = ("a", "model/aa", "model/c")
"""Before the first stream of the told story, between two, behind the last."""


def bundle(*asked: str) -> dict[str, bytes]:
    return built(told()[0].fork(), shipped("public-notice"), {}, absent=asked)


def test_both_verifiers_say_that_there_is_no_such_stream() -> None:
    files = bundle(*reversed(ASKED), "a")
    assert json.loads(files["data/request.json"])["absent"] == list(ASKED)
    report = verify_bundle(files, Trust(told()[0].pin(LAST + 1)))
    assert report.exit_code == 0, report.to_json()
    said = [f"no stream {name} as of size {LAST}" for name in ASKED]
    assert [c.detail for c in report.checks if c.name == "absent"] == said
    checks, _ = one_file.verify(format_zip(files), None)
    assert [c[3] for c in checks if c[0] == "absent"] == ["; ".join(said)]


def test_where_nothing_is_asked_nothing_is_said() -> None:
    files = bundle()
    assert "absent" not in json.loads(files["data/request.json"])
    assert all(c.name != "absent" for c in verify_bundle(files).checks)


def test_the_neighbours_leave_with_it_and_are_named_before() -> None:
    absent = read_shown(bundle(*ASKED)).completeness.absent
    assert neighbours(absent) == ("framework/anthropic-rsp-2.2", MODEL, "model/b")
    assert neighbours(()) == ()


@pytest.mark.parametrize("name", [MODEL, "ledger"])
def test_a_stream_that_there_is_is_refused(name: str) -> None:
    with pytest.raises(Malformed, match="absent-exists"):
        bundle("model/c", name)
    index: Any = StreamIndex(heads_at(told()[0], LAST))
    with pytest.raises(Malformed, match="absent-exists"):
        absences(index, [name])
