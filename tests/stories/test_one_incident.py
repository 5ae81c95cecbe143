"""One fictional incident under three regimes: docs/how-to/answer-an-incident.md as typed, on a real ledger with a told clock.

The EU Code makes it a five-day case from the day on which the model's part was suspected; California's act does not reach it, and
the record says why; New York counts 72 hours from the belief. The EU report comes late, intermediate reports follow every 28
days until it is resolved, the final one within 60 days. Every date in `DUE` was counted by hand, with a calendar of 2027.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api.book import Book
from api.client import Client
from api.founding import admit_members, found
from api.owed import Wanted
from api.session import Session
from auditor.pin import parse_pin
from policies.facts import Published
from policies.incident_report import fill
from policies.incidents import Incident
from tests.api.asker import Asker
from tests.api.test_client import Wire
from tests.commands import ROOT, Cli, running

EU, CA, NY, ACT = "eu-gpai-cop-safety-security", "us-ca-sb53", "us-ny-raise", "eu-ai-act-gpai"
DUE = {
    # Suspected on Tuesday 2 February, 10:00 UTC. Strict: Tuesday is day 1, Saturday the 6th is day 5, and ends at 10:15 UTC in the
    # zone UTC+13:45, the last one that still had Tuesday. Latest: in UTC-12 it was Monday, day 5 is Saturday, which rolls over to
    # Monday the 8th, and that ends there at noon UTC on the 9th.
    ("EU-9.3-CYBER", None): ("2027-02-06T10:14:59.999999Z", "2027-02-09T11:59:59.999999Z"),
    # Believed on Tuesday at 18:00 UTC: hours are exact.
    ("NY-CSI-72H", None): ("2027-02-05T18:00:00.000000Z", "2027-02-05T18:00:00.000000Z"),
    # Initial report on Wednesday 10 February, 09:00 UTC. Strict: in UTC-9:15 it was Tuesday the 9th for another quarter of an hour;
    # that is day 1, so 8 March is day 28, and ends there at 09:15 UTC on the 9th. Latest: in UTC-9 Wednesday had begun; 28 days
    # later is Wednesday 10 March, which ends there at 09:00 UTC on the 11th.
    ("EU-9.3-INT", 1): ("2027-03-09T09:14:59.999999Z", "2027-03-11T08:59:59.999999Z"),
    ("EU-9.3-INT", 2): ("2027-04-06T09:14:59.999999Z", "2027-04-08T08:59:59.999999Z"),
    # Resolved on Saturday 20 March, 15:00 UTC. Strict: day 1, so 18 May is day 60, ends at 15:15 UTC in UTC+8:45. Latest: in UTC+9
    # it was Sunday the 21st; 60 days later is Thursday 20 May, ends there at 15:00 UTC.
    ("EU-9.3-FINAL", None): ("2027-05-18T15:14:59.999999Z", "2027-05-20T14:59:59.999999Z"),
}  # fmt: skip


class Clock:
    """Tells what it was set to, a microsecond later each time: two statements are never of one moment."""

    def __init__(self) -> None:
        self.day, self.tick = "2027-01-04T08:00:00", 0

    def __call__(self) -> str:
        self.tick += 1
        return f"{self.day}.{self.tick:06d}Z"

    def set(self, text: str) -> None:
        self.day, self.tick = text, 0


CLOCK = Clock()


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """A founded ledger in January 2027, four regimes published, the Code signed, the scope of both acts determined."""
    work = tmp_path_factory.mktemp("incident")
    CLOCK.set("2027-01-04T08:00:00")
    ledger = found(work / "held", "dev/fictional-lab", clock=CLOCK)
    admit_members(ledger)
    ledger.close()
    patch = pytest.MonkeyPatch()
    patch.chdir(work)
    try:
        with running(work / "held", CLOCK) as commands:
            told(commands)
            yield commands
    finally:
        patch.undo()


def told(cli: Cli) -> None:
    """The story."""
    weights = Path("weights.bin")
    weights.write_bytes(b"weights of a fictional model")
    for pack in (ACT, CA, NY):
        cli.ok("framework", "publish", pack)
    cli.ok("framework", "publish", EU, "--adopt")
    for pack, classes in ((CA, ["large_frontier_developer"]), (NY, ["large_frontier_developer"]),
                          (ACT, ["provider_of_gpai_model_with_systemic_risk"])):  # fmt: skip
        determined(cli, pack, classes)
    cli.ok("register", "model/one", "--name", "Fictional One", "--weights", weights, "--yes")
    cli.ok(
        "determine",
        "one",
        "SR-PRESUMPTION",
        "--state",
        "presumed",
        "--rationale",
        "compute",
        "--framework",
        ACT,
        "--yes",
    )

    for paper in ("interim.pdf", "final.pdf"):
        Path(paper).write_bytes(b"a fictional report")
    for line in typed((ROOT / "docs" / "how-to" / "answer-an-incident.md").read_text()):
        moment = re.fullmatch(r"# ([0-9-]{10}) ([0-9:]{5}) UTC", line)
        if moment is not None:
            CLOCK.set(f"{moment[1]}T{moment[2]}:00")
        else:
            done = cli.line(line)
            assert done.code == 0, (line, done.err)
    CLOCK.set("2027-06-01T00:00:00")


def typed(page: str) -> list[str]:
    """The lines of a page's shell blocks, continued ones joined."""
    blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]


def determined(cli: Cli, pack: str, classes: list[str]) -> None:
    """A scope, said as any event is said, by two people."""
    digest = next(d for d, p in cli.ledger.appender.state.scan("published") if p.pack.id == pack)
    body = {"applies": True, "binds_as": classes, "digest": digest, "effective": "2027-01-04T00:00:00.000000Z", "id": pack,
            "reason": "compute and revenue"}  # fmt: skip
    cli.ok(
        "event",
        "post",
        f"framework.scope-determined={json.dumps(body)}",
        "--stream",
        f"framework/{pack}",
        "--as",
        "framework-admin",
    )


def duties(cli: Cli, *words: str) -> list[dict[str, Any]]:
    done = cli("obligations", "--incident", "incident/one", "--json", "--all", *words)
    return [json.loads(line) for line in done.out.splitlines()]


def test_every_period_is_due_when_it_was_counted_by_hand(cli: Cli) -> None:
    found = {(d["obligation"], d["number"]): (d["due_strict"], d["due_latest"]) for d in duties(cli)}
    assert found == DUE


@pytest.mark.parametrize(
    ("at", "states"),
    [
        ("2027-02-03T12:00:00.000000Z", {("EU-9.3-CYBER", None): "open", ("NY-CSI-72H", None): "open"}),
        ("2027-02-06T12:00:00.000000Z", {("EU-9.3-CYBER", None): "open", ("NY-CSI-72H", None): "fulfilled"}),
        ("2027-02-10T00:00:00.000000Z", {("EU-9.3-CYBER", None): "overdue", ("NY-CSI-72H", None): "fulfilled"}),
        ("2027-03-09T00:00:00.000000Z", {("EU-9.3-CYBER", None): "fulfilled-late", ("EU-9.3-INT", 1): "fulfilled"}),
        ("2027-05-01T00:00:00.000000Z", {("EU-9.3-INT", 2): "ended", ("EU-9.3-FINAL", None): "open"}),
        ("2027-06-01T00:00:00.000000Z", {("EU-9.3-INT", 2): "ended", ("EU-9.3-FINAL", None): "fulfilled"}),
    ],
)  # fmt: skip
def test_each_day_has_its_answer(cli: Cli, at: str, states: dict[tuple[str, int | None], str]) -> None:
    found = {(d["obligation"], d["number"]): d["state"] for d in duties(cli, "--at", at)}
    assert {k: found.get(k) for k in states} == states


def test_between_strict_and_latest_it_is_open_and_says_so(cli: Cli) -> None:
    (found,) = duties(cli, "--obligation", "EU-9.3-CYBER", "--at", "2027-02-06T12:00:00.000000Z")
    assert (found["state"], found["reasons"]) == ("open", ["past-strict-due"])


def test_the_incident_says_what_it_is_under_each_regime_and_why(cli: Cli) -> None:
    (found,) = json.loads(cli.ok("incident", "show", "one", "--json").out)["details"]
    regimes = {r["pack"]: (r["reportable"], r["category"], r["reason"], r["applies"]) for r in found["regimes"]}
    assert regimes[EU] == ("yes", "CYBERSECURITY-BREACH", "weights left the building", "yes")
    assert regimes[CA] == ("no", None, "no death or injury followed", "yes")
    assert regimes[NY] == ("yes", "CRITICAL-SAFETY-INCIDENT", "weights are critical there", "yes")
    assert found["involvement_known_at"] == "2027-02-02T10:00:00.000000Z"
    text = cli.ok("incident", "show", "one").out
    assert f"{CA}: not reportable: no death or injury followed" in text
    assert "fulfilled-late" in text


def test_reports_carry_awareness_and_submission_that_the_form_lacks(cli: Cli) -> None:
    (found,) = json.loads(cli.ok("incident", "show", "one", "--json").out)["details"]
    first = next(r for r in found["reports"] if r["pack"] == EU)
    assert (first["awareness_at"], first["submitted_at"]) == (
        "2027-02-02T10:00:00.000000Z",
        "2027-02-10T09:00:00.000000Z",
    )
    # Filed with gaps, and they are recorded: what nobody knew, and what this ledger holds only a digest of.
    assert first["fields_missing"] == ["F6-RESPONSE", "F7-RECOMMENDATIONS", "SUBMISSION", "F3-CHAIN"]


def test_a_form_is_filled_from_what_is_recorded_and_never_invented(cli: Cli) -> None:
    made = json.loads(cli.ok("report", "incident", "one", "--regime", EU, "--kind", "final", "--json").out)
    fields = {f["id"]: f for f in made["details"]}
    assert fields["F1-PERIOD"]["value"] == "2027-01-30T22:00:00.000000Z to an end that is not known"
    assert fields["F4-MODEL"]["value"] == "model/one"
    assert fields["F5-INVOLVEMENT"]["value"] == "suspected: access logs of the weights store"
    assert fields["F6-RESPONSE"]["value"] == "keys replaced"
    assert (fields["F3-CHAIN"]["state"], fields["F8-ROOT-CAUSE"]["state"]) == ("withheld", "withheld")
    assert (fields["AWARENESS"]["of_the_form"], fields["AWARENESS"]["value"]) == (False, "2027-02-02T10:00:00.000000Z")
    assert fields["SUBMISSION"]["value"][:10] == "2027-05-17"
    assert made["fields_missing"] == ["F2-HARM", "F7-RECOMMENDATIONS", "F9-PATTERNS"]
    assert all(f["indexes"] for f in fields.values() if f["state"] == "filled")
    text = cli.ok("report", "incident", "one", "--regime", EU).out
    assert "beside the form, which has no field for it:" in text
    assert "MISSING" in text


def test_what_is_withheld_is_in_no_answer_about_duties(cli: Cli) -> None:
    asker = Asker(cli.ledger)
    texts = [cli("obligations", "--all", *w).out for w in ((), ("--json",), ("--ics", "-"))]
    texts += [cli.ok("incident", "show", "one", *w).out for w in ((), ("--json",))]
    texts += [cli.ok("report", "incident", "one", "--regime", EU, "--kind", "final").out]
    texts += [
        asker.ask(p).text
        for p in ("/v1/incidents", "/v1/incidents/one", "/v1/obligations?all=true", "/v1/obligations.ics")
    ]
    assert not any("secret-" in text for text in texts)


def test_a_duty_without_a_period_is_owed_too(cli: Cli) -> None:
    done = cli("obligations", "--pack", ACT, "--json")
    states = {json.loads(line)["obligation"]: json.loads(line)["state"] for line in done.out.splitlines()}
    assert states["EU-55-1a"] == "no-period"


def test_a_full_page_of_incidents_says_how_to_go_on(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "more may follow" not in cli.ok("incident", "list").err
    monkeypatch.setattr("api.session.PAGE", 1)
    monkeypatch.setattr("api.cli.incidents.PAGE", 1)
    (more,) = re.findall(r"more may follow: (.*)", cli.ok("incident", "list").err)
    assert cli("incident", "list", *more.split()).code == 5


def test_behind_a_server_the_answers_are_the_same(cli: Cli, tmp_path: Path) -> None:
    here = Session(cli.ledger)
    client = Client(tmp_path, Wire(cli.ledger), parse_pin(here.pin()))
    at = "2027-05-01T00:00:00.000000Z"
    for wanted in (Wanted(incident="incident/one"), Wanted(everything=True), Wanted(pack=NY, due_within=72 * 3600)):
        assert client.obligations(wanted, at)[:2] == here.obligations(wanted, at)[:2]
        assert client.calendar(wanted, at) == here.calendar(wanted, at)
    first, _, after = client.obligations(Wanted(), at, limit=2)
    rest, _, _ = client.obligations(Wanted(), at, after, 1000)
    assert [*first, *rest] == here.obligations(Wanted(), at, limit=1000)[0]
    assert client.incidents(at) == here.incidents(at)
    assert client.incident("incident/one", at) == here.incident("incident/one", at)
    assert client.incident("incident/none", at)[0] is None
    again = fill(client.known("incident/one"), found_of(client, at), published(cli, EU), "final")
    assert again == fill(here.known(), found_of(here, at), published(cli, EU), "final")
    client.close()


def found_of(book: Book, at: str) -> Incident:
    return msgspec.convert(book.incident("incident/one", at)[0], Incident)


def published(cli: Cli, pack: str) -> Published:
    found: Published = next(p for _, p in cli.ledger.appender.state.scan("published") if p.pack.id == pack)
    return found
