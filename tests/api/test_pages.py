"""Pages, read as a browser without script reads them: whole, from this host alone, readable, honest about what they are."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import pytest

from api import rendering
from api.routes import pages
from ledger.errors import Fault
from policies.answer import Answer, Clearance
from tests.api.asker import Asker, Seen
from tests.conftest import FOUNDED

PAGES = ("/", "/docs", "/docs/problems", "/disclosures", "/duties", "/frameworks", "/models/fictional-one")
OF_THE_LEDGER = tuple(p for p in PAGES if not p.startswith("/docs"))
VOID = {"br", "hr", "img", "input", "link", "meta"}
LIMIT = 150_000


class Read(HTMLParser):
    """Tags in order with their attributes, and the text; every element is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [a for t, a in self.tags if t == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page(asker: Asker, url: str) -> Read:
    answer = asker.ask(url)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert len(answer.content) < LIMIT
    return Read(answer.text)


@pytest.mark.parametrize("url", [*PAGES, f"/?at={FOUNDED + 5}"])
def test_no_script_no_foreign_host_and_a_policy_that_forbids_them(story: Asker, url: str) -> None:
    read = page(story, url)
    assert not read.all("script") + read.all("iframe") + read.all("object")
    for tag, attributes in read.tags:
        assert not [a for a in attributes if a.startswith("on") or a == "style"], tag
        for name in ("href", "src", "action"):
            assert not re.match(r"(?!data:,)[a-z]+:|//", attributes.get(name) or ""), attributes
    assert [a["href"] for a in read.all("link")] == ["/style.css", "data:,"]
    policy = story.ask(url).headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self';")
    assert "unsafe" not in policy


def test_the_verifier_is_served_to_everyone_under_its_own_policy(story: Asker) -> None:
    """Its one script runs by its hash alone; and it is the file whose digest the docs state."""
    answer = story.ask_far("/verify")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.content == (files("disclosures") / "static" / "verify.html").read_bytes()
    (policy,) = answer.headers.get_list("content-security-policy")
    script = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    assert len(script) == 1
    assert f"script-src 'sha256-{b64encode(sha256(script[0].encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none';")
    assert policy.endswith("frame-ancestors 'none'")
    assert "unsafe" not in policy
    known = story.ask_far("/verify", headers={"If-None-Match": answer.headers["etag"]})
    assert (known.status_code, known.headers["content-security-policy"]) == (304, policy)


@pytest.mark.parametrize("url", PAGES)
def test_every_link_leads_somewhere(story: Asker, url: str) -> None:
    read = page(story, url)
    ids = {a["id"] for _, a in read.tags if "id" in a}
    for link in {a["href"] or "" for a in read.all("a")}:
        if link.startswith("#"):
            assert link[1:] in ids
        else:
            assert story.ask(link).status_code == 200, link


@pytest.mark.parametrize("url", PAGES)
def test_structure_for_readers_of_every_kind(story: Asker, url: str) -> None:
    read = page(story, url)
    assert read.all("html")[0]["lang"] == "en"
    assert "width=device-width" in (read.all("meta")[1]["content"] or "")
    assert len(read.all("h1")) == len(read.all("main")) == 1
    assert all(a.get("scope") in ("col", "row") for a in read.all("th"))
    ids = [a["id"] for _, a in read.tags if "id" in a]
    assert len(ids) == len(set(ids))
    asked = [a for a in read.all("input") if a.get("type") != "hidden"] + read.all("select")
    assert {a["for"] for a in read.all("label")} == {a["id"] for a in asked}
    assert all(a["aria-labelledby"] in ids for a in read.all("section"))


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(c * 2 for c in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    r, g, b = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_contrast_is_aa_in_both_schemes(story: Asker, scheme: int) -> None:
    sheet = story.ask("/style.css").text
    colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{3,6})", re.findall(r":root \{[^}]*\}", sheet)[scheme]))
    for name in ("text", "quiet", "link", "bad", "good", "maybe"):
        assert contrast(colours[name], colours["page"]) >= 4.5, name
    assert contrast(colours["band"], "#fff") >= 4.5
    assert contrast(colours["line"], colours["page"]) >= 3
    assert "prefers-color-scheme: dark" in sheet
    assert "@media (max-width: 40rem)" in sheet


def test_the_overview_says_what_the_gate_says_with_why(story: Asker) -> None:
    read, text = page(story, "/"), story.ask("/").text
    assert "DEVELOPMENT ledger" in read.text
    for action in story.ask("/v1/models/fictional-one").json()["actions"]:
        gate = story.ask(f"/v1/models/fictional-one/gate/{action}").json()
        row = text[text.index(f"/gate/{action}") :].split("</tr>")[0]
        for answer in (gate["clearance"], gate["verdict"]):
            assert rendering.MARKS[answer] in row
            assert answer.replace("_", " ") in row
        for reason in gate["reasons"]:
            assert rendering.WORDS[reason] in row
        opened = {f["clause"] for f in gate["findings"] if f["state"] != "met"}
        assert sum(f" {clause} (" in row for clause in opened) == min(len(opened), pages.CLAUSES)
    assert story.ask("/").headers["ledger-checkpoint"].split(", ")[1] in text


def test_it_is_honest(story: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    read = page(story, "/")
    assert "not verified by you" in read.text
    assert any(a.get("href") == "#limits" for a in read.all("a"))
    assert "unless witnesses of your own policy cosigned its checkpoint" in read.text
    assert len(set(rendering.MARKS.values())) == len(Answer), "a verdict is word and shape, never colour alone"
    seen = Seen(story.ledger.appender, stopped=Fault("diverged", "failed", "x", "y"))
    monkeypatch.setattr(story.ledger, "appender", seen)
    assert "READ-ONLY: diverged" in page(story, "/").text


@pytest.mark.parametrize("url", OF_THE_LEDGER)
def test_what_must_not_be_missed_comes_first_on_every_page(
    story: Asker, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    assert "Decided differently" not in page(story, url).text
    said = {
        "index": 42,
        "phase": "decided",
        "stream": "model/fictional-one",
        "divergence": "the decision is permit, the policy verdict was deny",
    }
    glass = {"granted_by": ["a", "b"], "index": 7, "principal": "x", "role": "decider", "valid_until": "2026-01-01"}
    began = {"event": "deployment.started", "index": 9, "stream": "model/fictional-one"}
    monkeypatch.setattr(rendering, "newest_diverging", lambda _state, _as_of, limit: ([said] * limit, 5))
    monkeypatch.setattr(rendering, "break_glass_of", lambda _state: [glass])
    monkeypatch.setattr(rendering, "undecided_operations", lambda _state: [{**began, "index": n} for n in range(27)])
    read = page(story, url)
    assert [a.get("id") for a in read.all("h2")][:2] == ["divergences", "undecided"]
    assert "5 older ones" in read.text
    assert "7 older ones" in read.text
    assert read.text.index("BREAK-GLASS, not reviewed: entry 7") < read.text.index("overview")


def test_time_travel_by_a_form(story: Asker) -> None:
    then = page(story, f"/?at={FOUNDED + 5}")
    assert f"entries 0 to {FOUNDED + 4}" in then.text
    assert "What could be done then" in then.text
    assert "nobody has decided on this" in then.text
    assert rendering.WORDS["decided"] not in then.text
    assert story.ask("/?at=tomorrow").json()["reason"] == "time-form"
    assert "No model is registered by then" in page(story, "/?at=1").text


def test_an_empty_ledger_says_what_to_do(growing: Asker) -> None:
    assert "No model is registered" in page(growing, f"/?at={FOUNDED}").text
    assert "None binds by then: publish and adopt" in page(growing, f"/frameworks?at={FOUNDED}").text
    assert "No such duty" in page(growing, f"/duties?at={FOUNDED}").text
    assert growing.ask(f"/models/nobody?at={FOUNDED}").json()["reason"] == "not-found"


def test_attack_text_from_events_stays_text(story: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = '<script>alert(1)</script>" onload="x\x1b]52;c;\u202eVALID\r\n'
    answered = Clearance(Answer.DENY, ("no-decision",), (hostile,), 3, hostile, (hostile,))
    monkeypatch.setattr(pages, "clear", lambda *_args: answered)
    for url in ("/", "/models/fictional-one"):
        read = page(story, url)
        assert not read.all("script")
        assert all("onload" not in a for _, a in read.tags)
        assert "<script>alert(1)</script>" in "".join(read.words)
        text = story.ask(url).text
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", text)
        assert "\\x1b]52" in text


def test_a_full_page_is_small_enough(story: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    real: Any = pages._model
    monkeypatch.setattr(pages, "_model", lambda view, stream: real(view, stream) | {"stream": "model/" + "m" * 194})
    few = len(story.ask("/").content)
    monkeypatch.setattr(pages, "_model", lambda view, stream: real(view, stream) | {"answers": []})
    one = few - len(story.ask("/").content)
    assert few + (pages.MODELS - 1) * one < LIMIT
