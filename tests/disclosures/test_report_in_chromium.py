"""The report in real Chromium: its style passes its own policy, in light, in the dark and in print; no payload does anything."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from disclosures.report import Verified
from disclosures.report_html import make
from tests.disclosures.chromium import PROGRAM, Chromium
from tests.disclosures.given import given
from tests.threats.test_t55_markup_injection import PAYLOADS, PLACES, changed, with_text

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed")
ALL = " ".join(PAYLOADS)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    started = Chromium(tmp_path_factory.mktemp("chromium"))
    yield started
    started.close()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with every payload in every text that a sender chooses."""
    shown = with_text(ALL, PLACES[0])
    for place, member in (("profile", "request"), ("redactions", "redactions"), ("claims", "claims")):
        other = getattr(with_text(ALL, place), member)
        names = {"request": ("profile",), "redactions": ("classes",), "claims": ("claims",)}[member]
        shown = changed(shown, member, **{name: getattr(other, name) for name in names})
    said = Verified(ALL, ALL, ((ALL, ALL, ALL),), (ALL,))
    base = given()
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_bytes(make(type(base)(base.files, shown, base.digest, said, base.name))[""])
    return path


def test_no_payload_does_anything(browser: Chromium, page: Path) -> None:
    browser.open(page)
    counted = browser.run("['script','img','iframe','svg','object','base','math','form','input'].map(t => document.querySelectorAll(t).length).join()")  # fmt: skip
    assert set(counted.split(",")) == {"0"}
    assert browser.run("[...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => a.name.startsWith('on'))).length") == 0  # fmt: skip
    methods = [e["method"] for e in browser.events]
    assert "Page.javascriptDialogOpening" not in methods
    requested = {e["params"]["request"]["url"] for e in browser.events if e["method"] == "Network.requestWillBeSent"}
    assert requested == {page.as_uri()}
    assert [e for e in browser.events if e["method"] == "Log.entryAdded"] == [], (
        "its policy was broken, or something asked for"
    )
    assert "<script>alert(1)</script>" in browser.run("document.body.innerText"), "it is shown literally"


def test_its_style_holds_in_light_in_the_dark_and_on_paper(browser: Chromium, page: Path) -> None:
    browser.open(page)
    seen = {}
    for media, scheme in (("screen", "light"), ("screen", "dark"), ("print", "light")):
        browser.call(
            "Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}]
        )
        seen[media, scheme] = browser.run(
            "getComputedStyle(document.body).backgroundColor + getComputedStyle(document.body).color"
        )
    browser.call("Emulation.setEmulatedMedia", media="", features=[])
    assert seen == {
        ("screen", "light"): "rgb(255, 255, 255)rgb(26, 29, 33)", ("screen", "dark"): "rgb(21, 23, 26)rgb(236, 238, 240)",
        ("print", "light"): "rgb(255, 255, 255)rgb(0, 0, 0)",
    }  # fmt: skip


def test_a_narrow_window_scrolls_no_page_but_its_tables(browser: Chromium, page: Path) -> None:
    browser.open(page)
    browser.call("Emulation.setDeviceMetricsOverride", width=320, height=800, deviceScaleFactor=1, mobile=False)
    wide = browser.run("document.documentElement.scrollWidth")
    browser.call("Emulation.clearDeviceMetricsOverride")
    assert wide <= 320
