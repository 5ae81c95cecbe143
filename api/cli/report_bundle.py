"""`report bundle`: a verified bundle in another form. What does not hold is refused; the verdict stands in what is written."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from api.book import readable
from api.cli.check_proof import read_policy
from api.cli.options import Json
from api.cli.output import emit, say
from api.disclosing import carried
from api.handing_over import write_synced
from api.keyring import load_signer
from auditor.bundle import Trust, undecided, verify_bundle
from auditor.explain import MEANS, report_text, visible
from auditor.pin import parse_pin
from auditor.proof import witnessed
from auditor.source import is_bag, read_bag, read_zip
from auditor.verdict import Report, VerifyVerdict
from disclosures.form import Given
from disclosures.forms import FORMS
from disclosures.report import Verified
from disclosures.shown import read_shown
from disclosures.stored_zip import Files, format_zip, parse_zip
from ledger.errors import Fault, LedgerError

SCHEMA = "holdpoint.report-bundle/1"
REFUSED = frozenset({VerifyVerdict.INVALID, VerifyVerdict.DIVERGED, VerifyVerdict.ERROR})
"""Of such a bundle nothing is written: a report would carry on what does not hold."""


def report_bundle(
    bundle: Annotated[Path, typer.Argument(metavar="FILE.zip", help="A disclosure bundle, zip or folder.")],
    form: Annotated[str, typer.Option("--as", metavar="FORM", help=f"{', '.join(FORMS)}.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write.")],
    pin: Annotated[
        Path | None, typer.Option(envvar="HOLDPOINT_PIN", help="The trust file kept aside; without one: UNANCHORED.")
    ] = None,
    policy: Annotated[Path | None, typer.Option("--witness-policy", help="Your own C2SP tlog-policy.")] = None,
    key: Annotated[
        Path | None, typer.Option(help="cose: an engine key of the ledger. oscal: the key that signs the side-car.")
    ] = None,
    entry: Annotated[int | None, typer.Option(min=0, help="cose: the index of the entry.")] = None,
    as_json: Json = False,
) -> None:
    """Hand on a verified bundle in another form.

    Example: holdpoint report bundle notice.zip --as csv --pin pin.json --out notice.csv
    """
    if form not in FORMS:
        raise Fault("usage", "failed", f"no form {form}", f"--as takes one of {', '.join(FORMS)}")
    trust = Trust(None if pin is None else parse_pin(readable(pin, "pin-unreadable")), static=carried())
    files, report = _verified(bundle, trust)
    report = witnessed(report, read_policy(policy))
    if files is None or report.verdict in REFUSED or not report.size:
        _refuse(report, as_json=as_json)
    signer = None if key is None else load_signer(key)
    given = Given(
        files, read_shown(files), sha256(format_zip(files)).hexdigest(), _said(report), out.name, signer, entry
    )
    written = _write(out, FORMS[form].make(given))
    if as_json:
        emit({**report.to_json(), "schema": SCHEMA, "form": form, "files": written})
    else:
        say(f"{report.verdict.value}: {MEANS[report.verdict]}")
        for one in report.checks:
            if report.exit_code and one.verdict is report.verdict:
                say(f"  {one.name}: {visible(one.detail)}")
        for name in written:
            say(f"wrote {visible(name)}")
    raise SystemExit(report.exit_code)


def _verified(bundle: Path, trust: Trust) -> tuple[Files | None, Report]:
    """The files of a bundle and what verification says of them. Raises `Fault` `export-missing` where nothing can be read."""
    try:
        files: Files = read_bag(bundle) if bundle.is_dir() and is_bag(bundle) else parse_zip(read_zip(bundle))
    except LedgerError as err:
        return None, undecided(err)
    except OSError as err:
        detail = f"{bundle}: {err.strerror}"
        raise Fault("export-missing", "failed", detail, "name a bundle that can be read") from err
    return files, verify_bundle(files, trust)


def _said(report: Report) -> Verified:
    """What stands in the form of the verification."""
    checks = tuple((c.name, c.verdict.value, c.detail) for c in report.checks)
    means = " ".join(MEANS[report.verdict].split())
    return Verified(report.verdict.value, means, checks, report.notes)


def _refuse(report: Report, *, as_json: bool) -> NoReturn:
    """Say what does not hold; nothing is written."""
    if as_json:
        emit({**report.to_json(), "schema": SCHEMA, "files": []})
    else:
        say(report_text(report))
        say("nothing was written")
    raise SystemExit(report.exit_code or 5)


def _write(out: Path, parts: Mapping[str, bytes]) -> list[str]:
    """Write the form, side files first: whoever sees the file has all of it."""
    written = []
    for added in sorted(parts, reverse=True):
        path = out.with_name(out.name + added)
        write_synced(path, parts[added])
        written.append(str(path))
    return written
