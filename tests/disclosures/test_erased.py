"""What was erased, and what the ledger does not hold: listed from the entries, the same by every verifier, and never invented."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import pytest

from disclosures.closure import read_found
from disclosures.erased import Seen, is_erased, unheld_classes
from disclosures.profile import parse_profile
from disclosures.report import report_of
from disclosures.shown import REPORT, read_shown
from disclosures.stored_zip import format_zip
from ledger.canonical import dumps
from ledger.errors import Malformed
from ledger.events import decision
from ledger.events.disclosure import Erased, ErasedClass, erasures_of
from tests.disclosures.chromium import Chromium, bundle_verdict
from tests.disclosures.forger import MODEL, Forger, everything, told
from tests.disclosures.lab_source import LabSource, built
from tests.disclosures.test_one_file_verifier import both, trust_file
from tests.simulator import Lab

SUBJECT = {
    "classes": [{"fields": ["subject"], "type": "model.registered"}],
    "first": 0,
    "ground": "fictional: it is over",
}


@lru_cache(maxsize=1)
def erased() -> tuple[Lab, dict[str, tuple[str, ...]], int]:
    """A lab that erased its model's name, what it still holds, and the index of the erasure."""
    found, disclosed = told()
    lab = found.fork()
    at = lab.say(
        Erased,
        {**SUBJECT, "last": len(lab.entries) - 1, "stream": MODEL},
        erasures_of(MODEL),
        "discloser-1",
        "discloser-2",
    ).index
    lab.commit_index()
    source = LabSource(lab, {})
    kept = {read_found(n, source.entry(n)): texts for n, texts in disclosed.items()}
    return (
        lab,
        {e.statement.predicate.event_id: t for e, t in kept.items() if e.body.event.name != "model.registered"},
        at,
    )


@lru_cache(maxsize=1)
def files() -> dict[str, bytes]:
    lab, held, _ = erased()
    return built(lab, parse_profile(everything()), held, since=(1,))


def test_it_is_listed_with_its_ground_and_named_where_it_would_have_been_handed_over() -> None:
    lab, _, at = erased()
    shown = read_shown(files())
    assert [(e.index, e.stream) for e in shown.entries if e.type == "disclosure.erased"] == [(at, erasures_of(MODEL))]
    (gone,) = [c for c in shown.redactions.classes if c.kind == "erased"]
    assert (gone.id, gone.what, gone.ground, gone.count) == (
        f"erased-{at}-0",
        "model.registered: subject",
        SUBJECT["ground"],
        0,
    )
    report, checks, verdict = both(files(), lab)
    assert (report.verdict.value, verdict) == ("INCOMPLETE", "INCOMPLETE"), (report.checks, checks)
    lost = [c for c in report.checks if c.code == "erased-needed"]
    assert [(c.index, "subject of model.registered" in c.detail) for c in lost] == [(shown.entries[0].index + 42, True)]
    assert [c[4] for c in checks if c[2] == "erased-needed"] == [lost[0].index]
    assert any("model.registered: subject" in note and f"Entry {at}" in note for note in report.notes)


def test_where_the_profile_hands_it_over_to_nobody_the_verdict_stands() -> None:
    lab, held, _ = erased()
    profile = everything()
    for one in profile["shows"]:
        if one["type"] == "model.registered":
            del one["disclose"]
    report, checks, verdict = both(built(lab, parse_profile(profile), held, since=(1,)), lab)
    assert (report.verdict.value, verdict) == ("VALID_UNWITNESSED", "VALID_UNWITNESSED"), (report.checks, checks)
    assert any("model.registered: subject" in note for note in report.notes)


def test_what_was_never_sent_is_said_too_and_is_not_called_erased() -> None:
    """Of the model's own registration the text was erased; of the other's there never was one."""
    seen = [
        Seen(e.index, e.stream, e.statement.predicate.body, e.open_members, {*e.disclosed})
        for e in read_shown(files()).entries
    ]
    profile = parse_profile(everything())
    assert [c.what for c in unheld_classes(profile, seen)] == ["model.registered: subject"]
    assert unheld_classes(profile, [one for one in seen if one.stream != "model/b"]) == []
    unexplained = [one for one in seen if one.stream == MODEL]
    assert [c.id for c in unheld_classes(profile, unexplained)] == ["unheld-model-registered"]
    shown = [replace(one, disclosed=frozenset({"subject"})) for one in unexplained]
    assert unheld_classes(profile, shown) == []


def bent(bend: Callable[[list[dict[str, Any]]], object]) -> dict[str, bytes]:
    payload = {path: raw for path, raw in files().items() if path.startswith("data/") and path != REPORT}
    said = json.loads(payload["data/redactions.json"])
    bend(said["classes"])
    said["classes"].sort(key=lambda c: c["id"])
    payload["data/redactions.json"] = dumps(said)
    return Forger(erased()[0]).seal(payload, profile="everything")


def set_in(of: str, **values: object) -> Callable[[list[dict[str, Any]]], object]:
    return lambda classes: [c.update(values) for c in classes if c["kind"] == of]


def drop(kind: str) -> Callable[[list[dict[str, Any]]], object]:
    def go(classes: list[dict[str, Any]]) -> None:
        classes[:] = [c for c in classes if c["kind"] != kind]

    return go


def invent(kind: str, name: str) -> Callable[[list[dict[str, Any]]], object]:
    def go(classes: list[dict[str, Any]]) -> None:
        model = next(c for c in classes if c["kind"] == kind)
        classes.append({**model, "id": name, "what": "decision.made: reason"})

    return go


LIES: list[tuple[Callable[[list[dict[str, Any]]], object], str]] = [
    (drop("erased"), "redactions-missing"),
    (set_in("erased", ground="another"), "redactions-ground"),
    (set_in("erased", what="decision.made: reason"), "redactions-ground"),
    (set_in("erased", character="not held"), "redactions-ground"),
    (set_in("erased", justification="nobody signed it"), "redactions-ground"),
    (set_in("erased", kind="unheld"), "redactions-ground"),
    (set_in("erased", count=1), "redactions-count"),
    (invent("erased", "erased-3-0"), "redactions-ground"),
    (invent("unheld", "unheld-model-registered"), "redactions-ground"),
    (set_in("unheld", what="decision.made: reason, subject"), "redactions-ground"),
]


@pytest.mark.parametrize(("bend", "code"), LIES)
def test_no_lie_about_it_passes(bend: Callable[[list[dict[str, Any]]], object], code: str) -> None:
    report, checks, verdict = both(bent(bend), erased()[0])
    assert (report.verdict.value, verdict) == ("INVALID", "INVALID"), (report.checks, checks)
    assert code in {c.code for c in report.checks}
    assert code in {c[2] for c in checks}


def test_the_report_gives_no_class_of_fields_a_count() -> None:
    classes = read_shown(files()).redactions.classes
    assert {"erased", "unheld"} <= {c.kind for c in classes}
    (withheld,) = [s for s in report_of(read_shown(files())).sections if s.key == "withheld"]
    said = {c.kind: row[1] for c, row in zip(classes, withheld.rows, strict=True)}
    assert (said["erased"], said["unheld"]) == ("fields, erased since", "fields, of which no text is held")
    assert all(c.count or not row[1].isdigit() for c, row in zip(classes, withheld.rows, strict=True))


def test_the_page_says_the_same(browser: Chromium) -> None:
    pin = trust_file(erased()[0])
    assert bundle_verdict(browser, format_zip(files()), pin) == {"verdict": "INCOMPLETE", "codes": ["erased-needed"]}
    for bend, code in LIES:
        found = bundle_verdict(browser, format_zip(bent(bend)), pin)
        assert (found["verdict"], code in found["codes"]) == ("INVALID", True), (code, found)


def test_an_erasure_reaches_its_stream_range_type_and_field() -> None:
    said = Erased(
        classes=(ErasedClass(fields=("reason",), type="decision.made"),), first=3, ground="over", last=5, stream=MODEL
    )  # fmt: skip
    body: Any = SimpleNamespace(event=decision.Made.event)
    for index, stream, name, wanted in (
        (3, MODEL, "reason", True), (5, MODEL, "reason", True), (2, MODEL, "reason", False), (6, MODEL, "reason", False),
        (4, "model/b", "reason", False), (4, MODEL, "basis", False),
    ):  # fmt: skip
        assert is_erased(Seen(index, stream, body, frozenset(), frozenset()), name, [said]) is wanted


@pytest.mark.parametrize("name", ["erased-1-0", "unheld-decision-made"])
def test_no_profile_describes_what_entries_give(name: str) -> None:
    profile = everything()
    profile["withholds"][0]["id"] = name
    with pytest.raises(Malformed, match="profile-form"):
        parse_profile(profile)
