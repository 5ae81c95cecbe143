"""docs/tutorial/two-years.md as typed, on the told scenario; and the pages of its ledger: real divergences, a real break-glass."""

import json
import re
import shlex
from base64 import urlsafe_b64decode
from collections.abc import Iterator

import pytest

from api.routes import page_model
from api.why_text import clauses_of
from policies.incidents import incidents_of
from tests.api.asker import Asker
from tests.api.test_pages import page
from tests.commands import ROOT, Cli, running
from tests.stories.conftest import Told

TUTORIAL = ROOT / "docs" / "tutorial" / "two-years.md"
DAYS = ("2025-03-04", "2026-04-08", "2026-05-12", "2026-06-17", "2026-11-03")
PAGES = ("/", "/duties", "/frameworks", "/models/fictional-one", "/models/fictional-two", "/docs")


def typed(text: str) -> list[tuple[str, list[str]]]:
    """Each command of the page with the lines that it promises."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def misses(promised: list[str], said: str) -> str | None:
    """The first promised line that does not come, in order; `…` stands for anything."""
    lines = iter(said.splitlines())
    for line in promised:
        pattern = ".*".join(re.escape(part) for part in line.split("…"))
        if line != "…" and not any(re.match(pattern, found) for found in lines):
            return line
    return None


@pytest.fixture(scope="module")
def cli(told: Told) -> Iterator[Cli]:
    with running(told.folder) as commands:
        yield commands


@pytest.fixture
def asker(cli: Cli) -> Asker:
    return Asker(cli.ledger)


def at(day: str) -> str:
    return f"{day}T12:00:00.000000Z"


def test_the_tutorial_as_typed(told: Told, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    first, *commands = typed(TUTORIAL.read_text())
    assert first[0] == "holdpoint demo --scenario withheld --data two-years"
    told_lines = "\n".join([*told.lines, f"verify the export, under the pin: {told.report.verdict.value} (exit 0)"])
    assert misses(first[1], told_lines) is None
    assert len(commands) >= 10
    for line, promised in commands:
        exit_code = int(found[1]) if (found := re.search(r"# exit ([0-9])", line)) else 0
        words = [w.replace("two-years", str(told.folder)) for w in shlex.split(line, comments=True)]
        done = cli(*words[1:])
        assert done.code == exit_code, (line, done.out, done.err)
        assert promised, line
        assert misses(promised, done.out) is None, (line, misses(promised, done.out), done.out)


def test_a_line_that_does_not_come_is_missed() -> None:
    assert misses(["a … c", "d"], "a b c\nx\nd e") is None
    assert misses(["d", "a"], "a b c\nd") == "a"


@pytest.mark.parametrize("url", PAGES[:-1])
def test_grants_without_review_and_divergences_stand_first(asker: Asker, url: str) -> None:
    quiet = page(asker, f"{url}?at={at('2026-04-06')}")
    assert "BREAK-GLASS" not in quiet.text
    assert "Decided differently" not in quiet.text
    loud = page(asker, f"{url}?at={at('2026-05-12')}")
    assert loud.text.index("BREAK-GLASS, not reviewed: entry 260") < loud.text.index("overview")
    assert loud.all("h2")[0]["id"] == "divergences"
    reviewed = page(asker, f"{url}?at={at('2026-05-14')}")
    assert "BREAK-GLASS" not in reviewed.text
    assert reviewed.all("h2")[0]["id"] == "divergences"


@pytest.mark.parametrize("day", DAYS)
def test_a_model_page_says_what_the_answers_say(asker: Asker, day: str) -> None:
    asked = f"at={at(day)}"
    why = asker.ask(f"/v1/models/fictional-two/why?{asked}")
    if why.status_code == 404:
        assert asker.ask(f"/models/fictional-two?{asked}").json()["reason"] == "not-found"
        return
    for argument in why.json()["actions"]:
        text = page(asker, f"/models/fictional-two?{asked}&action={argument['action']}").text
        assert f"Why: {argument['action'].replace('_', ' ')}" in text
        for finding in argument["verdict"]["findings"]:
            assert f"{finding['pack']} {finding['clause']} ({finding['ref']}; {finding['sourced']})" in text
            assert finding["requirement"] in text
            assert all(f"{e['index']} {e['type']}" in text for e in finding["entries"])
    text = page(asker, f"/models/fictional-two?{asked}").text
    for row in asker.ask(f"/v1/models/fictional-two/safeguards?{asked}").json()["safeguards"]:
        assert f"entry {row['index']} by" in text
    for made in asker.ask(f"/v1/decisions?{asked}").json()["decisions"]:
        if made["stream"] == "model/fictional-two":
            assert f"decision at entry {made['index']} , basis {made['basis']}" in text


def test_an_incident_stands_on_the_page_of_its_model_regime_by_regime(asker: Asker) -> None:
    text = page(asker, f"/models/fictional-two?at={at('2026-06-18')}").text
    shown = text[text.index("Incidents") : text.index("What was recorded of it")]
    shown = shown.replace(" :", ":").replace(" ,", ",")
    assert "eu-gpai-cop-safety-security to be reported: CYBERSECURITY-BREACH" in shown
    assert "EU-9.3-CYBER: fulfilled late due 2026-06-16 11:59 UTC" in shown
    assert "us-ca-sb53 not to be reported" in shown
    assert "eu-ai-act-gpai nobody has classified it" in shown
    assert "without F7-RECOMMENDATIONS, F8-ROOT-CAUSE" in shown


def test_duties_say_clause_recipient_and_both_dates(asker: Asker) -> None:
    asked = f"at={at('2026-06-16')}&incident=incident/2026-1"
    (duty,) = asker.ask(f"/v1/obligations?{asked}").json()["obligations"]
    read = page(asker, f"/duties?{asked}")
    for said in (duty["obligation"], duty["ref"], ", ".join(duty["recipients"]), "overdue", "0 h 0 min late"):
        assert said in read.text
    assert [t["datetime"] for t in read.all("time")][1:3] == [duty["due_strict"], duty["due_latest"]]
    (feed,) = [a["href"] for a in read.all("a") if (a["href"] or "").startswith("/v1/obligations.ics")]
    assert asker.ask(feed or "").text.count("BEGIN:VEVENT") == 1
    assert "EU-9.3-CYBER" in page(asker, f"/?at={at('2026-06-16')}").text
    assert page(asker, f"/duties?{asked}&state=").text == read.text, "what the form sends for still owed"
    assert "PROJECTED" in page(asker, "/duties?at=2030-01-01T00:00:00.000000Z").text


def test_frameworks_say_since_when_and_what_is_unread_and_drifted(asker: Asker) -> None:
    text = page(asker, f"/frameworks?at={at('2026-05-12')}").text
    assert "eu-gpai-cop-safety-security" in text[: text.index("Published, not in force")]
    assert "unread: Commitments 2-6" in text
    assert "the source has changed under the same label, entry 255" in text
    assert "fictional-lab-1" in text[text.index("Published, not in force") :]
    before = page(asker, f"/frameworks?at={at('2026-03-01')}").text
    assert "fictional-lab-2" not in before


def test_history_pages_by_links_alone_and_misses_nothing(asker: Asker) -> None:
    seen: list[str] = []
    url = f"/models/fictional-two?at={at('2026-11-03')}"
    while url:
        text = asker.ask(url).text
        rows = text[text.index('id="history"') :].split("</section>")[0]
        seen += re.findall(r'<th scope="row"><a href="/v1/entries/([0-9]+)"', rows)
        found = re.search(r'rel="next" href="([^"]*)"', rows)
        url = "" if found is None else found[1].replace("&amp;", "&")
    told = asker.all(f"/v1/models/fictional-two/history?at={at('2026-11-03')}", "history")
    assert len(seen) == len(told) > 80
    assert [int(s) for s, row in zip(seen, told, strict=True) if row["type"] != "model.referenced"] == [
        row["index"] for row in told if row["type"] != "model.referenced"
    ]


def test_a_model_of_which_fifty_times_as_much_is_known_has_a_page_of_readable_size(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("thresholds_of", "safeguards_of", "owed"):
        real = getattr(page_model, name)
        monkeypatch.setattr(page_model, name, lambda *given, real=real: real(*given) * 50)
    monkeypatch.setattr(page_model, "incidents_of", lambda *given: [*incidents_of(*given)] * 50)
    monkeypatch.setattr(page_model, "clauses_of", lambda found: {k: v * 50 for k, v in clauses_of(found).items()})
    read = page(asker, f"/models/fictional-two?at={at('2026-06-18')}")
    assert "more groups of findings in the JSON" in read.text
    assert "45 more: all incidents" in read.text


@pytest.mark.parametrize("url", PAGES)
def test_nothing_withheld_is_on_a_page_and_every_link_of_it_leads_somewhere(told: Told, asker: Asker, url: str) -> None:
    kept = [line for f in (told.folder / "disclosures").iterdir() for line in f.read_text().split()]
    hidden = {json.dumps(json.loads(urlsafe_b64decode(k + "=="))[2]) for k in kept}
    strings = {s for text in hidden for s in re.findall(r'"([^"]{12,})"', text)}
    assert len(strings) > 10
    links: set[str] = set()
    for day in DAYS[1:]:
        answer = asker.ask(url, params={} if url == "/docs" else {"at": at(day)})
        assert not [s for s in strings if s in answer.text]
        links |= {a["href"] or "" for a in page(asker, str(answer.url)).all("a")}
    for link in sorted(x for x in links if not x.startswith("#") and "/v1/entries/" not in x):
        assert asker.ask(link).status_code == 200, link
