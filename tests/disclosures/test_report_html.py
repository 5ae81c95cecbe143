"""The report for people: what it says, that it is one file without script, that no text becomes markup, that it can be read."""

import json
import re
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest

from disclosures.report import Document, Verified, report_of
from disclosures.report_html import POLICY, STYLE, format_html, make, render
from disclosures.report_tables import LONGEST, Section, apart, cell
from disclosures.shown import REPORT, read_shown
from ledger.strict import format_base64
from tests.disclosures.forger import CLASSES, MODEL, honest, told
from tests.disclosures.given import given
from tests.disclosures.lab_source import built
from tests.disclosures.test_profile import SHIPPED, shipped

VOID = {"meta", "br", "hr", "img", "link", "input"}


class Page(HTMLParser):
    """Tags in order, their attributes, and the text of it all."""

    def __init__(self, raw: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text, self.open = "", list[str]()
        self.feed(raw.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, "an element is not closed in order"

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    def names(self) -> set[str]:
        return {tag for tag, _ in self.tags}


def test_what_it_says() -> None:
    page = Page(render(honest(withheld={(MODEL, 3): "x", (MODEL, 4): "x"}).shown()))
    assert page.open == []
    for said in ("Fictional-1", MODEL, "Summary", "Timeline", "How to check it", "What is not proven", "Cal. BPC 22757.14",
                 "a fictional ground", "model.compute-reached", "ratio: 1.5", "anthropic-rsp-2.2",
                 "A development ledger", told()[0].founding, "proves nothing by itself", "no second registration"):  # fmt: skip
        assert said in page.text, said
    rows = re.findall(rb"<td>model/a</td><td>5</td><td>3</td><td>2</td>", render(honest(withheld={(MODEL, 3): "x", (MODEL, 4): "x"}).shown()))  # fmt: skip
    assert len(rows) == 1, "its stream has 5 versions, 3 of them shown"


def test_the_name_that_is_withheld_is_not_in_it() -> None:
    forger = honest()
    forger.disclosures = {}
    raw = render(forger.shown())
    assert b"Fictional-1" not in raw
    assert "withheld; a digest of it is recorded" in Page(raw).text


@pytest.mark.parametrize("name", SHIPPED)
def test_every_profile_s_bundle_carries_the_report_of_what_it_shows(name: str) -> None:
    lab, _ = told()
    files = built(lab.fork(), shipped(name), {}, note=lab.note())
    assert files[REPORT] == render(read_shown(files))
    assert shipped(name).title in Page(files[REPORT]).text


def test_one_file_without_script_or_anything_from_elsewhere() -> None:
    raw = render(honest().shown())
    page = Page(raw)
    assert page.names() <= {
        "html", "head", "meta", "title", "style", "body", "p", "header", "h1", "h2", "nav", "ul", "li", "a", "main", "section",
        "dl", "dt", "dd", "div", "table", "thead", "tbody", "tr", "th", "td", "time",
    }  # fmt: skip
    for tag, attributes in page.tags:
        assert not {n for n in attributes if n.startswith("on") or n in ("style", "src")}, (tag, attributes)
        assert (attributes.get("href") or "#").startswith("#")
    assert b"url(" not in raw
    assert b"@import" not in raw
    (policy,) = [a["content"] for t, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert (
        policy == POLICY == f"default-src 'none'; style-src 'sha256-{format_base64(sha256(STYLE.encode()).digest())}'"
    )
    assert raw.decode().split("<style>")[1].split("</style>")[0] == STYLE, "the policy's digest is the style's"
    anchors = [a["href"] for t, a in page.tags if t == "a"]
    ids = [a["id"] for _, a in page.tags if a.get("id")]
    assert [f"#{i}" for i in ids] == anchors
    assert len(ids) == len(set(ids))


def colours(block: str) -> dict[str, tuple[float, ...]]:
    found = re.findall(r"--([a-z-]+): #([0-9a-f]{6})", block)
    return {name: tuple(int(h[i : i + 2], 16) / 255 for i in (0, 2, 4)) for name, h in found}


def contrast(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """WCAG 2.2's ratio."""

    def light(c: tuple[float, ...]) -> float:
        r, g, b = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in c)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    one, two = sorted((light(a), light(b)))
    return (two + 0.05) / (one + 0.05)


def test_it_can_be_read_in_light_in_the_dark_and_on_paper() -> None:
    light, dark, paper = (colours(part) for part in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL))
    for block in (light, dark, paper):
        assert contrast(block["text"], block["ground"]) >= 7
        assert contrast(block["quiet"], block["ground"]) >= 4.5
        assert contrast(block["band-text"], block["band"]) >= 4.5
        assert contrast(block["line"], block["ground"]) >= 3


@pytest.mark.parametrize(
    "odd", [None, -1, 0, "", [], {}, True, "ab" * 400, [1, [2]], [None], {"a": {"b": []}}, {"index": 4, "leaf": "ab"}]
)
def test_it_is_total_for_claims_of_any_kind(odd: Any) -> None:
    """Whoever holds the engine's key may claim anything in any form: the report is laid out, and the claim judged elsewhere."""
    keys = ("index", "decision", "basis", "frameworks", "later", "recorded_at", "divergent")
    claims = (
        {"kind": "decision", **dict.fromkeys(keys, odd)}, {"kind": "decision"}, {"kind": "incident", **dict.fromkeys(("index", "report", "fields_missing"), odd)}, {"kind": odd}, {"kind": "status", "actions": odd},
        {"kind": "status", "actions": {"x": odd}}, {"kind": "decision", "frameworks": [odd, {"id": odd}]}, {},
    )  # fmt: skip
    shown = honest().shown()
    raw = render(replace(shown, claims=msgspec.structs.replace(shown.claims, claims=claims)))
    assert Page(raw).open == []


def test_what_is_long_is_cut_and_says_so() -> None:
    assert cell("a" * LONGEST) == "a" * LONGEST
    assert cell("a" * (LONGEST + 1)).endswith("… (cut; the entry has it whole)")


def test_one_text_is_not_taken_for_two() -> None:
    """A submitter's text can't stand for another member, nor a list's item for two; references name their entry."""
    assert cell(["a", "b, c", '"d"']) == 'a, "b, c", "\\"d\\""'
    assert cell({"index": 4, "leaf": "ab"}) == "entry 4"
    assert (
        cell({"entry": {"index": 4, "leaf": "ab"}, "x": [{"index": 5, "leaf": "cd"}]})
        == '{"entry":"entry 4","x":["entry 5"]}'
    )
    assert apart("permit; basis: policy", ";") == '"permit; basis: policy"'
    assert apart("permit", ";") == "permit"


def test_what_is_hidden_in_a_value_is_said_and_its_digests_are_not() -> None:
    gone = {"...": "A" * 43}
    assert cell([gone, gone]) == "(2 withheld, or decoys)"
    assert cell(["a", gone]) == "a, (1 withheld, or decoys)"
    assert cell({"a": "b", "_sd": ["A" * 43], "c": [gone, "d"]}) == '{"a":"b","c":["d","(1 withheld, or decoys)"]}'


def test_times_are_times() -> None:
    page = Page(render(honest().shown()))
    times = [a["datetime"] for t, a in page.tags if t == "time"]
    assert times
    assert all(t is not None and t.endswith("Z") and t in page.text for t in times)


def test_with_a_verification_it_says_the_verdict_first() -> None:
    said = Verified(
        "UNANCHORED", "nothing ties it to the past", (("pin", "UNANCHORED", "<no pin>"),), ("that it rained",)
    )
    page = Page(make(given(verified=said))[""])
    assert page.text.index("Verification: UNANCHORED") < page.text.index("Summary")
    assert "<no pin>" in page.text
    assert "That it rained." in page.text
    assert b"Verification" not in render(honest().shown())


def test_the_same_content_gives_the_same_bytes() -> None:
    forger = honest(withheld={(MODEL, 2): CLASSES[0]})
    files = forger.files()
    assert render(read_shown(files)) == render(read_shown(dict(reversed(files.items())))) == files[REPORT]
    assert format_html(report_of(read_shown(files))) == files[REPORT]
    assert json.loads(files["data/request.json"])["subject"] == MODEL


LAYOUT = "98af884c80028b1c365285f5f3511aa08cf12c4f05e1ef66698d465c3e199cf7"
CONTENT = "42367cac8d18eacb5c006dde7f92c9d3be81902f1ccaa10ae2f627cf488040fa"


def test_the_layout_belongs_to_the_version_of_the_bundle() -> None:
    """A bundle of today must verify under a later release: to change a byte here is a new version of spec/bundle.md §8."""
    one = Section(
        "a", "A & B", ("lead <1>",), (("name", "value"),), ("h1", "h2"), (("1", "2"), ("3", "4")), ("point",), "none"
    )
    document = Document(
        "Title", "Band", "2026-01-01T00:00:00.000000Z", (one, Section("b", "B", head=("h",), empty="Empty."))
    )
    assert sha256(format_html(document)).hexdigest() == LAYOUT
    made = report_of(honest(withheld={(MODEL, 3): "x"}).shown())
    fixed = [
        (s.key, s.title, s.lead, [name for name, _ in s.facts], s.head, s.empty)
        for s in made.sections
        if s.key != "how"
    ]
    assert sha256(re.sub("[0-9]+", "#", repr((made.title, made.band, fixed))).encode()).hexdigest() == CONTENT
