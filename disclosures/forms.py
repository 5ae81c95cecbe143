"""The forms that a verified bundle can be handed on in: a closed list, one file each. A new form is a file, and a line here."""

from typing import Final

from disclosures import cose_receipt, in_toto, oscal, report_html, report_pdf, table_csv
from disclosures.form import Form

FORMS: Final = {
    form.name: form
    for form in (
        Form("cose", "COSE receipt (RFC 9942) of one entry, signed by an engine key", cose_receipt.make),
        Form("csv", "table of entries for spreadsheets", table_csv.make),
        Form("html", "the report, with the verdict", report_html.make),
        Form("in-toto", "in-toto bundle: the signed statements, a line each", in_toto.make),
        Form("oscal", "OSCAL 1.2.1 assessment results, with a DSSE side-car", oscal.make),
        Form("pdf", "the report as PDF/A-2a, PDF/UA-1", report_pdf.make),
    )
}
