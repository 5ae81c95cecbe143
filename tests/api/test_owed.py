"""Duties over HTTP and at the command line: filters, pages that join, times past and to come, the feed, the metrics."""

import json
from collections.abc import Iterator
from typing import get_args

import pytest

from api.cli.obligations import line_of
from api.owed import OTHER, Wanted, lasting, owed_counts, query_of
from api.sparing import Sparingly
from api.wiring import View
from ledger.errors import Malformed
from ledger.strict import shift
from policies.duty import WAITING, Standing
from tests.api.asker import Asker
from tests.api.test_measures import read
from tests.commands import Cli, running
from tests.conftest import copy_of
from tests.policies.regimes import SAID, TENTH, Regimes, days, deploy, duty, regime

CA, EU = "us-ca-sb53", "eu-gpai-cop-safety-security"


@pytest.fixture(scope="module")
def cli(founded_folder, tmp_path_factory) -> Iterator[Cli]:
    work = tmp_path_factory.mktemp("owed")
    with running(copy_of(founded_folder, work / "held")) as commands:
        commands.ok("framework", "publish", CA)
        commands.ok("framework", "publish", EU, "--adopt")
        yield commands


@pytest.fixture(scope="module")
def asker(cli: Cli) -> Asker:
    return Asker(cli.ledger)


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_pages_join_to_the_whole(asker: Asker, limit: int) -> None:
    whole = asker.ask("/v1/obligations?limit=1000").json()["obligations"]
    assert len(whole) >= 4
    joined = asker.all(f"/v1/obligations?limit={limit}", "obligations")
    assert [d["key"] for d in joined] == [d["key"] for d in whole]
    dues = [d["due_latest"] or "~" for d in whole]
    assert dues == sorted(dues)


def test_filters_narrow(asker: Asker) -> None:
    found = asker.ask(f"/v1/obligations?pack={CA}").json()
    assert {d["pack"] for d in found["obligations"]} == {CA}
    one = asker.ask("/v1/obligations?obligation=CA-WB-QUARTER").json()["obligations"]
    assert {d["obligation"] for d in one} == {"CA-WB-QUARTER"}
    assert {d["applies"] for d in one} == {"unknown"}
    assert asker.ask("/v1/obligations?state=tolled").json()["obligations"] == []
    for query in ("state=lost", "due_within=soon", "due_within=0h", "limit=0", "all=yes", "after=%C3%A4"):
        answer = asker.ask(f"/v1/obligations?{query}")
        assert (answer.status_code, answer.json()["reason"]) == (400, "query"), query


@pytest.mark.parametrize("state", get_args(Standing))
def test_only_what_is_still_owed_is_counted_down_or_late(asker: Asker, state: str) -> None:
    """An ended or excused duty whose due date has passed was never late (spec/obligations.md)."""
    row = asker.ask("/v1/obligations?obligation=CA-WB-QUARTER").json()["obligations"][0]
    text = line_of({**row, "state": state, "seconds_left": -7200})
    assert ("(2 h 0 min late)" in text) is (state in WAITING)


def test_a_time_to_come_is_answered_and_labelled(asker: Asker) -> None:
    now = asker.ask("/v1/obligations?obligation=CA-WB-QUARTER").json()
    later = asker.ask("/v1/obligations?obligation=CA-WB-QUARTER&limit=1000&at=2099-01-05T00:00:00.000000Z").json()
    assert (now["projected"], later["projected"]) == (False, True)
    assert len(later["obligations"]) > 250
    assert {d["state"] for d in later["obligations"][:-1]} == {"overdue"}, later["obligations"][-2:]
    assert asker.ask("/v1/obligations?at=1").json()["obligations"] == []


def test_due_within_holds_what_is_late_and_what_is_soon(asker: Asker) -> None:
    at = "2099-03-30T00:00:00.000000Z"
    found = asker.ask(f"/v1/obligations?obligation=CA-WB-QUARTER&at={at}&due_within=72h&limit=1000").json()[
        "obligations"
    ]
    assert found[-1]["period"] == "2099-01-01"
    assert found[-1]["state"] == "open"
    early = asker.ask(f"/v1/obligations?obligation=CA-WB-QUARTER&at={at}&due_within=1h&limit=1000").json()[
        "obligations"
    ]
    assert early == found[:-1]


def test_answers_are_bound_and_never_kept(asker: Asker) -> None:
    for url in ("/v1/obligations", "/v1/obligations.ics", "/v1/incidents"):
        answer = asker.ask(url)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["ledger-checkpoint"].startswith(f"size={asker.ledger.appender.published[0]}, ")


def test_the_feed_is_a_calendar(asker: Asker) -> None:
    answer = asker.ask(f"/v1/obligations.ics?pack={CA}")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.content.startswith(b"BEGIN:VCALENDAR\r\n")
    assert answer.content.count(b"BEGIN:VEVENT") == len(
        [d for d in asker.ask(f"/v1/obligations?pack={CA}").json()["obligations"] if d["state"] in WAITING]
    )


def test_metrics_count_by_pack(asker: Asker) -> None:
    owed = asker.ask("/v1/obligations?due_within=72h&all=true&limit=1000").json()["obligations"]
    for name, late in (("obligations_overdue", True), ("obligations_due_72h", False)):
        expected = {p: sum((d["state"] == "overdue") is late and d["pack"] == p for d in owed) for p in (CA, EU, OTHER)}
        assert {dict(labels)["pack"]: v for (n, labels), v in read(asker).items() if n == name} == expected


def test_what_is_soon_and_what_is_late_is_counted() -> None:
    """Under a shipped pack's own name, and all other packs as one."""
    tell = duty("TELL", "deployment.started", clock="occurred", deadline=days(10))
    world = Regimes(*(regime(name, "code", tell, clock=SAID) for name in (CA, "private-1", "private-2")))
    opened = deploy(world)

    def counted(at: str) -> tuple[dict[str, int], dict[str, int]]:
        found = owed_counts(View(world.size, at, world.state))
        return found["obligations_due_72h"], found["obligations_overdue"]

    none, all_three = {CA: 0, OTHER: 0}, {CA: 1, OTHER: 2}
    assert counted(shift(TENTH, days=-3, micros=-1)) == (none, none)
    assert counted(shift(TENTH, days=-3)) == counted(TENTH) == (all_three, none)
    assert counted(shift(TENTH, micros=1)) == (none, all_three)
    world.word("fulfilled", CA, "TELL", opened)
    assert counted(shift(TENTH, micros=1)) == (none, {CA: 0, OTHER: 2})


def test_counting_takes_a_tenth_of_a_core_at_most(cli: Cli) -> None:
    told = iter([0.0, 2.0, 2.0, 21.9, 22.0, 22.5, 22.5])
    counts = Sparingly(owed_counts, lambda: next(told))
    with cli.ledger.view() as view:
        first = counts.at(view)
        assert counts.at(view) is first
        assert counts.at(view) is not first


def test_the_command_says_the_same_as_the_door(cli: Cli, asker: Asker) -> None:
    done = cli.ok("obligations", "--json", "--limit", "1000")
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert [r["key"] for r in rows] == [d["key"] for d in asker.ask("/v1/obligations?limit=1000").json()["obligations"]]
    first = cli.ok("obligations", "--limit", "1")
    assert "more may follow: --at " in first.err
    assert rows[0]["obligation"] in first.out
    again = cli("obligations", *first.err.split("more may follow: ")[1].replace("'", "").split())
    assert again.out.splitlines()[0].split("  ")[0].strip() == rows[1]["state"]


def test_nothing_is_not_success(cli: Cli) -> None:
    assert cli("obligations", "--state", "tolled").code == 5
    assert cli("incident", "list").code == 5
    assert cli("incident", "show", "none").code == 5
    for words in (("obligations", "--due-within", "soon"), ("obligation", "fulfil", CA, "NO-SUCH", "--period", "2026-01-01", "--yes"),
                  ("obligation", "fulfil", CA, "CA-WB-NOTICE", "--yes"), ("incident", "resolve", "none", "--yes"),
                  ("obligation", "fulfil", "no-such-pack", "X", "--period", "2026-01-01", "--yes")):  # fmt: skip
        assert cli(*words).code == 2, words


def test_a_word_is_said_once_and_anew_by_name(cli: Cli) -> None:
    period = json.loads(cli.ok("obligations", "--obligation", "CA-WB-NOTICE", "--json").out.splitlines()[0])["period"]
    for note in ("posted", "posted, and mailed"):
        cli.ok("obligation", "fulfil", CA, "CA-WB-NOTICE", "--period", period, "--note", note, "--yes")
    (row,) = [
        json.loads(line) for line in cli.ok("obligations", "--obligation", "CA-WB-NOTICE", "--json").out.splitlines()
    ]
    assert row["state"] == "fulfilled"
    stray = cli("obligation", "fulfil", CA, "CA-CSI-15D", "--period", period, "--yes")
    assert stray.code == 3  # an entry opens that one


def test_how_long_what_is_kept(cli: Cli) -> None:
    text = cli.ok("obligations", "--retention").out
    assert f"{CA} CA-RET-UNREDACTED" in text
    rows = [json.loads(line) for line in cli.ok("obligations", "--retention", "--json").out.splitlines()]
    assert {"amount": 5, "unit": "year"} in [r["period"] for r in rows]


def test_durations_have_one_form() -> None:
    assert (lasting("72h"), lasting("3d"), lasting(None)) == (259_200, 259_200, None)
    for text in ("", "72", "72 h", "0h", "1w", "-1h", "1_0h", "٣h"):
        with pytest.raises(Malformed, match="duration-form"):
            lasting(text)
    wanted = Wanted(state="open", pack=CA, due_within=lasting("2d"), everything=True)
    assert query_of(wanted) == [("state", "open"), ("pack", CA), ("all", "true"), ("due_within", "48h")]
