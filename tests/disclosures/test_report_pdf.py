"""The PDF report: PDF/A-2a and PDF/UA-1, the same bytes for the same bundle, the texts of the HTML report, none of them evaluated."""

import builtins
import io
import re
from dataclasses import replace
from typing import Any

import pypdf
import pytest

from disclosures.report import report_of
from disclosures.report_html import format_html
from disclosures.report_pdf import NO_GLYPH, format_pdf, laid_out, make, shown
from ledger.errors import Fault
from tests.disclosures.given import SAID, given
from tests.disclosures.test_report_html import Page
from tests.threats.test_t55_markup_injection import PAYLOADS


def texts(raw: bytes) -> str:
    return "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(raw)).pages)


def squeezed(text: str) -> str:
    """Without blanks and breaks: where a line ends is the page's affair."""
    return re.sub(r"[\s\u200b\u00ad]+", "", text)


def test_it_claims_the_standards_that_typst_enforces() -> None:
    raw = make(given())[""]
    assert raw.startswith(b"%PDF-1.7")
    for said in (
        b"<pdfaid:part>2</pdfaid:part>",
        b"<pdfaid:conformance>A</pdfaid:conformance>",
        b"<pdfuaid:part>1</pdfuaid:part>",
    ):
        assert said in raw, said
    assert b"/JavaScript" not in raw
    assert b"/Launch" not in raw


def test_it_says_what_the_html_report_says() -> None:
    what = given()
    said = squeezed(texts(make(what)[""]))
    page = Page(format_html(report_of(what.shown, SAID)))
    assert "Verification:UNANCHORED" in said
    document = report_of(what.shown, SAID)
    for section in document.sections:
        for text in (
            section.title,
            *section.lead,
            *(v for f in section.facts for v in f),
            *section.points,
            *(section.head if section.rows else ()),
        ):
            assert squeezed(text) in squeezed(page.text)
            assert squeezed(text) in said, text
        for row in section.rows:
            for cell in row:
                assert squeezed(cell) in squeezed(page.text)
                assert squeezed(cell) in said, cell


def test_the_same_bundle_gives_the_same_bytes() -> None:
    what = given()
    assert make(what) == make(what)


def test_every_character_that_it_lets_through_has_a_glyph() -> None:
    """And none makes the standard fail: Typst refuses a PDF/A with a character that it can't show."""
    plain = "".join(chr(n) for n in range(0x20, 0x3000) if NO_GLYPH.fullmatch(chr(n)) is None)
    assert len(plain) > 400
    base = report_of(given().shown)
    document = replace(base, title=plain, sections=tuple(replace(s, lead=(plain,), rows=((plain,),), head=(plain,)) for s in base.sections[:2]))  # fmt: skip
    assert format_pdf(document).startswith(b"%PDF")


@pytest.mark.parametrize(
    "text", ["日本語", "😀", "ﷺ", "\u2028", "\ud7ff", "\U0010ffff", "\x7f", "עברית", "\u202eevil", "∀✓"]
)
def test_others_stand_as_escapes(text: str) -> None:
    assert shown(text).replace("\u200b", "").isascii()
    document = replace(report_of(given().shown), title=f"a {text} b")
    assert format_pdf(document).startswith(b"%PDF")


@pytest.mark.parametrize("text", [p for p in PAYLOADS if p.isascii() and p.isprintable()])
def test_no_text_is_evaluated(text: str) -> None:
    base = report_of(given().shown)
    document = replace(base, title=text, sections=(replace(base.sections[0], title=text, lead=(text,), facts=((text, text),), points=(text,), head=(text,), rows=((text,),)),))  # fmt: skip
    assert squeezed(texts(format_pdf(document))).count(squeezed(text)) >= 7


def test_the_data_is_data() -> None:
    data = laid_out(report_of(given().shown))
    assert set(data) == {"title", "band", "made", "sections"}


def test_without_typst_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name in ("typst", "cbor2"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(Fault, match=r"extra-missing") as found:
        make(given())
    assert "holdpoint[report]" in str(found.value.remedy)
    from disclosures import cose_receipt

    with pytest.raises(Fault, match="extra-missing"):
        cose_receipt.make(given())
