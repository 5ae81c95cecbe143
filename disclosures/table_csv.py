"""A bundle's entries as a table for spreadsheets (CSV, RFC 4180): for people, and no evidence (T54).

A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@` (or their wide forms), a tab or a line break for a formula, and
runs it. Such a cell gets an apostrophe before it, and the column `as_text` names it; a plain number stays one. Every cell is
quoted.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping

from disclosures.form import Given
from disclosures.report import said_of
from disclosures.shown import Shown
from disclosures.shown_entry import ShownEntry
from disclosures.visible import visible

COLUMNS = (
    "what", "index", "recorded_at", "occurred_at", "event", "stream", "version", "signed_by", "keys", "says", "disclosed",
    "hidden_digests", "leaf", "verdict", "as_text",
)  # fmt: skip
"""Stable: columns are added at the end, and never renamed."""
MARK = "\ufeff"
"""Spreadsheets take a file without it for another encoding than UTF-8."""
NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?")
OPENS_A_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20\u2212")


def make(given: Given) -> dict[str, bytes]:
    """One row per shown entry in order of index, then one per run of withheld versions."""
    rows = (*_shown(given.shown), *_withheld(given.shown))
    return {"": format_csv({**row, "verdict": given.verified.verdict} for row in rows)}


def format_csv(rows: Iterable[Mapping[str, str]]) -> bytes:
    """Rows by column name as CSV, UTF-8 with its mark; a column that a row lacks is empty."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        cells = {name: visible(row.get(name, "")) for name in COLUMNS}
        marked = [name for name in COLUMNS[:-1] if is_formula(cells[name])]
        writer.writerow([f"'{cells[n]}" if n in marked else cells[n] for n in COLUMNS[:-1]] + [" ".join(marked)])
    return (MARK + out.getvalue()).encode()


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet may take the cell for a formula: also behind blanks, which some drop; never a plain number."""
    return cell.lstrip(" ").startswith(OPENS_A_FORMULA) and NUMBER.fullmatch(cell) is None


def _shown(shown: Shown) -> Iterable[dict[str, str]]:
    return (_entry(one) for one in shown.entries)


def _entry(one: ShownEntry) -> dict[str, str]:
    return {
        "what": "shown", "index": str(one.index), "recorded_at": one.recorded_at, "occurred_at": one.occurred_at,
        "event": one.type, "stream": one.stream, "version": str(one.version), "signed_by": ", ".join(one.principals),
        "keys": " ".join(one.keyids), "says": said_of(one), "disclosed": " ".join(one.disclosed),
        "hidden_digests": str(one.hidden), "leaf": one.leaf,
    }  # fmt: skip


def _withheld(shown: Shown) -> Iterable[dict[str, str]]:
    grounds = {c.id: f"{c.what}; ground: {c.ground}" for c in shown.redactions.classes}
    for end in shown.streams:
        for run in end.withheld:
            versions = str(run.from_) if run.from_ == run.to else f"{run.from_} to {run.to}"
            says = grounds.get(run.class_, run.class_)
            yield {"what": "withheld", "stream": end.stream, "version": versions, "says": says}
