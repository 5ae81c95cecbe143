"""The calendar feed: lines of 75 octets, text escaped, names that never change, nothing that is over (RFC 5545)."""

from msgspec.structs import replace

from disclosures.icalendar import MOST, WIDTH, fold, moment, render, text
from ledger.strict import shift
from policies.duty import Duty
from tests.policies.regimes import START, Regimes, days, duty, regime

AT = shift(START, days=1)
PACK = regime("fiction", "code", duty("TELL", "deployment.started", clock="occurred", deadline=days(10), form="a paper, long; and \\ odd",
                                      recipients=["Behörde für Ä" + "ö" * 60, "an office"]),
              duty("SOON", "deployment.started", clock="occurred", deadline=days(1, "hour")),
              duty("NEVER", "deployment.started"))  # fmt: skip


def duties() -> list[Duty]:
    w = Regimes(PACK)
    body = {
        "action": "external_deploy",
        "artifact": "0" * 64,
        "audience": "general",
        "decision": None,
        "hosts": ["own"],
        "surfaces": [],
    }
    w.say("deployment.started", body)
    return w.duties(AT)


def unfolded(feed: bytes) -> list[str]:
    """As a reader of calendars does it."""
    return feed.decode().replace("\r\n ", "").split("\r\n")


def test_one_event_per_duty_that_is_owed_and_has_a_date() -> None:
    lines = unfolded(render("dev/one", AT, duties()))
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-2:] == ["END:VCALENDAR", ""]
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == 2
    assert [line for line in lines if line.startswith("SUMMARY")] == [
        "SUMMARY:OVERDUE SOON: a paper",
        "SUMMARY:TELL: a paper\\, long\\; and \\\\ odd",
    ]
    assert "DTSTART:20260302T100000Z" in lines  # an hour after: exact, so no end beside it
    starts = [line.partition(":")[0] for line in lines]
    assert starts.count("DTEND") == 1
    assert lines.count(f"DTSTAMP:{moment(AT)}") == 2


def test_what_is_over_never_crowds_out_what_is_due() -> None:
    due = duties()
    over = [replace(d, state="fulfilled", key=f"{d.key}|{n}") for d in due for n in range(MOST)]
    feed = unfolded(render("dev/one", AT, [*over, *due]))
    assert feed == unfolded(render("dev/one", AT, due))
    many = [replace(d, key=f"{d.key}|{n}") for d in due[:1] for n in range(MOST + 1)]
    assert unfolded(render("dev/one", AT, many)).count("BEGIN:VEVENT") == MOST


def test_the_same_duties_are_the_same_bytes_and_names_outlive_the_clock() -> None:
    found = duties()
    assert render("dev/one", AT, found) == render("dev/one", AT, found)
    today, tomorrow, other = (
        [line for line in unfolded(render(origin, at, found)) if line.startswith("UID:")]
        for origin, at in (("dev/one", AT), ("dev/one", shift(AT, days=1)), ("dev/two", AT))
    )
    assert today == tomorrow
    assert len(set(today)) == 2
    assert not set(today) & set(other)


def test_no_line_is_longer_than_75_octets_and_no_character_is_split() -> None:
    feed = render("dev/one", AT, duties())
    assert b"\n" not in feed.replace(b"\r\n", b"")
    for line in feed.split(b"\r\n"):
        assert len(line) <= WIDTH
        line.decode()
    long = "X:" + "é" * 200
    assert b"".join(fold(long).split(b"\r\n ")).removesuffix(b"\r\n").decode() == long


def test_text_is_escaped_and_controls_are_dropped() -> None:
    assert text("a,b;c\\d\ne\r\x00\x1b\x85f") == "a\\,b\\;c\\\\d\\nef"
    assert text("BEGIN:VEVENT\r\nEND:VCALENDAR") == "BEGIN:VEVENT\\nEND:VCALENDAR"


def test_what_may_not_apply_says_so() -> None:
    unsure = replace(duties()[1], applies="unknown", reasons=("scope-undetermined",))
    lines = unfolded(render("dev/one", AT, [unsure]))
    assert "SUMMARY:? TELL: a paper\\, long\\; and \\\\ odd" in lines
    assert any("scope-undetermined" in line for line in lines if line.startswith("DESCRIPTION"))


def test_an_empty_calendar_is_one() -> None:
    assert unfolded(render("dev/one", AT, []))[-2] == "END:VCALENDAR"
