"""The table for spreadsheets: stable columns, a row per shown entry and per withheld run, the verdict in each."""

import csv
import io

from disclosures.table_csv import COLUMNS, MARK, make
from tests.disclosures.forger import CLASSES, MODEL, honest
from tests.disclosures.given import SAID, given

STABLE = (
    "what", "index", "recorded_at", "occurred_at", "event", "stream", "version", "signed_by", "keys", "says", "disclosed",
    "hidden_digests", "leaf", "verdict", "as_text",
)  # fmt: skip


def rows(raw: bytes) -> list[dict[str, str]]:
    text = raw.decode("utf-8")
    assert text.startswith(MARK)
    return list(csv.DictReader(io.StringIO(text.removeprefix(MARK), newline="")))


def test_rows() -> None:
    what = given(honest(withheld={(MODEL, 2): "x", (MODEL, 3): "x", (MODEL, 5): CLASSES[0]}))
    found = rows(make(what)[""])
    shown = [r for r in found if r["what"] == "shown"]
    assert [int(r["index"]) for r in shown] == [e.index for e in what.shown.entries]
    assert {r["verdict"] for r in found} == {SAID.verdict}
    (named,) = [r for r in shown if r["event"] == "model.registered" and r["stream"] == MODEL]
    assert (named["disclosed"], named["signed_by"], named["version"]) == ("subject", "assessor", "1")
    assert "Fictional-1" in named["says"]
    assert [(r["stream"], r["version"]) for r in found if r["what"] == "withheld"] == [(MODEL, "2 to 3"), (MODEL, "5")]
    assert "Cal. BPC 22757.14" in found[-1]["says"]


def test_columns_are_stable() -> None:
    assert COLUMNS[: len(STABLE)] == STABLE, "columns are added at the end, and never renamed"


def test_the_same_bundle_gives_the_same_bytes() -> None:
    what = given()
    assert make(what) == make(what)
    assert make(what)[""].count(b"\r\n") == len(rows(make(what)[""])) + 1
