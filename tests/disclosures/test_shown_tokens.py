"""Timestamp tokens in a bundle: the auditor judges them, page and one-file verifier read none and say so, and all agree on the rest."""

from datetime import UTC, datetime

from auditor.bundle import Trust, verify_zip
from auditor.timestamp import imprint, token_path
from disclosures.static import verify as one_file
from disclosures.stored_zip import format_zip
from ledger.checkpoint import read_checkpoint
from tests.authority import Authority
from tests.disclosures.chromium import Chromium
from tests.disclosures.forger import honest, told
from tests.disclosures.test_verify_page import agree


def test_timestamp_tokens_are_no_strangers(browser: Chromium) -> None:
    """The page and the one file read none, and say so; the auditor judges them, and all agree on the rest."""
    lab = told()[0]
    head, _ = read_checkpoint(lab.note())
    one = Authority("one")
    token = one.token(imprint(head), datetime(2040, 1, 1, tzinfo=UTC))
    path = f"data/{token_path(head, 1)}"

    def bend(files: dict[str, bytes]) -> None:
        files[path] = token

    report, codes = agree(browser, honest().files(bend), lab)
    assert (codes, any("timestamps: 1 tokens" in n for n in report.notes)) == ([], True)
    raw = format_zip(honest().files(bend))
    assert any("timestamps: 1 tokens" in n for n in one_file.verify(raw, None)[1])
    checked = verify_zip(raw, Trust(lab.pin(1), authorities=(one.ca,)))
    assert [c.detail for c in checked.checks if c.name == "timestamps"] == [
        f"the first {head.size} entries existed by 2040-01-01T00:00:01.000000Z; says CN=one: one authority alone says so"
    ]
    assert (
        agree(browser, honest().files(lambda f: f.update({path + "x": token})), lab)[0].checks[-1].code == "bag-extra"
    )
