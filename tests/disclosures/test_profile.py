"""Profiles: strict, closed over the registry, and each of the shipped ones says of every type what becomes of it."""

from pathlib import Path

import pytest

from disclosures.profile import Profile, load_profile, open_fields, parse_profile, profile_object
from disclosures.static import verify as one_file
from ledger.errors import Malformed
from ledger.registry import BODIES, BY_NAME

FOLDER = Path(__file__).resolve().parents[2] / "disclosures" / "profiles"
SHIPPED = sorted(p.stem for p in FOLDER.glob("*.toml"))
TEXT = (FOLDER / "public-notice.toml").read_text()


def shipped(name: str) -> Profile:
    return load_profile((FOLDER / f"{name}.toml").read_text(), name)


def test_these_are_shipped() -> None:
    assert SHIPPED == [
        "auditor-full", "caisi-uk-handover", "california-oes-incident", "eu-ai-office-full", "eu-public-summary", "new-york",
        "public-notice",
    ]  # fmt: skip


@pytest.mark.parametrize("name", SHIPPED)
def test_every_type_is_shown_or_has_its_class(name: str) -> None:
    profile = shipped(name)
    assert profile.id == name
    assert parse_profile(profile_object(profile)) == profile
    for body in BODIES:
        assert profile.class_of(body.event.name).kind == "event"
        allowed = profile.allowed(body.event.name)
        if allowed is not None:
            assert profile.shows_entry(body.event.name, open_fields(body))


@pytest.mark.parametrize("name", SHIPPED)
def test_what_could_have_been_withheld_does_not_leave_because_it_was_left_open(name: str) -> None:
    profile = shipped(name)
    for shows in profile.shows:
        body = BY_NAME[shows.type]
        for member in body.event.hideable:
            allowed = member in {*shows.disclose, *shows.fields}
            assert profile.shows_entry(shows.type, {*open_fields(body), member}) == allowed, (shows.type, member)


def test_a_notice_shows_decisions_and_frameworks_alone() -> None:
    profile = shipped("public-notice")
    families = {s.type.partition(".")[0] for s in profile.shows}
    assert families == {"decision", "framework"}
    assert profile.claims == ("decision",)
    assert not any(s.disclose for s in profile.shows)
    assert profile.field_class("decision.made", "reason") is not None


@pytest.mark.parametrize("member", sorted(open_fields(BY_NAME["decision.made"])))
def test_one_field_that_is_not_allowed_withholds_the_entry(member: str) -> None:
    value = profile_object(shipped("public-notice"))
    fields = sorted(open_fields(BY_NAME["decision.made"]) - {member})
    value["shows"] = [{"type": "decision.made", "fields": fields}]
    profile = parse_profile(value)
    assert not profile.shows_entry("decision.made", open_fields(BY_NAME["decision.made"]))
    assert profile.shows_entry("decision.made", fields)
    assert not profile.shows_entry("gate.evaluated", [])


@pytest.mark.parametrize(
    ("name", "years"),
    [("california-oes-incident", {5}), ("new-york", {5}), ("eu-ai-office-full", {10}), ("eu-public-summary", {10}),
     ("public-notice", {None}), ("caisi-uk-handover", {None}), ("auditor-full", {None})],
)  # fmt: skip
def test_retention_is_what_the_source_sets(name: str, years: set[int | None]) -> None:
    profile = shipped(name)
    assert {None if w.retention is None else w.retention.amount for w in profile.withholds} == years
    assert ("Kept: " in profile.source) == (years != {None})


@pytest.mark.parametrize(
    ("as_of", "amount", "unit", "until"),
    [
        ("2026-04-07T09:00:00.000001Z", 5, "year", "2031-04-07T09:00:00.000001Z"),
        ("2028-02-29T00:00:00.000000Z", 5, "year", "2033-02-28T00:00:00.000000Z"),
        ("2028-02-29T00:00:00.000000Z", 4, "year", "2032-02-29T00:00:00.000000Z"),
        ("2026-12-31T23:59:59.999999Z", 2, "month", "2027-02-28T23:59:59.999999Z"),
        ("2026-12-31T00:00:00.000000Z", 1, "month", "2027-01-31T00:00:00.000000Z"),
        ("9998-06-01T00:00:00.000000Z", 9, "year", "9999-12-31T00:00:00.000000Z"),
    ],
)
def test_retention_is_counted_in_calendar_days_by_both_verifiers(
    as_of: str, amount: int, unit: str, until: str
) -> None:
    value = profile_object(shipped("public-notice"))
    value["withholds"][0]["retention"] = {"amount": amount, "unit": unit}
    one, other = parse_profile(value).withholds
    assert (one.retained_until(as_of), other.retained_until(as_of)) == (until, None)
    assert one_file.later(as_of, {"amount": amount, "unit": unit}) == until


BAD = {
    "no TOML": ("x =", "profile-toml"),
    "another member": (TEXT.replace('id = "public-notice"', 'id = "public-notice"\nextra = 1'), "profile-form"),
    "no schema": (TEXT.replace('schema = "holdpoint.profile/1"\n', ""), "profile-form"),
    "an unknown type": (TEXT.replace('type = "decision.made"', 'type = "decision.taken"'), "profile-type"),
    "an unknown field": (TEXT.replace('type = "decision.made"\nfields = ["*"]', 'type = "decision.made"\nfields = ["colour"]'), "profile-field"),
    "a field that is never withheld": (
        TEXT.replace('type = "decision.made"\nfields = ["*"]', 'type = "decision.made"\nfields = ["*"]\ndisclose = ["basis"]'), "profile-field",
    ),
    "a type twice": (TEXT + '\n[[shows]]\ntype = "decision.made"\nfields = ["*"]\n', "profile-twice"),
    "no class for the rest": (TEXT.replace('of = ["*"]', 'of = ["gate.evaluated"]'), "profile-class-missing"),
    "no class for a field": (TEXT.replace('of = ["decision.made.reason"]', 'of = ["model.registered.subject"]'), "profile-class-missing"),
    "a class of nothing": (TEXT.replace('of = ["decision.made.reason"]', 'of = ["decision.made.colour"]'), "profile-field"),
    "a retention of nothing": (TEXT + 'retention = { amount = 0, unit = "year" }\n', "profile-form"),
    "a retention in days": (TEXT + 'retention = { amount = 9, unit = "day" }\n', "profile-form"),
    "a claim that is none": (TEXT.replace('claims = ["decision"]', 'claims = ["harmless"]'), "profile-form"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_a_profile_is_refused(name: str) -> None:
    text, rule = BAD[name]
    assert text != TEXT
    with pytest.raises(Malformed, match="mine") as caught:
        load_profile(text, "mine")
    assert caught.value.rule == rule
