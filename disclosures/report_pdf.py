"""The report as PDF/A-2a and PDF/UA-1, laid out by Typst (extra `report`): the content of the HTML report, same document.

Text reaches Typst as JSON data alone and is never part of the template, so nothing in it is evaluated (T55: templated text could
`read()` files). The same document gives the same bytes: fonts are those that the wheel brings, the date is the bundle's.
"""

import json
import re
from datetime import UTC, datetime

from disclosures.form import Given
from disclosures.report import Document, report_of
from disclosures.visible import visible
from ledger.errors import Fault
from ledger.strict import micros

TEMPLATE = b"""
#let d = json(bytes(sys.inputs.document))
#set document(title: d.title, author: "Holdpoint")
#set page(paper: "a4", flipped: true, margin: 15mm, numbering: "1 / 1")
#set text(lang: "en", font: "Libertinus Serif", size: 9pt)
#set par(justify: false)
#show heading.where(level: 2): set block(above: 1.4em)
#set text(hyphenate: false)
#set table(stroke: 0.4pt)
#show table.cell: set text(size: 7pt)
#show table.cell.where(y: 0): strong
#heading(level: 1, d.title)
#if d.band != none { block(stroke: 1pt, inset: 6pt, text(weight: "bold", d.band)) }
#par(d.made)
#for s in d.sections {
  heading(level: 2, s.title)
  for line in s.lead { par(line) }
  if s.facts.len() > 0 {
    for fact in s.facts { terms(terms.item(fact.at(0), fact.at(1))) }
  }
  if s.head.len() > 0 {
    if s.rows.len() > 0 {
      table(columns: s.widths.map(w => w * 1fr), table.header(..s.head), ..s.rows.flatten())
    } else if s.empty != "" { par(s.empty) }
  }
  if s.points.len() > 0 { list(..s.points) }
}
"""
NO_GLYPH = re.compile(
    "[^ -~\u00a1-\u00ac\u00ae-\u017f\u0391-\u03a1\u03a3-\u03c9\u0400-\u045f"
    "\u2013\u2014\u2018-\u201e\u2020-\u2022\u2026\u20ac]"
)
"""What the wheel's text font lacks (or was not tried): a PDF/A may show no character without a glyph."""
OTHER_SCRIPTS = (
    "Characters of scripts that this file's font lacks stand as escapes (\\u65e5); the HTML report shows them."
)
LONGEST_WORD = 24


def make(given: Given) -> dict[str, bytes]:
    """The PDF. Raises `Fault` `extra-missing` where Typst is not installed."""
    return {"": format_pdf(report_of(given.shown, given.verified))}


def format_pdf(document: Document) -> bytes:
    """A document as PDF. Raises `Fault` `extra-missing`."""
    try:
        import typst  # noqa: PLC0415  # an extra: everything else works without it
    except ImportError as err:
        raise Fault(
            "extra-missing", "failed", "a PDF is laid out by Typst, which is not installed",
            "pip install 'holdpoint[report]', or ask for html",
        ) from err  # fmt: skip
    made = datetime.fromtimestamp(micros(document.made) // 1_000_000, UTC)
    return typst.compile(
        TEMPLATE, sys_inputs={"document": json.dumps(laid_out(document))}, pdf_standards=["a-2a", "ua-1"], timestamp=made,
        ignore_system_fonts=True,
    )  # fmt: skip


def laid_out(document: Document) -> dict[str, object]:
    """The document as the template's data: the same texts in the same order as in HTML, wide columns wider."""
    sections = [
        {
            "title": shown(s.title), "lead": [shown(t) for t in s.lead], "facts": [[shown(n), shown(v)] for n, v in s.facts],
            "head": [shown(t) for t in s.head], "rows": [[shown(c) for c in row] for row in s.rows],
            "points": [shown(t) for t in s.points], "empty": shown(s.empty), "widths": _widths(s.rows, len(s.head)),
        }
        for s in document.sections
    ]  # fmt: skip
    made = f"As of {document.made}. {OTHER_SCRIPTS}"
    return {"title": shown(document.title), "band": None if document.band is None else shown(document.band),
            "made": made, "sections": sections}  # fmt: skip


def shown(text: str) -> str:
    """Text that the font can show, the rest as escapes; long words may break."""
    plain = NO_GLYPH.sub(lambda m: m[0].encode("unicode_escape").decode(), visible(text))
    return re.sub(rf"([^\s\u200b]{{{LONGEST_WORD}}})(?=\S)", "\\1\u200b", plain)


def _widths(rows: tuple[tuple[str, ...], ...], columns: int) -> list[int]:
    """A column's share: by its longest cell, within bounds."""
    longest = [max((len(row[n]) for row in rows if n < len(row)), default=0) for n in range(columns)]
    return [min(max(length, 6), 40) for length in longest]
