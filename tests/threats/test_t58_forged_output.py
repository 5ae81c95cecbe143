"""T58: text of an event that acts on a terminal, begins a line of its own, or turns the reading direction, to print a verdict.

Whatever prints text that somebody else wrote shows controls as escapes: the auditor's report, errors, JSON, log lines, the report for
people in each of its forms. The pages of the service are held to it in `tests/api/test_pages.py`.
"""

import csv
import io
import json
from typing import Any

import pytest

from api.cli.output import emit, four_lines
from api.lines import Lines
from auditor.explain import report_text
from auditor.verdict import Check, Report, VerifyVerdict
from disclosures.form import Given
from disclosures.report import Verified, report_of
from disclosures.report_html import make as make_html
from disclosures.report_pdf import laid_out
from disclosures.table_csv import MARK
from disclosures.table_csv import make as make_csv
from ledger.errors import Fault, Malformed, Unverified
from tests.disclosures.given import given
from tests.threats.test_t55_markup_injection import registered

GREEN = "VALID (exit 0): everything holds"
PAYLOADS = [
    f"\x1b[32m{GREEN}\x1b[0m", "\x1b]52;c;ZXZpbA==\x07", f"x\r\n{GREEN}", f"x\n{GREEN}", f"x\r{GREEN}", f"x\x0b{GREEN}", f"x\x0c{GREEN}",
    f"x\u2028{GREEN}", f"x\u2029{GREEN}", f"x\x85{GREEN}", "\u202eDILAV\u202c", "\u2066x\u2069", "\x9b32mx", "a\x08\x08b", "\x7f", "\u200bx",
    "\u00adx", "\ufeffx", "\U000e0041x",
]  # fmt: skip
ORDINARY = ["Prüfung", "日本語の試験", "Ελληνικά", "עברית", "a – b … “c”", "✓ 😀", "tab-free text"]


def acts(text: str, allowed: str = "\n") -> list[str]:
    """The characters in it that a terminal, a browser or an editor acts on."""
    return [c for c in text if not c.isprintable() and c not in allowed]


def hostile(text: str) -> Given:
    """A bundle that carries the text in an event, and a verification that quotes it."""
    said = Verified("UNANCHORED", text, ((text, text, text),), (text,))
    base = given()
    return Given(base.files, registered(text), base.digest, said, base.name)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_attack_the_auditor_s_report_and_the_errors(payload: str, capsys: pytest.CaptureFixture[str]) -> None:
    checks = (Check("claims", VerifyVerdict.INVALID, "x", payload),)
    quiet = report_text(
        Report((Check("claims", VerifyVerdict.INVALID, "x", "plain"),), "plain", 1, alerts=("plain",), notes=("plain",))
    )
    text = report_text(Report(checks, payload, 1, alerts=(payload,), notes=("plain",)))
    assert acts(text) == []
    assert len(text.splitlines()) == len(quiet.splitlines()), "it began a line of its own"
    for err in (
        Malformed("event", payload, "x"),
        Unverified("event", payload, "x"),
        Fault("x", "failed", payload, payload),
    ):
        assert acts("".join(four_lines(err)), "") == []
    emit({"detail": payload})
    printed = capsys.readouterr().out
    assert acts(printed) == []
    assert printed.isascii()
    assert json.loads(printed)["detail"] == payload


@pytest.mark.parametrize("payload", PAYLOADS)
def test_attack_log_lines(payload: str) -> None:
    out = io.StringIO()
    Lines(out).say("seen", detail=payload)
    assert out.getvalue().count("\n") == 1
    assert acts(out.getvalue()) == []
    assert json.loads(out.getvalue())["detail"] == payload


@pytest.mark.parametrize("payload", PAYLOADS[::3])
def test_attack_the_report_in_its_forms(payload: str) -> None:
    what = hostile(payload)
    assert acts(make_html(what)[""].decode()) == []
    table = make_csv(what)[""].decode().removeprefix(MARK)
    assert acts(table, "\r\n") == []
    assert all(not acts(cell, "") for row in csv.reader(io.StringIO(table, newline="")) for cell in row)
    texts = json.dumps(laid_out(report_of(what.shown, what.verified)), ensure_ascii=False).replace("\u200b", "")
    assert acts(texts) == [], "but the break that long words get"


@pytest.mark.parametrize("text", ORDINARY)
def test_honest_text_prints_as_it_is(text: str) -> None:
    assert text in report_text(Report((Check("claims", VerifyVerdict.INVALID, "x", text),), "origin", 1))
    assert text in four_lines(Fault("x", "failed", text, "y"))


def test_honest_text_stands_in_the_report() -> None:
    what: Any = hostile(" ".join(ORDINARY))
    assert " ".join(ORDINARY) in make_html(what)[""].decode()
    assert " ".join(ORDINARY) in make_csv(what)[""].decode()
