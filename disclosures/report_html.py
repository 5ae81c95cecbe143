"""A report as one HTML file: no script, nothing from elsewhere, every text escaped (T55), readable in print and in the dark.

The bundle's `data/report.html` is what `render` gives for its content; an auditor renders anew and compares the bytes
(`report-differs`, spec/bundle.md §7). So nothing here may depend on anything but the bundle.
"""

import re
from collections.abc import Iterable
from hashlib import sha256
from html import escape

from disclosures.form import Given
from disclosures.report import Document, report_of
from disclosures.report_tables import Section
from disclosures.shown import Shown
from disclosures.visible import visible
from ledger.strict import format_base64

STYLE = """
:root { color-scheme: light dark; --ground: #ffffff; --text: #1a1d21; --quiet: #4a5058; --line: #8a9099; --band: #fff1c2;
  --band-text: #4a3500; }
@media (prefers-color-scheme: dark) { :root { --ground: #15171a; --text: #eceef0; --quiet: #b4bac2; --line: #6d747d;
  --band: #4a3a08; --band-text: #ffeebb; } }
body { background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem;
  padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; } h2 { border-bottom: 1px solid var(--line); font-size: 1.25rem; margin-top: 2rem; }
.band { background: var(--band); color: var(--band-text); font-weight: 600; padding: .5rem .75rem; }
.quiet { color: var(--quiet); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; min-width: 100%; }
th, td { border: 1px solid var(--line); padding: .3rem .5rem; text-align: left; vertical-align: top; min-width: 6.5rem; }
time { white-space: nowrap; }
dl { display: grid; gap: .25rem 1rem; grid-template-columns: minmax(8rem, 14rem) 1fr; }
dt { font-weight: 600; } dd { margin: 0; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; } }
@media print { :root { --ground: #ffffff; --text: #000000; --quiet: #333333; --line: #666666; --band: #ffffff;
  --band-text: #000000; } body { font-size: 9pt; max-width: none; } .wide { overflow: visible; } table { font-size: 7.5pt; }
  th, td { min-width: 0; } time { white-space: normal; }
  tr { break-inside: avoid; } h2 { break-after: avoid; } .band { border: 2px solid #000000; } }
"""
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
POLICY = f"default-src 'none'; style-src 'sha256-{format_base64(sha256(STYLE.encode()).digest())}'"


def render(shown: Shown) -> bytes:
    """The report of a bundle, as it stands in it. Pure, and total for whatever `read_shown` accepts."""
    return format_html(report_of(shown))


def make(given: Given) -> dict[str, bytes]:
    """The same report, with what a verification said of the bundle before everything else."""
    return {"": format_html(report_of(given.shown, given.verified))}


def format_html(document: Document) -> bytes:
    """A document as HTML, UTF-8."""
    band = "" if document.band is None else f'<p class="band" role="note">{_text(document.band)}</p>\n'
    links = "".join(f'<li><a href="#{s.key}">{_text(s.title)}</a></li>\n' for s in document.sections)
    body = "".join(map(_section, document.sections))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(document.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{band}"
        f'<header>\n<h1>{_text(document.title)}</h1>\n<p class="quiet">As of {_text(document.made)}</p>\n</header>\n'
        f'<nav aria-label="Contents">\n<ul>\n{links}</ul>\n</nav>\n<main>\n{body}</main>\n</body>\n</html>\n'
    ).encode()


def _text(text: str) -> str:
    """Text as people may see it, and as no browser takes for markup."""
    return escape(visible(text), quote=True)


def _section(section: Section) -> str:
    lead = "".join(f"<p>{_text(line)}</p>\n" for line in section.lead)
    facts = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>\n" for name, value in section.facts)
    listed = "".join(f"<li>{_text(point)}</li>\n" for point in section.points)
    return (
        f'<section aria-labelledby="{section.key}">\n<h2 id="{section.key}">{_text(section.title)}</h2>\n{lead}'
        + (f"<dl>\n{facts}</dl>\n" if facts else "")
        + _table(section)
        + (f"<ul>\n{listed}</ul>\n" if listed else "")
        + "</section>\n"
    )


def _table(section: Section) -> str:
    if not section.head:
        return ""
    if not section.rows:
        return f'<p class="quiet">{_text(section.empty)}</p>\n' if section.empty else ""
    head = _row('th scope="col"', "th", section.head)
    rows = "".join(_row("td", "td", row) for row in section.rows)
    return (
        f'<div class="wide" role="region" aria-label="{_text(section.title)}" tabindex="0">\n<table>\n'
        f"<thead>\n{head}</thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n"
    )


def _row(opening: str, closing: str, cells: Iterable[str]) -> str:
    return "<tr>" + "".join(f"<{opening}>{_timed(cell)}</{closing}>" for cell in cells) + "</tr>\n"


def _timed(cell: str) -> str:
    """A cell; one that is a time (in UTC, as its Z says) as such, and on one line."""
    return f'<time datetime="{cell}">{cell}</time>' if TIME.fullmatch(cell) else _text(cell)
