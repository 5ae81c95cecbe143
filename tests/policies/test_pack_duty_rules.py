"""Duties that nothing could open or count are refused at their line; so are packs that bind nobody or misname their base."""

from typing import get_args

import pytest

from ledger.errors import Malformed
from ledger.registry import BY_NAME
from policies.framework import load_toml
from policies.pack import Pack
from policies.pack_duties import ClockStart, Obligation
from policies.pack_duty_rules import CLOCK_EVENTS, NARROWED
from tests.policies.world import FRAMEWORKS

RSP = (FRAMEWORKS / "anthropic-rsp-2.2.toml").read_text()
DAY = '{ amount = 5, unit = "day" }'
SCHOOL = 'id = "X"\nref = "1"\nsummary = "s"\n'


def with_duty(event: str, *lines: str, pack: str = RSP) -> str:
    """The pack with one more duty."""
    told = [
        'id = "O-MORE"',
        'trigger = "t"',
        f'trigger_event = "{event}"',
        'recipients = ["r"]',
        'form = "f"',
        'ref = "1"',
    ]
    return pack + "\n[[obligations]]\n" + "\n".join((*told, *lines)) + "\n"


def refused(text: str) -> tuple[str, str]:
    """The rule, and the line that the error names (its text)."""
    with pytest.raises(Malformed) as caught:
        load_toml(text, "bent.toml")
    number = caught.value.place.split()[0].removeprefix("bent.toml:")
    return caught.value.rule, text.split("\n")[int(number) - 1]


# event, more lines, rule, the start of the line that the error names
BENT = {
    "an event that isn't": ("incident.rumoured", (), "pack-trigger", "trigger_event"),
    "a calendar without a period": ("calendar", (), "pack-trigger", "trigger_event"),
    "a calendar with a deadline": ("calendar", (f"every = {DAY}", f"deadline = {DAY}"), "pack-clock", "deadline"),
    "untracked without a reason": ("not_tracked", (), "pack-trigger", "trigger_event"),
    "a reason although tracked": ("concern.found", ('not_tracked_reason = "r"',), "pack-trigger", "not_tracked_reason"),
    "both a deadline and a word": ("concern.found", (f"deadline = {DAY}", 'promptness = "promptly"'), "pack-clock", "promptness"),
    "imminent risk of a deployment": ("deployment.started", ('clock = "imminent-known"',), "pack-clock", "clock"),
    "a clock of imminence, for every incident": ("incident.classified", ('clock = "imminent-known"',), "pack-clock", "clock"),
    "a plan of an incident": ("incident.classified", ('clock = "planned"',), "pack-clock", "clock"),
    "awareness of a document": ("document.confirmed", ('clock = "involvement-known"',), "pack-clock", "clock"),
    "an end that has not come": ("incident.classified", ('clock = "resolved"',), "pack-clock", "clock"),
    "an extension of nothing": ("obligation.tolled", ('clock = "due"',), "pack-clock", "clock"),
    "an extension without its clock": ("obligation.tolled", ('extends = ["O-USG"]',), "pack-clock", "[[obligations]]"),
    "an extension of what isn't there": ("obligation.tolled", ('clock = "due"', 'extends = ["O-NONE"]'), "pack-unknown-name", "extends"),
    "before what already happened": ("deployment.started", ('clock = "occurred"', 'deadline = { amount = -5, unit = "day" }'), "pack-clock", "deadline"),
    "a period of nothing": ("calendar", ('every = { amount = 0, unit = "day" }',), "pack-clock", "every"),
    "a class nobody declared": ("incident.classified", ('categories = ["FIRE"]',), "pack-unknown-name", "categories"),
    "a class of document": ("document.confirmed", ('categories = ["FIRE"]',), "pack-narrow", "categories"),
    "a document of an incident": ("incident.classified", ('documents = ["capability_report"]',), "pack-narrow", "documents"),
    "a document nobody declared": ("document.confirmed", ('documents = ["poem"]',), "pack-unknown-name", "documents"),
    "a state of a deployment": ("deployment.started", ('states = ["crossed"]',), "pack-narrow", "states"),
    "a state nobody declared": ("threshold.determined", ('states = ["over"]',), "pack-unknown-name", "states"),
    "a threshold nobody declared": ("threshold.determined", ('thresholds = ["Z-9"]',), "pack-unknown-name", "thresholds"),
    "an action of a concern": ("concern.found", ('actions = ["train"]',), "pack-narrow", "actions"),
    "a measure of a document": ("document.confirmed", ('measured = { fact = "x", comparator = ">", value = "1" }',), "pack-narrow", "measured"),
    "a measure in words": ("model.compute-reached", ('measured = { fact = "x", comparator = ">", value = "lots" }',), "pack-number", "[[obligations]]"),
    "after a duty that isn't there": ("obligation.fulfilled", ('after = { pack = "anthropic-rsp-2.2", obligation = "O-NONE" }',), "pack-unknown-name", "after"),
    "after, and opened by something else": ("concern.found", ('after = { pack = "a", obligation = "b" }',), "pack-trigger", "after"),
    "fulfilled, and nobody says what": ("obligation.fulfilled", (), "pack-trigger", "trigger_event"),
    "a kind of report that isn't": ("incident.report-filed", ('reports = ["secret"]',), "pack-unknown-name", "reports"),
    "until something that isn't an event": ("concern.raised", (f"every = {DAY}", 'until = "doomsday"'), "pack-unknown-name", "until"),
    "until an end, once": ("concern.raised", (f"deadline = {DAY}", 'until = "concern.found"'), "pack-clock", "until"),
    "gaps in what does not repeat": ("concern.raised", (f"minimum_gap = {DAY}",), "pack-clock", "minimum_gap"),
    "a report for a deployment": ("deployment.started", ('report = "final"',), "pack-narrow", "report"),
    "material, of a deployment": ("deployment.started", ("material = true",), "pack-narrow", "material"),
    "told twice": ("document.confirmed", ('documents = ["capability_report", "capability_report"]',), "pack-duplicate", "[[obligations]]"),
}  # fmt: skip


def test_a_new_member_of_a_duty_is_looked_at() -> None:
    """What narrows has events that carry it; what does not narrow is one of these."""
    apart = {
        "also_on", "alternative", "applies_when", "approx", "binds", "binds_whom", "clock", "deadline", "every", "exemptions",
        "form", "id", "minimum_gap", "not_tracked_reason", "note", "optional", "or_sooner", "promptness", "recipients", "ref",
        "see", "soft", "sourced", "status", "trigger", "trigger_event", "until",
    }  # fmt: skip
    assert set(Obligation.__struct_fields__) == apart | set(NARROWED)
    assert {e for events in NARROWED.values() for e in events} <= set(BY_NAME)
    assert {e for events in CLOCK_EVENTS.values() for e in events} <= set(BY_NAME)
    assert set(CLOCK_EVENTS) == set(get_args(ClockStart)) - {"occurred", "known", "recorded", "not-stated"}


@pytest.mark.parametrize("name", BENT)
def test_a_duty_that_cannot_be_meant_is_refused_at_its_line(name: str) -> None:
    event, lines, rule, start = BENT[name]
    found, line = refused(with_duty(event, *lines))
    assert (found, line[: len(start)]) == (rule, start)


GOOD = {
    "fifteen days from discovery": ("incident.classified", ('clock = "discovered"', f"deadline = {DAY}")),
    "a day from the imminent risk": (
        "incident.classified",
        ('clock = "imminent-known"', "imminent = true", 'deadline = { amount = 24, unit = "hour" }'),
    ),
    "two weeks before": ("action.requested", ('clock = "planned"', 'deadline = { amount = -14, unit = "day" }')),
    "an extension": ("obligation.tolled", ('clock = "due"', 'extends = ["O-USG"]', f"deadline = {DAY}")),
    "after another's": ("obligation.fulfilled", ('after = { pack = "eu-ai-act-gpai", obligation = "EU-52-1" }',)),
    "monthly until it is found": ("concern.raised", (f"every = {DAY}", 'until = "concern.found"')),
    "never told": ("not_tracked", ('not_tracked_reason = "nobody records it"', f"deadline = {DAY}")),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_duty_that_can_be_meant_loads(name: str) -> None:
    event, lines = GOOD[name]
    pack: Pack = load_toml(with_duty(event, *lines), "good.toml")
    assert pack.obligations[-1].id == "O-MORE"


def top(*lines: str) -> str:
    """The pack with more lines at its head."""
    return "\n".join(lines) + "\n" + RSP


def end(*lines: str) -> str:
    """The pack with more tables at its end."""
    return RSP + "\n" + "\n".join(lines) + "\n"


def based(target: str, change: str = "changed", unread: str = '["all but the difference"]') -> str:
    text = RSP.replace('sourcing = "primary text read in full"', f'sourcing = "compared"\nunread_parts = {unread}')
    difference = f'{{ target = "{target}", change = "{change}", ref = "1", here = "this", base = "that" }}'
    return f'{text}\n[base]\nid = "anthropic-rsp-2.1"\nrelation = "predecessor"\ndifferences = [\n  {difference},\n]\n'


PACKS = {
    "a law that binds nobody": (RSP.replace('binds = "own"', 'binds = "law"'), "pack-binds", "binds ="),
    "each clause says whom, and one doesn't": (top('binds_whom = "per_clause"'), "pack-binds", "[[gates]]"),
    "a code made by statute": (
        end("[statutory]", 'law = "us-ca-sb53"', 'clauses = ["1"]').replace('binds = "own"', 'binds = "code"'),
        "pack-binds",
        "[statutory]",
    ),
    "an own framework that waits for another": (
        end("[scope]", 'pack = "eu-ai-act-gpai"', 'threshold = "T"', 'state_in = ["presumed"]'),
        "pack-binds",
        "[scope]",
    ),
    "enforced on no day": (top('enforced_from = "2026-02-30"'), "pack-date", "enforced_from"),
    "enforced before it is in force": (top('enforced_from = "2020-01-01"'), "pack-contradiction", "enforced_from"),
    "its own successor": (
        RSP.replace('superseded_by = "anthropic-rsp-3.0"', 'superseded_by = "anthropic-rsp-2.2"'),
        "pack-contradiction",
        "superseded_by",
    ),
    "a holiday that isn't": (end("[clock]", 'ref = "1"', 'holidays = ["2026-13-01"]'), "pack-date", "holidays"),
    "a holiday twice": (
        end("[clock]", 'ref = "1"', 'holidays = ["2026-05-01", "2026-05-01"]'), "pack-duplicate", "holidays",
    ),
    "weekend all week": (
        end("[clock]", 'ref = "1"', 'weekend = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]'),
        "pack-contradiction",
        "weekend",
    ),
    "a level nobody declared": (
        RSP.replace('id = "CBRN-3"\n', 'id = "CBRN-3"\nlevel = "ASL-9"\n', 1), "pack-unknown-name", "level",
    ),
    "presumed, from nothing": (
        RSP.replace('id = "G-TRAIN"\n', 'id = "G-TRAIN"\nsourced = "presumed"\n', 1), "pack-base", "[[gates]]",
    ),
    "a difference to nothing here": (based("gates/G-NONE"), "pack-base", "  { target"),
    "gone, and still there": (based("gates/G-TRAIN", "removed"), "pack-base", "  { target"),
    "a difference, and all was read": (based("gates/G-TRAIN", unread="[]"), "pack-base", "[base]"),
    "a field numbered twice": (
        end(
            "[[incident_categories]]", SCHOOL, "[[report_fields]]", 'id = "A"', 'ref = "1"', 'title = "t"', "number = 1",
            "[[report_fields]]", 'id = "B"', 'ref = "1"', 'title = "t"', "number = 1",
        ),
        "pack-duplicate",
        "number",
    ),
    "a form for no incident": (
        end("[[report_fields]]", 'id = "A"', 'ref = "1"', 'title = "t"'), "pack-contradiction", "[[report_fields]]",
    ),
    "kept for no time": (
        end("[[retention]]", 'id = "K"', 'ref = "1"', 'start = "s"', 'period = { amount = 0, unit = "year" }'),
        "pack-clock",
        "period",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_that_cannot_be_meant_is_refused_at_its_line(name: str) -> None:
    text, rule, start = PACKS[name]
    found, line = refused(text)
    assert (found, line[: len(start)]) == (rule, start)


@pytest.mark.parametrize(
    ("target", "change"), [("gates/G-TRAIN", "changed"), ("gates/G-GONE", "absent"), ("levels", "same")]
)
def test_a_difference_that_can_be_seen_loads(target: str, change: str) -> None:
    assert load_toml(based(target, change), "based.toml").base is not None
