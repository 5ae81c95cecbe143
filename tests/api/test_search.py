"""What somebody who reads the log looks for: by the beginning of a type, by model wherever it is named, by words; page by page."""

from typing import Any

import pytest

from api.search import Sought, search, words
from api.session import Session
from ledger.canonical import dumps
from ledger.entry import parse_entry
from ledger.envelope import parse_envelope
from ledger.events import incident, model
from tests.api.asker import Asker

MODEL = "model/fictional-one"


@pytest.fixture(scope="module")
def log(story: Asker) -> list[dict[str, Any]]:
    """Every entry, in order."""
    return story.all("/v1/entries?limit=1000", "entries")


def indexes(story: Asker, query: str) -> list[int]:
    return [e["index"] for e in story.all(f"/v1/entries?{query}", "entries")]


def body(entry: dict[str, Any]) -> str:
    return " ".join(words(entry["type"], dumps(entry["entry"])))


def name(entry: dict[str, Any]) -> str:
    return str(entry["type"].split(":")[3])


@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_a_family_is_how_names_begin(story: Asker, log: list[dict[str, Any]], limit: int) -> None:
    wanted = [e["index"] for e in log if name(e).startswith("approval.")]
    assert wanted
    assert indexes(story, f"type=approval.&limit={limit}") == wanted
    assert indexes(story, f"type=approval&limit={limit}") == wanted
    one = [e["index"] for e in log if name(e) == "role.granted"]
    assert indexes(story, f"type=role.granted&limit={limit}") == one
    assert indexes(story, "type=no.such") == []


@pytest.mark.parametrize("limit", [1, 2, 1000])
def test_a_model_s_entries_are_found_in_whatever_stream_they_stand(
    story: Asker, log: list[dict[str, Any]], limit: int
) -> None:
    there = [e["index"] for e in log if e["stream"] == MODEL and name(e) != "model.referenced"]
    elsewhere = [
        e["index"] for e in log if name(e) in ("safeguard.attested", "document.submitted", "document.confirmed")
    ]
    assert elsewhere
    assert indexes(story, f"model={MODEL}&limit={limit}") == sorted(there + elsewhere)
    assert indexes(story, f"model={MODEL}&type=safeguard.&limit={limit}") == [
        e["index"] for e in log if name(e) == "safeguard.attested"
    ]
    assert indexes(story, f"model={MODEL}&stream=document/safety-case-none&limit={limit}") == []
    assert indexes(story, "model=model/nobody") == []


@pytest.mark.parametrize("limit", [1, 1000])
def test_words_are_found_in_open_fields_in_either_case(story: Asker, log: list[dict[str, Any]], limit: int) -> None:
    wanted = [e["index"] for e in log if "key-admin" in body(e)]
    assert wanted
    assert indexes(story, f"text=KEY-admin&limit={limit}") == wanted
    assert indexes(story, f"text=key-admin&type=role.&limit={limit}") == [
        e["index"] for e in log if "key-admin" in body(e) and name(e).startswith("role.")
    ]
    assert indexes(story, "text=no%20such%20words%20anywhere") == []


def test_a_member_that_may_be_withheld_is_not_searched(growing: Asker) -> None:
    session = Session(growing.ledger)
    said = {
        "first_at": "2026-01-05T10:00:00.000000Z",
        "jurisdictions": ["eu"],
        "kind": "Misuse",
        "models": ["model/seen"],
        "surfaces": [],
    }
    session.say(model.Registered, {"kind": "base"}, "model/seen", "assessor", subject="ab" * 32)
    open_ = {**said, "summary": "a canary that its author left in the open"}
    seen = session.say(incident.Observed, open_, "incident/1", "responder", defaults=frozenset())
    assert b"canary" in parse_envelope(parse_entry(session.entry(seen.index)[0]).envelope).payload
    assert session.page(Sought(text="canary"), -1, 1000) == []
    assert session.page(Sought(text="_sd"), -1, 1000) == []
    assert [r.index for r in session.page(Sought(text="MISUSE"), -1, 1000)] == [seen.index]
    assert [r.type for r in session.page(Sought(model="model/seen"), -1, 1000)] == [
        "model.registered",
        "incident.observed",
    ]
    assert [r.type for r in session.page(Sought(type="incident."), -1, 1000)] == ["incident.observed"]


def test_a_long_search_goes_on_where_it_stopped(story: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = indexes(story, "text=approver&limit=1000")
    monkeypatch.setattr("api.search.SCANS", 1)
    monkeypatch.setattr("api.search.SCANNED", 2)
    first = story.ask("/v1/entries?text=approver&limit=2")
    assert 'rel="next"' in first.headers["link"], "two rows were looked through, not all"
    assert indexes(story, "text=approver&limit=2") == whole
    assert [r.index for r in Session(story.ledger).page(Sought(text="approver"), -1, 1000)] == whole


def test_what_lies_beyond_the_checkpoint_is_not_found(story: Asker) -> None:
    assert search(story.ledger.desk, Sought(), -1, 1000, 3, story.ledger.appender.state)[0][-1].index == 2
    assert search(story.ledger.desk, Sought(model=MODEL), -1, 1000, 3, story.ledger.appender.state) == ([], None)


@pytest.mark.parametrize(
    "query", ["text=", "text=" + "x" * 101, "model=fictional-one", "model=model/", "text=a&text=b"]
)
def test_a_search_that_is_none_is_refused(story: Asker, query: str) -> None:
    assert story.ask(f"/v1/entries?{query}").json()["reason"] == "query"
